//! What a person or a program needs to know of a fleet that is ready.

use serde_json::json;
use tidings_testkit::{Fleet, Publisher, Replica};

/// One line of JSON.
#[expect(clippy::print_stdout, reason = "a command's answer is its output")]
pub(crate) fn print_json(fleet: &Fleet) {
    let replica = |replica: &Replica| {
        let (instance, url, pid) = (replica.instance(), replica.url(), replica.pid());
        json!({ "instance": instance, "url": url, "pid": pid })
    };
    let summary = json!({
        "url": fleet.url(),
        "valkeyUrl": fleet.valkey.url(),
        "valkeyPid": fleet.valkey.pid(),
        "nginxPid": fleet.nginx.pid(),
        "publisherPid": fleet.publisher.as_ref().map(Publisher::pid),
        "replicas": fleet.replicas.iter().map(replica).collect::<Vec<_>>(),
    });
    println!("{summary}");
}

/// A table, and what to try.
#[expect(clippy::print_stdout, reason = "a command's answer is its output")]
pub(crate) fn print(fleet: &Fleet) {
    let port = fleet.nginx.address().port();
    let valkey = fleet.valkey.port();
    let row = |name: &str, place: &str, pid: u32| println!("  {name:<12}{place:<28}pid {pid}");

    println!("\nTidings is at http://localhost:{port}\n");
    row("nginx", &fleet.url(), fleet.nginx.pid());
    for replica in &fleet.replicas {
        row(replica.instance(), &replica.url(), replica.pid());
    }
    row("valkey", &fleet.valkey.url(), fleet.valkey.pid());
    if let Some(publisher) = &fleet.publisher {
        row("publisher", "list-1, every 3 s", publisher.pid());
    }

    println!("\nSubscribe, publish, and lose a replica:\n");
    let input = json!({ "channel": "list-1" });
    let subscribe = json!({ "jsonrpc": "2.0", "id": 1, "method": "onUpdates", "params": input });
    println!("  npx wscat -c ws://localhost:{port}/rpc -w 60 -x '{subscribe}'");
    let users = json!([{ "id": "1", "name": "Ada Lovelace", "bio": "Notes on the Engine" }]);
    println!("  valkey-cli -p {valkey} FCALL tidings_publish 1 'updates:{{list-1}}' '{users}'");
    if let Some(replica) = fleet.replicas.first() {
        let rest = format!("{}/publish/onUpdates/list-1", replica.url());
        println!("  curl {rest} --json '{users}'");
        println!("  kill -9 {}", replica.pid());
    }
    println!("\nCtrl-C ends all.\n");
}
