//! `examples/prices.rs`: the README's first service, run as a program.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use tidings_testkit::{Client, Process};

use crate::support::install_tls;

const SOURCE: &str = include_str!("../../examples/prices.rs");

/// `cargo test` builds the examples of this package before it runs any test.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(|deps| deps.parent()).unwrap();
    let name = format!("prices{}", std::env::consts::EXE_SUFFIX);
    let program = built.join("examples").join(name);
    assert!(program.is_file(), "there is no {program:?}: cargo build -p tidings --example prices");
    program
}

/// The example on a free port, and its address.
async fn start() -> (Process, String) {
    let mut command = Process::command(program()).unwrap();
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json", "--instance", "prices"]);
    let process = Process::start("prices", command).unwrap();
    let listening = process.log().find(0, |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let fields = &line["fields"];
        (fields["message"] == "listening").then(|| fields["address"].as_str().unwrap().to_owned())
    });
    let address = process.expect("it listens", listening).await.unwrap();
    (process, address)
}

async fn follow(client: &mut Client) -> u64 {
    client.subscribe("prices.onPrice", json!({ "symbol": "ACME" })).await
}

#[tokio::test]
async fn a_price_that_is_set_reaches_all_who_follow_it_and_those_who_come_later() {
    let (mut process, address) = start().await;
    let url = format!("ws://{address}/rpc");
    let (mut one, mut two) = (Client::connect(&url).await, Client::connect(&url).await);
    let (in_one, in_two) = (follow(&mut one).await, follow(&mut two).await);
    let price = json!({ "symbol": "ACME", "cents": 1250 });
    assert_eq!(one.call("prices.setPrice", price.clone()).await["result"], price);
    assert_eq!(one.event(in_one).await["data"], price);
    assert_eq!(two.event(in_two).await["data"], price);
    let cheaper = json!({ "symbol": "ACME", "cents": 1 });
    two.call("prices.setPrice", cheaper.clone()).await;
    assert_eq!(one.event(in_one).await["data"], cheaper);
    let mut newcomer = Client::connect(&url).await;
    let id = follow(&mut newcomer).await;
    assert_eq!(newcomer.event(id).await["data"], cheaper);
    let wrong = json!({ "symbol": "ACME", "cents": -1 });
    let refused = newcomer.call("prices.setPrice", wrong).await;
    assert_eq!(refused["error"]["data"]["path"], "cents");
    drop((one, two, newcomer));
    assert!(process.stop(crate::support::PATIENCE).await.unwrap().success());
}

#[tokio::test]
async fn it_prints_the_document_that_it_serves() {
    let printed = Process::command(program()).unwrap().arg("openrpc").output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(printed["info"], {
        let description = printed["info"]["description"].clone();
        json!({ "title": "Prices", "description": description, "version": "1.0.0" })
    });
    let (mut process, address) = start().await;
    install_tls();
    let served = reqwest::Client::builder().no_proxy().build().unwrap();
    let served = served.get(format!("http://{address}/openrpc.json")).send().await.unwrap();
    assert_eq!(served.json::<Value>().await.unwrap(), printed);
    assert!(process.stop(crate::support::PATIENCE).await.unwrap().success());
}

#[test]
fn it_is_a_whole_service_in_45_lines() {
    let lines = SOURCE.lines().count();
    assert!(lines <= 45, "{lines} lines");
}

#[test]
fn the_readme_shows_it_as_it_is() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let section =
        readme.split("\n## A whole service\n").nth(1).expect("the README has the section");
    let block = section.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(block, Some(SOURCE), "copy server/examples/prices.rs into the README");
}
