use tidings_testkit::ValkeyProcess;

/// Writes as a function of Valkey does: several commands that belong together.
const SCRIPT: &str = "redis.call('RPUSH', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1])";

async fn written(numbers: std::ops::RangeInclusive<u32>) -> ValkeyProcess {
    let valkey = ValkeyProcess::start_with(["--appendonly", "yes"]).await.unwrap();
    for number in numbers {
        let number = number.to_string();
        valkey.cli(["EVAL", SCRIPT, "2", "log", "newest", &number]).await.unwrap();
        valkey.cli(["SET", "other", &number]).await.unwrap();
    }
    valkey
}

async fn seen(valkey: &ValkeyProcess) -> (String, String, String) {
    let get = async |key| valkey.cli(["GET", key]).await.unwrap();
    let log = valkey.cli(["LRANGE", "log", "0", "-1"]).await.unwrap().replace('\n', " ");
    (log, get("newest").await, get("other").await)
}

#[tokio::test]
async fn it_is_cut_after_a_write_of_a_key() {
    let mut valkey = written(1..=5).await;
    valkey.kill();
    let aof = valkey.aof().unwrap();
    assert_eq!((aof.writes_of("log"), aof.writes_of("other")), (5, 5));
    aof.cut_after("log", 3).unwrap();
    valkey.restart().await.unwrap();
    assert_eq!(seen(&valkey).await, ("1 2 3".into(), "3".into(), "2".into()));
    // It goes on from there.
    valkey.cli(["RPUSH", "log", "again"]).await.unwrap();
    valkey.kill();
    valkey.restart().await.unwrap();
    assert_eq!(seen(&valkey).await.0, "1 2 3 again");
}

#[tokio::test]
async fn its_last_writes_are_cut_off() {
    let mut valkey = written(1..=5).await;
    valkey.kill();
    assert_eq!(valkey.aof().unwrap().cut_last(3).unwrap(), 3);
    valkey.restart().await.unwrap();
    assert_eq!(seen(&valkey).await, ("1 2 3 4".into(), "4".into(), "3".into()));
}

#[tokio::test]
async fn a_write_that_is_cut_in_the_middle_is_lost_as_a_whole() {
    let mut valkey = written(1..=2).await;
    valkey.kill();
    let aof = valkey.aof().unwrap();
    aof.cut_last(1).unwrap();
    let aof = valkey.aof().unwrap();
    // Ends within the `EXEC` of the second call.
    aof.cut_to(aof.len() - 3).unwrap();
    valkey.restart().await.unwrap();
    assert_eq!(seen(&valkey).await, ("1".into(), "1".into(), "1".into()));
}

#[tokio::test]
async fn there_is_none_without_the_option() {
    let valkey = ValkeyProcess::start().await.unwrap();
    assert!(valkey.aof().is_err());
}

#[tokio::test]
async fn more_writes_than_there_are_is_an_error() {
    let mut valkey = written(1..=2).await;
    valkey.kill();
    let error = valkey.aof().unwrap().cut_after("log", 3).unwrap_err().to_string();
    assert_eq!(error, "cutting after write 3 of log: there are 2");
}
