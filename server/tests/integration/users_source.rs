use axum::{Router, http::StatusCode, routing::get};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::support::TestServer;

/// A users service that always answers the same.
async fn service(status: StatusCode, body: &'static str) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/users", listener.local_addr().unwrap());
    let router = Router::new().route("/users", get(async move || (status, body)));
    (url, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

const TWO: &str = r#"[
    {"id":1,"name":"Ada","username":"ada","company":{"name":"x","catchPhrase":"first"}},
    {"id":"b","name":"Grace"}
]"#;

async fn users(args: &[&str]) -> serde_json::Value {
    let server = TestServer::on_memory(args).await;
    let mut client = server.client().await;
    let users = client.call("allUsers", json!({})).await["result"].take();
    drop(client);
    server.end().await;
    users
}

#[tokio::test]
async fn users_come_from_the_service() {
    let (url, service) = service(StatusCode::OK, TWO).await;
    let expected =
        json!([{ "id": "1", "name": "Ada", "bio": "first" }, { "id": "b", "name": "Grace" }]);
    assert_eq!(users(&["--users-url", &url]).await, expected);
    service.abort();
}

#[tokio::test]
async fn users_are_built_in_when_the_service_fails() {
    for (status, body) in [
        (StatusCode::INTERNAL_SERVER_ERROR, TWO),
        (StatusCode::OK, "<html>"),
        (StatusCode::OK, r#"{"users":[]}"#),
    ] {
        let (url, service) = service(status, body).await;
        assert_eq!(users(&["--users-url", &url]).await.as_array().unwrap().len(), 10);
        service.abort();
    }
}

#[tokio::test]
async fn users_are_built_in_when_the_service_does_not_answer_in_time() {
    // Accepts, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/users", silent.local_addr().unwrap());
    let users = users(&["--users-url", &url, "--users-timeout", "200ms"]).await;
    assert_eq!(users.as_array().unwrap().len(), 10);
}
