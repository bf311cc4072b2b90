use tidings::health;
use tidings_testkit::ValkeyProcess;

use crate::support::TestServer;

#[tokio::test]
async fn a_ready_server_is_healthy_until_it_has_left() {
    let server = TestServer::on_memory(&[]).await;
    let address = server.address;
    health(address).await.unwrap();
    server.end().await;
    let error = health(address).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{address} is not ready: ")), "{error}");
    assert!(error.to_lowercase().contains("connection refused"), "{error}");
}

#[tokio::test]
async fn an_address_that_means_every_interface_is_asked_on_loopback() {
    let server = TestServer::on_memory(&[]).await;
    health(format!("0.0.0.0:{}", server.address.port()).parse().unwrap()).await.unwrap();
    server.end().await;
}

#[tokio::test]
async fn a_server_without_its_valkey_says_why_it_is_not_healthy() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let server = TestServer::without_valkey_yet(&valkey).await;
    server.until("it is connected", |server| server.monitor.is_ready()).await;
    drop(valkey);
    server.until("it has noticed", |server| !server.monitor.is_ready()).await;
    let error = health(server.address).await.unwrap_err().to_string();
    assert!(error.ends_with("is not ready: 503 the broker is out of reach"), "{error}");
    server.end().await;
}
