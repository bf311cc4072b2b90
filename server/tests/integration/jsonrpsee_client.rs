use jsonrpsee::{
    core::client::{ClientT, Error, SubscriptionClientT},
    rpc_params,
    ws_client::WsClientBuilder,
};
use serde_json::json;
use tidings::Event;
use tidings_demo_contract::{User, users::OnUpdatesInput};

use crate::support::{TestServer, list, on_both_brokers};

on_both_brokers! { jsonrpsees_own_client_calls_subscribes_and_unsubscribes }

async fn jsonrpsees_own_client_calls_subscribes_and_unsubscribes(server: TestServer) {
    let client = WsClientBuilder::default().build(server.ws_url()).await.unwrap();
    let users: Vec<User> = client.request("allUsers", rpc_params![]).await.unwrap();
    assert_eq!(users.len(), 10);
    let missing = client.request::<User, _>("userById", rpc_params![json!({ "id": "99" })]).await;
    assert!(matches!(missing, Err(Error::Call(e)) if e.code() == -32004));

    let input = OnUpdatesInput { channel: "list-1".parse().unwrap() };
    let mut events = client
        .subscribe::<Event<Vec<User>>, _>("onUpdates", rpc_params![input], "onUpdates_unsubscribe")
        .await
        .unwrap();
    assert!(matches!(events.next().await, Some(Ok(Event::Started { resumed: false, .. }))));
    server.publish("list-1", list("one")).await;
    match events.next().await {
        Some(Ok(Event::Data { data, instance, .. })) => {
            assert_eq!((data[0].name.as_str(), instance.as_str()), ("one", "test"));
        }
        other => panic!("{other:?}"),
    }
    events.unsubscribe().await.unwrap();
    server.until("it has left", |server| server.metric("tidings_channels") == 0).await;
    drop(client);
    server.end().await;
}
