//! The servers that are compared, each a process of its own.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tidings_testkit::{Port, Process, Replica, ReplicaOptions, ValkeyProcess};

use crate::{centrifugo, error::BoxError, protocol::Protocol};

/// The folder of the servers that are not ours.
pub(crate) const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/peers");
/// What every server calls itself in its messages.
const INSTANCE: &str = "bench";

/// A server.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Server {
    /// `tidings-demo serve`.
    Tidings,
    /// The same, with subscribers on server-sent events.
    Sse,
    /// The same, with subscribers that poll.
    Poll,
    /// A long poll of bare axum: no subscriptions, no checks.
    BarePoll,
    /// An earlier build of Tidings, given with `--before`.
    Before,
    /// Centrifugo with its Redis engine, given with `--centrifugo`.
    Centrifugo,
    /// Frames made by hand, straight to the sockets.
    Floor,
    /// Bun's own publish, with the same frames as Tidings.
    Bun,
    /// Socket.IO 4.
    SocketIo,
    /// tRPC 11 over ws.
    Trpc,
}

impl Server {
    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tidings => "Tidings",
            Self::Sse => "Tidings SSE",
            Self::Poll => "Tidings poll",
            Self::BarePoll => "bare poll",
            Self::Before => "before",
            Self::Centrifugo => "Centrifugo",
            Self::Floor => "bare floor",
            Self::Bun => "Bun publish",
            Self::SocketIo => "Socket.IO",
            Self::Trpc => "tRPC",
        }
    }

    pub(crate) fn protocol(self) -> Protocol {
        match self {
            // Centrifugo is measured with many channels only: see `channels::language`.
            Self::Tidings | Self::Before | Self::Floor | Self::Bun | Self::Centrifugo => {
                Protocol::JsonRpc
            }
            Self::Sse => Protocol::EventStream,
            Self::Poll | Self::BarePoll => Protocol::LongPoll,
            Self::SocketIo => Protocol::SocketIo,
            Self::Trpc => Protocol::Trpc,
        }
    }

    /// Whether its messages have to be Tidings' own, but for what differs from event to event.
    pub(crate) fn sends_the_same(self) -> bool {
        self.protocol() == Protocol::JsonRpc
    }
}

/// The programs that the command line names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Programs {
    /// An earlier build of `tidings-demo`.
    pub(crate) before: Option<PathBuf>,
    pub(crate) centrifugo: Option<PathBuf>,
}

/// A server that runs. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    owned: Owned,
}

#[derive(Debug)]
enum Owned {
    Replica(Replica),
    Peer { process: Process, port: Port },
}

impl Running {
    /// Starts it on a CPU of its own, and waits until it listens.
    pub(crate) async fn start(
        server: Server,
        cpu: usize,
        valkey: &ValkeyProcess,
        programs: &Programs,
        arguments: &[&str],
    ) -> Result<Self, BoxError> {
        let replica = match server {
            Server::Tidings | Server::Sse | Server::Poll => {
                Some(Path::new(env!("CARGO_BIN_EXE_tidings-demo")))
            }
            Server::Before => Some(programs.before.as_deref().ok_or("--before names no program")?),
            _ => None,
        };
        if let Some(program) = replica {
            let options = ReplicaOptions::new(program, INSTANCE)
                .valkey_url(valkey.url())
                .on_cpu(cpu)
                .args(arguments);
            return Ok(Self { owned: Owned::Replica(Replica::start(options).await?) });
        }
        let port = Port::reserve()?;
        if server == Server::Centrifugo {
            let program = programs.centrifugo.as_deref();
            let program = program.ok_or("--centrifugo names no program")?;
            let process = centrifugo::start(program, cpu, port.number(), valkey).await?;
            return Ok(Self { owned: Owned::Peer { process, port } });
        }
        let (program, arguments) = command(server)?;
        let mut command = Process::command_on_cpu(cpu, program)?;
        command
            .args(arguments)
            .current_dir(PEERS)
            .env("NODE_ENV", "production")
            .env("INSTANCE", INSTANCE)
            .env("PORT", port.number().to_string())
            .env("VALKEY_PORT", valkey.port().to_string());
        let process = Process::start(server.name(), command)?;
        let listening = process.log().find(0, |line| (line == "listening").then_some(()));
        process.expect("it listens", listening).await?;
        Ok(Self { owned: Owned::Peer { process, port } })
    }

    pub(crate) fn pid(&self) -> u32 {
        match &self.owned {
            Owned::Replica(replica) => replica.pid(),
            Owned::Peer { process, .. } => process.pid(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match &self.owned {
            Owned::Replica(replica) => replica.address(),
            Owned::Peer { port, .. } => port.address(),
        }
    }

    /// Tidings, with its metrics; no other server has any.
    pub(crate) fn replica(&mut self) -> Option<&mut Replica> {
        match &mut self.owned {
            Owned::Replica(replica) => Some(replica),
            Owned::Peer { .. } => None,
        }
    }
}

/// What to run for a server that is not Tidings.
fn command(server: Server) -> Result<(PathBuf, Vec<&'static str>), BoxError> {
    Ok(match server {
        Server::Tidings
        | Server::Sse
        | Server::Poll
        | Server::Before
        | Server::Centrifugo
        | Server::Floor => (env::current_exe()?, vec!["floor"]),
        Server::BarePoll => (env::current_exe()?, vec!["bare-poll"]),
        Server::Bun => (bun()?, vec!["bun.js"]),
        Server::SocketIo => (node()?, vec!["socket-io.js"]),
        Server::Trpc => (node()?, vec!["trpc.js"]),
    })
}

fn node() -> Result<PathBuf, BoxError> {
    installed()?;
    Ok("node".into())
}

/// Bun's binary comes as an npm package of its own for each kind of machine; npm has installed the right one.
pub(crate) fn bun() -> Result<PathBuf, BoxError> {
    let packages = installed()?.join("@oven");
    let binaries =
        fs::read_dir(packages)?.filter_map(|entry| Some(entry.ok()?.path().join("bin/bun")));
    let binary = binaries.filter(|path| path.is_file()).min();
    Ok(binary.ok_or("npm has installed no Bun for this kind of machine")?)
}

fn installed() -> Result<PathBuf, BoxError> {
    let packages = Path::new(PEERS).join("node_modules");
    if packages.is_dir() {
        Ok(packages)
    } else {
        Err("the servers to compare with are not installed; run: npm --prefix server/benches/peers ci".into())
    }
}
