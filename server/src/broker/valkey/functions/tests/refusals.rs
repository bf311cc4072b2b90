//! What goes on when Valkey refuses writes, and what callers are told.

use super::*;

/// Nothing is published, and everything can be read.
async fn only_reads(
    functions: &Functions,
    published: Position,
    refused: impl Fn(&Failure) -> bool,
) {
    let a = key("updates:{a}");
    let failure = functions.commands.query::<String>(&publish_call(&event(&a, "two"))).await;
    let failure = failure.unwrap_err();
    assert!(refused(&failure), "{failure:?}");
    functions.check().await.unwrap();
    functions.connected().await.unwrap();
    assert_eq!(position_of(functions, &a).await, published);
    assert!(position_of(functions, &key("updates:{b}")).await.is_void());
    let from_the_start = history(functions, &a, Position { offset: 0, ..published }).await;
    assert_eq!(payloads(&from_the_start), ["one"]);
    assert!(functions.newest(&key("prices:{a}")).await.unwrap().is_none());
    assert_eq!(functions.members(&key("instances:{all}")).await.unwrap(), "[]");
}

fn writes_refused(failure: &Failure) -> bool {
    matches!(failure, Failure::WritesRefused(_))
}

async fn with_one_event(valkey: &ValkeyProcess) -> (Functions, Position) {
    let functions = replica(valkey, Durability::None).await;
    let position = publish(&functions, &key("updates:{a}"), "one").await;
    (functions, position)
}

#[tokio::test]
async fn reads_go_on_without_the_replicas_that_writes_need() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, position) = with_one_event(&valkey).await;
    valkey.cli(["CONFIG", "SET", "min-replicas-to-write", "1"]).await.unwrap();
    only_reads(&functions, position, writes_refused).await;
}

#[tokio::test]
async fn reads_go_on_when_valkey_cannot_save() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, position) = with_one_event(&valkey).await;
    std::fs::remove_dir(folder(&valkey).await).unwrap();
    valkey.cli(["CONFIG", "SET", "save", "3600 1"]).await.unwrap();
    valkey.cli(["BGSAVE"]).await.unwrap();
    until_info(&valkey, "persistence", "rdb_last_bgsave_status:err").await;
    only_reads(&functions, position, writes_refused).await;
}

#[tokio::test]
async fn reads_go_on_when_the_memory_is_used_up() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, position) = with_one_event(&valkey).await;
    valkey.cli(["CONFIG", "SET", "maxmemory", "1"]).await.unwrap();
    only_reads(&functions, position, writes_refused).await;
    // What is set for a namespace is small, and fits nevertheless.
    valkey.cli(["DEL", "updates:{tidings}:settings"]).await.unwrap();
    functions.check().await.unwrap();
    assert_eq!(valkey.cli(["EXISTS", "updates:{tidings}:settings"]).await.unwrap(), "1");
}

#[tokio::test]
async fn a_server_without_functions_is_told_apart() {
    let without = ["--rename-command", "FCALL", "", "--rename-command", "FCALL_RO", ""];
    let valkey = ValkeyProcess::start_with(without).await.unwrap();
    let functions = functions_at(&valkey.url(), Some(declared(Durability::None)));
    assert_eq!(functions.connected().await, Err(Failure::NoFunctions));
    let error = functions.publish(&event(&key("updates:{a}"), "x")).await.unwrap_err();
    let error = format!("{error:?}");
    assert!(error.contains("Redis 7"), "{error}");
    let valkey = ValkeyProcess::start_with(&["--rename-command", "FUNCTION", ""]).await.unwrap();
    let functions = functions_at(&valkey.url(), Some(declared(Durability::None)));
    assert_eq!(functions.connected().await, Err(Failure::NoFunctions));
}

#[tokio::test]
async fn a_key_that_nobody_subscribes_to_is_refused_with_what_to_write() {
    let valkey = ValkeyProcess::start().await.unwrap();
    replica(&valkey, Durability::None).await;
    for (key, hint) in [
        ("acme", "'orders:{acme}'"),
        ("orders:acme", "'orders:{acme}'"),
        ("a:orders:acme", "'a:orders:{acme}'"),
        ("{orders:acme}", "'orders:{acme}'"),
        ("orders:{acme", "'orders:{acme}'"),
        ("orders:{}", "'orders:{acme}'"),
        ("orders:{acme}:x", "braces"),
        ("orders{acme}", "braces"),
        ("{acme}", "'orders:{acme}'"),
        ("", "'orders:{acme}'"),
    ] {
        let call = |function: &'static str, arguments: &'static [&str]| {
            valkey.cli([&["FCALL", function, "1", key][..], arguments].concat())
        };
        for error in [
            call("tidings_publish", &["[]"]).await.unwrap_err(),
            call("tidings_set", &["[]", "1000"]).await.unwrap_err(),
            call("tidings_report", &["m", "1", "1000"]).await.unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(error.contains("is no channel") && error.contains(hint), "{key}: {error}");
        }
    }
    assert_eq!(valkey.cli(["DBSIZE"]).await.unwrap(), "0");
}
