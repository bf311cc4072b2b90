use serde_json::{Value, json};

use crate::support::TestServer;

/// The file that clients are generated from.
fn committed() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/demo/openrpc.json");
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
    assert_eq!(tidings_demo::router().document().unwrap(), committed());
}

/// Of each documented method, that it is no unknown one.
#[tokio::test]
async fn the_server_answers_every_documented_method() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = server.client().await;
    let contract = tidings_demo_contract::contract();
    for method in contract.method_names().into_iter().chain(["rpc.discover", "rpc.ping"]) {
        let answer = client.call(method, json!({})).await;
        assert_ne!(answer["error"]["data"]["name"], "methodNotFound", "{method}");
    }
    drop(client);
    server.end().await;
}
