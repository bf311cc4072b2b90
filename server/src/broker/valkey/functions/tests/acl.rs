//! What a user of Valkey must be allowed.

use super::*;

/// The commands that a publisher needs, beside `~PREFIX*` for keys and `&PREFIX*` for channels.
const PUBLISHER: [&str; 13] = [
    "fcall", "info", "time", "get", "set", "hget", "hmget", "hset", "xadd", "pexpire", "unlink",
    "publish", "ping",
];

/// What a replica needs beyond them. With `config|get` it also warns about a Valkey that is less durable than declared.
const REPLICA: [&str; 9] = [
    "fcall_ro",
    "function|load",
    "xrange",
    "pttl",
    "hgetall",
    "hdel",
    "subscribe",
    "unsubscribe",
    "config|get",
];

/// Makes a user with these commands only, and answers where it connects.
async fn user(
    valkey: &ValkeyProcess,
    name: &str,
    commands: impl IntoIterator<Item = &str>,
) -> String {
    let rules = ["reset", "on", ">secret", "~updates:*", "~prices:*", "~instances:*"];
    let channels = ["&updates:*", "&prices:*", "&instances:*"];
    let mut acl = ["ACL", "SETUSER", name].map(str::to_owned).to_vec();
    acl.extend(rules.iter().chain(&channels).map(|&rule| rule.to_owned()));
    acl.extend(commands.into_iter().map(|command| format!("+{command}")));
    valkey.cli(acl).await.unwrap();
    format!("redis://{name}:secret@{}", valkey.address())
}

/// Everything that Valkey has, but for when it expires.
async fn everything(admin: &Functions) -> Vec<(String, String)> {
    let mut keys: Vec<String> = admin.commands.query(redis::cmd("KEYS").arg("*")).await.unwrap();
    keys.sort();
    let mut digest = redis::cmd("DEBUG");
    digest.arg("DIGEST-VALUE").arg(&keys);
    let digests: Vec<String> = admin.commands.query(&digest).await.unwrap();
    keys.into_iter().zip(digests).collect()
}

async fn delete(admin: &Functions, key: &str) {
    admin.commands.query::<u64>(redis::cmd("DEL").arg(key)).await.unwrap();
}

fn both(name: &str) -> [Publish; 2] {
    let once = Some("once".to_owned());
    let state = Keep::Newest(Duration::from_secs(3600));
    let (log_key, state_key) =
        (key(&format!("updates:{{{name}}}")), key(&format!("prices:{{{name}}}")));
    [
        Publish { idempotency_key: once.clone(), ..event(&log_key, "x") },
        Publish { idempotency_key: once, keep: state, ..event(&state_key, "x") },
    ]
}

#[tokio::test]
async fn a_publisher_needs_these_commands_and_a_refused_one_leaves_nothing_behind() {
    let valkey = ValkeyProcess::start_with(["--enable-debug-command", "yes"]).await.unwrap();
    let admin = replica(&valkey, Durability::None).await;
    let mut needed = Vec::new();
    for (n, missing) in PUBLISHER.iter().enumerate() {
        let commands = PUBLISHER.into_iter().filter(|command| command != missing);
        let url = user(&valkey, &format!("p{n}"), commands).await;
        let limited = functions_at(&url, None);
        let mut refused = false;
        // A namespace without settings; a channel without a count; a channel with one; one of the older library.
        for stage in 0..4 {
            let name = format!("c{n}");
            match stage {
                0 => {
                    delete(&admin, "updates:{tidings}:settings").await;
                    delete(&admin, "prices:{tidings}:settings").await;
                }
                1 => {
                    let other = both(&format!("other{n}"));
                    for publish in &other {
                        admin.publish(publish).await.unwrap();
                    }
                }
                2 => {
                    for publish in both(&name) {
                        let publish = Publish { idempotency_key: None, ..publish };
                        admin.publish(&publish).await.unwrap();
                    }
                }
                _ => {
                    for key in
                        [format!("updates:{{{name}}}:meta"), format!("prices:{{{name}}}:newest")]
                    {
                        let lineage = redis::cmd("HDEL").arg(&key).arg("lineage").to_owned();
                        admin.commands.query::<u64>(&lineage).await.unwrap();
                    }
                }
            }
            for publish in both(&name) {
                let before = everything(&admin).await;
                let result = limited.publish(&publish).await;
                if result.is_err() {
                    refused = true;
                    assert_eq!(everything(&admin).await, before, "{missing}, {stage}");
                } else {
                    let once = format!("{}:once:once", publish.key);
                    delete(&admin, &once).await;
                }
            }
        }
        if refused {
            needed.push(*missing);
        }
    }
    // A ping is what `Publisher::connect` begins with.
    assert_eq!(needed, PUBLISHER.into_iter().filter(|c| *c != "ping").collect::<Vec<_>>());
    // With all of them it works, and nothing is wedged.
    let publisher = functions_at(&user(&valkey, "publisher", PUBLISHER).await, None);
    publisher.ping().await.unwrap();
    for n in 0..PUBLISHER.len() {
        for publish in both(&format!("c{n}")) {
            let publish = Publish { idempotency_key: Some("other".to_owned()), ..publish };
            let position = publisher.publish(&publish).await.unwrap();
            assert_eq!(admin.publish(&publish).await.unwrap(), position, "once, whoever publishes");
        }
    }
}

#[tokio::test]
async fn a_publisher_that_may_not_send_stores_nothing() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (admin, a) = (replica(&valkey, Durability::None).await, key("updates:{a}"));
    let url = user(&valkey, "p", PUBLISHER).await;
    valkey.cli(["ACL", "SETUSER", "p", "resetchannels"]).await.unwrap();
    let limited = functions_at(&url, None);
    let once = Publish { idempotency_key: Some("k".to_owned()), ..event(&a, "x") };
    for _ in 0..4 {
        let error = limited.publish(&once).await.unwrap_err();
        let error = format!("{error:?}");
        assert!(error.contains("'publish' on 'updates:{a}'"), "{error}");
    }
    assert_eq!(valkey.cli(["DBSIZE"]).await.unwrap(), "0");
    assert_eq!(admin.publish(&once).await.unwrap().offset, 1);
}

#[tokio::test]
async fn a_replica_needs_these_commands() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let commands = PUBLISHER.into_iter().chain(REPLICA);
    let url = user(&valkey, "replica", commands).await;
    let functions = functions_at(&url, Some(declared(Durability::Restart)));
    assert_eq!(functions.connected().await.unwrap(), Found::Loaded);
    let (a, all) = (key("updates:{a}"), key("instances:{all}"));
    let first = publish(&functions, &a, "one").await;
    assert_eq!(position_of(&functions, &a).await, first);
    assert_eq!(payloads(&history(&functions, &a, Position { offset: 0, ..first }).await), ["one"]);
    functions.renew(&a, Position { offset: 2, ..first }).await.unwrap();
    assert_ne!(position_of(&functions, &a).await.epoch, first.epoch);
    for publish in both("a") {
        functions.publish(&publish).await.unwrap();
    }
    assert!(functions.newest(&key("prices:{a}")).await.unwrap().is_some());
    let second = Duration::from_secs(1);
    functions.report(&all, "m", Some(&Bytes::from_static(b"1")), second).await.unwrap();
    functions.report(&all, "m", None, second).await.unwrap();
    assert_eq!(functions.members(&all).await.unwrap(), "[]");
    assert_eq!(functions.check().await.unwrap(), Found::Current);
    functions.connected().await.unwrap();
}
