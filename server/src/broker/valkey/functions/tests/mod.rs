//! The functions in a real Valkey.

use std::{path::PathBuf, time::Duration};

use tidings_testkit::ValkeyProcess;

use super::*;
use crate::broker::{Durability, Retention, valkey::health::Health};

mod acl;
mod counts;
mod refusals;
mod rolling;
mod settings;
mod void;

const RETENTION: Retention =
    Retention { events: 100, time: Duration::from_secs(3600), once: Duration::from_secs(60) };
const BUDGET: usize = 1 << 20;

/// The library before version 2, with the settings that its replicas put into it.
const BEFORE: &str = include_str!("before.lua");

/// Version 2 of the library.
const VERSION_2: &str = include_str!("version_2.lua");

/// An append-only file that may lose its last second.
const EVERY_SECOND: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "everysec"];
/// One that loses nothing.
const ALWAYS: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

fn key(name: &str) -> ChannelKey {
    ChannelKey::from(name)
}

fn declared(durability: Durability) -> Settings {
    Settings { retention: RETENTION, durability }
}

/// The functions of a replica or publisher that has connected to this address.
fn functions_at(url: &str, settings: Option<Settings>) -> Functions {
    let server = url.parse().unwrap();
    Functions::new(Commands::new(server, Arc::new(Health::new(0))), settings)
}

/// The functions of a replica that has connected.
async fn replica(valkey: &ValkeyProcess, durability: Durability) -> Functions {
    let functions = functions_at(&valkey.url(), Some(declared(durability)));
    functions.connected().await.unwrap();
    functions
}

async fn publish(functions: &Functions, key: &ChannelKey, payload: &str) -> Position {
    functions.publish(&event(key, payload)).await.unwrap()
}

fn event(key: &ChannelKey, payload: &str) -> Publish {
    let payload = Bytes::copy_from_slice(payload.as_bytes());
    Publish { key: key.clone(), payload, keep: Keep::History, idempotency_key: None, digest: None }
}

async fn position_of(functions: &Functions, key: &ChannelKey) -> Position {
    functions.positions(std::slice::from_ref(key)).await.unwrap()[0]
}

async fn history(functions: &Functions, key: &ChannelKey, after: Position) -> History {
    functions.history(key, after, BUDGET).await.unwrap()
}

fn payloads(history: &History) -> Vec<String> {
    let text = |event: &Publication| String::from_utf8(event.payload.to_vec()).unwrap();
    history.events.iter().map(text).collect()
}

/// Puts another library into Valkey.
async fn load(valkey: &ValkeyProcess, library: &str) {
    valkey.cli(["FUNCTION", "LOAD", "REPLACE", library]).await.unwrap();
}

/// Waits until INFO says so.
async fn until_info(valkey: &ValkeyProcess, section: &str, line: &str) {
    while !valkey.cli(["INFO", section]).await.unwrap().contains(line) {}
}

/// Makes one Valkey a replica of another, and waits until it has everything.
async fn follow(replica: &ValkeyProcess, primary: &ValkeyProcess) {
    // It would wait 5 s for further replicas.
    primary.cli(["CONFIG", "SET", "repl-diskless-sync-delay", "0"]).await.unwrap();
    let port = primary.port().to_string();
    replica.cli(["REPLICAOF", "127.0.0.1", &port]).await.unwrap();
    until_info(replica, "replication", "master_link_status:up").await;
}

/// Waits until a channel's history has so many events here.
async fn until_length(valkey: &ValkeyProcess, key: &ChannelKey, events: usize) {
    while valkey.cli(["XLEN", key.as_str()]).await.unwrap() != events.to_string() {}
}

async fn folder(valkey: &ValkeyProcess) -> PathBuf {
    let dir = valkey.cli(["CONFIG", "GET", "dir"]).await.unwrap();
    dir.lines().nth(1).unwrap().into()
}
