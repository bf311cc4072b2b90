use tidings_testkit::{Role, Sentinels, ValkeyPair};

async fn watched() -> (ValkeyPair, Sentinels) {
    let pair = ValkeyPair::start().await.unwrap();
    let sentinels = Sentinels::start(&pair.primary).await.unwrap();
    let [one, two, three] = sentinels.addresses()[..] else { unreachable!() };
    assert_eq!(sentinels.url(), format!("valkey+sentinel://{one},{two},{three}/tidings"));
    assert_eq!(sentinels.primary().await.unwrap(), pair.primary.address());
    (pair, sentinels)
}

async fn cli(address: std::net::SocketAddr, command: &[&str]) -> String {
    let client = redis::Client::open(format!("redis://{address}")).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut query = redis::cmd(command[0]);
    query.arg(&command[1..]);
    query.query_async::<Vec<String>>(&mut connection).await.unwrap().join(":")
}

#[tokio::test]
async fn they_promote_the_replica_of_a_primary_that_is_killed_and_all_say_so() {
    let (mut pair, sentinels) = watched().await;
    let switches = sentinels.switches();
    pair.primary.kill();
    switches.await.unwrap();
    assert_eq!(pair.standby.role().await.unwrap(), Role::Primary);
    for sentinel in sentinels.addresses() {
        let command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Sentinels::NAME];
        assert_eq!(cli(sentinel, &command).await, pair.standby.address().to_string());
    }
}

#[tokio::test]
async fn two_of_them_are_enough() {
    let (mut pair, mut sentinels) = watched().await;
    sentinels.kill(2);
    let switches = sentinels.switches();
    pair.primary.kill();
    switches.await.unwrap();
    assert_eq!(sentinels.primary().await.unwrap(), pair.standby.address());
}

#[tokio::test]
async fn they_promote_the_replica_of_a_primary_that_is_well_if_asked_to() {
    let (pair, sentinels) = watched().await;
    sentinels.fail_over().await.unwrap();
    assert_eq!(sentinels.primary().await.unwrap(), pair.standby.address());
    assert_eq!(pair.standby.role().await.unwrap(), Role::Primary);
}

#[tokio::test]
async fn they_end_with_their_owner() {
    let (_pair, sentinels) = watched().await;
    let processes = sentinels.processes().map(|process| process.pid()).collect::<Vec<_>>();
    drop(sentinels);
    for pid in processes {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }
}
