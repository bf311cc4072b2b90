//! What the tests share.

mod broker;
mod http;
mod raw;
mod server;

pub(crate) use broker::{TestBroker, with_both_brokers};
pub(crate) use http::{HttpClient, in_query};
pub(crate) use raw::{RawClient, call, masked};
use serde_json::Value;
pub(crate) use server::{PATIENCE, TestServer, install_tls};
use tidings_testkit::Client;

/// A user list that is easy to tell from others.
pub(crate) fn list(name: &str) -> String {
    serde_json::json!([{ "id": "1", "name": name }]).to_string()
}

/// The name in a `data` event with a [`list`].
pub(crate) fn name(event: &Value) -> &str {
    assert_eq!(event["type"], "data", "{event}");
    event["data"][0]["name"].as_str().unwrap()
}

/// Subscribes to a list.
pub(crate) async fn on_updates(client: &mut Client, channel: &str) -> u64 {
    client.subscribe("onUpdates", serde_json::json!({ "channel": channel })).await
}

/// Makes each async function a test on both brokers.
macro_rules! on_both_brokers {
    ($($(#[doc = $doc:literal])* $name:ident),+ $(,)?) => {
        mod on_memory {
            $(#[tokio::test] async fn $name() {
                super::$name(crate::support::TestServer::on_memory(&[]).await).await;
            })+
        }
        mod on_valkey {
            $(#[tokio::test] async fn $name() {
                super::$name(crate::support::TestServer::on_valkey(&[]).await).await;
            })+
        }
    };
}
pub(crate) use on_both_brokers;
