//! Centrifugo as a peer: how it is started. `channels::language` is what its clients say.

use std::{net::Ipv4Addr, path::Path, time::Duration};

use tidings_testkit::{Process, ValkeyProcess};
use tokio::{net::TcpStream, time::sleep};

use crate::error::BoxError;

/// Its settings beside its port and Valkey's address; all others are its defaults.
const SETTINGS: [(&str, &str); 8] = [
    ("HTTP_SERVER_ADDRESS", "127.0.0.1"),
    ("ENGINE_TYPE", "redis"),
    ("CLIENT_ALLOW_ANONYMOUS_CONNECT_WITHOUT_TOKEN", "true"),
    ("CLIENT_CHANNEL_LIMIT", "10000"),
    ("CHANNEL_WITHOUT_NAMESPACE_ALLOW_SUBSCRIBE_FOR_ANONYMOUS", "true"),
    ("CHANNEL_WITHOUT_NAMESPACE_ALLOW_SUBSCRIBE_FOR_CLIENT", "true"),
    // What Tidings keeps by default; with it, clients can go on where they were.
    ("CHANNEL_WITHOUT_NAMESPACE_HISTORY_SIZE", "1000"),
    ("CHANNEL_WITHOUT_NAMESPACE_HISTORY_TTL", "1h"),
];

/// Starts it on a CPU of its own, and waits until it listens.
pub(crate) async fn start(
    program: &Path,
    cpu: usize,
    port: u16,
    valkey: &ValkeyProcess,
) -> Result<Process, BoxError> {
    let mut command = Process::command_on_cpu(cpu, program)?;
    for (name, value) in SETTINGS {
        command.env(format!("CENTRIFUGO_{name}"), value);
    }
    command
        .env("CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_FORCE_RECOVERY", "true")
        .env("CENTRIFUGO_HTTP_SERVER_PORT", port.to_string())
        .env("CENTRIFUGO_ENGINE_REDIS_ADDRESS", valkey.url());
    let process = Process::start("Centrifugo", command)?;
    let listening = process.log().find(0, |line| line.contains("serving websocket").then_some(()));
    process.expect("it serves WebSockets", listening).await?;
    // It says so before it listens.
    let accepts = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
        Some(())
    };
    process.expect("it accepts connections", accepts).await?;
    Ok(process)
}
