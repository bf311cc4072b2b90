use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidings_server::{App, Cli, procedures};

use crate::support::TestServer;

/// The file that clients are generated from.
fn committed() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/openrpc.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test]
async fn the_server_publishes_the_committed_document() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = server.client().await;
    assert_eq!(client.call("rpc.discover", json!({})).await["result"], committed());
    let answer = reqwest::get(server.url("/openrpc.json")).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.json::<Value>().await.unwrap(), committed());
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn the_server_answers_the_documented_methods_and_no_others() {
    let (app, _incoming) = App::new(Cli::serve_args([]).unwrap()).unwrap();
    let routes = procedures::routes(app);
    let served: BTreeSet<_> = routes.methods.method_names().collect();
    let contract = tidings_schema::contract();
    let documented = contract.method_names().into_iter().chain(["rpc.discover", "rpc.ping"]);
    assert_eq!(served, documented.collect());
}
