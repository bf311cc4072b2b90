//! The service with a real server and a real WebSocket.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use service::{House, router};
use tidings::{Config, Server};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[tokio::test]
async fn whoever_follows_a_room_sees_its_lamp_change() {
    let mut client = connect().await;

    call(&mut client, 1, "onLamp", json!({"room": "kitchen"})).await;
    let subscription = until(&mut client, |message| message["id"] == 1).await["result"].clone();
    call(&mut client, 2, "setLamp", json!({"room": "kitchen", "brightness": 80})).await;

    let data = until(&mut client, |message| message["params"]["result"]["type"] == "data").await;
    assert_eq!(data["params"]["subscription"], subscription);
    assert_eq!(data["params"]["result"]["data"], json!({"brightness": 80}));
}

/// `cargo run -- openrpc > openrpc.json` brings it up to date.
#[test]
fn openrpc_json_is_current() {
    let file: Value = serde_json::from_str(include_str!("../openrpc.json")).unwrap();
    assert_eq!(file, router().document().unwrap());
}

/// Starts a server on a free port, and connects to it.
async fn connect() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/rpc", listener.local_addr().unwrap());
    let server = Server::new(Config::default(), router(), House::default()).unwrap();
    tokio::spawn(server.serve(listener, std::future::pending()));
    connect_async(url).await.unwrap().0
}

async fn call(client: &mut Client, id: u32, method: &str, params: Value) {
    let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    client.send(Message::text(call.to_string())).await.unwrap();
}

/// The next message that matches. Skips those before it.
async fn until(client: &mut Client, wanted: impl Fn(&Value) -> bool) -> Value {
    while let Some(message) = client.next().await {
        if let Message::Text(text) = message.unwrap() {
            let message: Value = serde_json::from_str(&text).unwrap();
            if wanted(&message) {
                return message;
            }
        }
    }
    panic!("the server closed the connection");
}
