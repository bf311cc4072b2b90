use redis::aio::MultiplexedConnection;
use tidings_testkit::{Role, ValkeyPair, ValkeyProcess};

async fn connect(valkey: &ValkeyProcess) -> MultiplexedConnection {
    let client = redis::Client::open(valkey.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

async fn set(connection: &mut MultiplexedConnection, value: &str) -> redis::RedisResult<String> {
    redis::cmd("SET").arg("name").arg(value).query_async(connection).await
}

async fn name(valkey: &ValkeyProcess) -> String {
    valkey.cli(["GET", "name"]).await.unwrap()
}

#[tokio::test]
async fn a_standby_has_what_its_primary_has_and_takes_no_writes() {
    let pair = ValkeyPair::start().await.unwrap();
    set(&mut connect(&pair.primary).await, "Ada").await.unwrap();
    pair.standby.caught_up_with(&pair.primary).await.unwrap();
    assert_eq!(name(&pair.standby).await, "Ada");
    assert_eq!(pair.primary.role().await.unwrap(), Role::Primary);
    assert_eq!(pair.standby.role().await.unwrap(), Role::Replica);
    let refused = set(&mut connect(&pair.standby).await, "Bob").await.unwrap_err();
    assert_eq!(refused.code(), Some("READONLY"));
}

#[tokio::test]
async fn two_that_change_places_keep_their_connections_and_lose_nothing() {
    let mut pair = ValkeyPair::start().await.unwrap();
    let (mut to_old, mut to_new) = (connect(&pair.primary).await, connect(&pair.standby).await);
    set(&mut to_old, "Ada").await.unwrap();
    let old = pair.primary.port();
    pair.swap().await.unwrap();
    assert_eq!(pair.standby.port(), old);
    assert_eq!(name(&pair.primary).await, "Ada");
    assert_eq!(set(&mut to_old, "Bob").await.unwrap_err().code(), Some("READONLY"));
    set(&mut to_new, "Bob").await.unwrap();
    pair.swap().await.unwrap();
    assert_eq!(pair.primary.port(), old);
    set(&mut to_old, "Cleo").await.unwrap();
}

#[tokio::test]
async fn what_a_primary_takes_after_its_replica_was_promoted_is_lost() {
    let mut pair = ValkeyPair::start().await.unwrap();
    let mut to_old = connect(&pair.primary).await;
    set(&mut to_old, "Ada").await.unwrap();
    pair.standby.caught_up_with(&pair.primary).await.unwrap();
    pair.split().await.unwrap();
    set(&mut to_old, "Bob").await.unwrap();
    assert_eq!(
        (name(&pair.primary).await, name(&pair.standby).await),
        ("Ada".into(), "Bob".into())
    );
    pair.rejoin().await.unwrap();
    assert_eq!(name(&pair.standby).await, "Ada");
    assert_eq!(set(&mut to_old, "Cleo").await.unwrap_err().code(), Some("READONLY"));
}
