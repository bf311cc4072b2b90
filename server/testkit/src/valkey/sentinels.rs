//! Three Sentinels that watch over a primary.

use std::{collections::HashSet, fmt::Write as _, fs, net::SocketAddr, path::Path};

use futures_util::future::try_join_all;
use tempfile::TempDir;

use super::{ValkeyProcess, cli};
use crate::{
    Error, Port, Process, Result,
    process::{self},
    tool,
};

const COUNT: usize = 3;
/// So many must agree that the primary is down.
const QUORUM: usize = 2;
/// A primary that does not answer for so long is down, to one Sentinel.
const DOWN_AFTER_MS: u64 = 500;
/// Bounds each step of a failover; two failovers of one primary by themselves are at least twice this apart.
const FAILOVER_MS: u64 = 5_000;

/// Three Sentinels that watch over a primary, and promote its replica when two of them find it down for half a second.
#[derive(Debug)]
pub struct Sentinels {
    sentinels: Vec<Sentinel>,
    _folder: TempDir,
}

#[derive(Debug)]
struct Sentinel {
    process: Process,
    port: Port,
}

impl Sentinels {
    /// What they call the primary.
    pub const NAME: &str = "tidings";

    /// Starts them, and waits until each knows the two others and one replica of `primary`.
    ///
    /// # Errors
    ///
    /// When one does not start, or they do not agree within a minute, as they cannot when `primary` has no replica.
    pub async fn start(primary: &ValkeyProcess) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("tidings-sentinels-")
            .tempdir()
            .map_err(Error::io("no temporary folder for Sentinels"))?;
        let sentinels = (0..COUNT)
            .map(|_| Sentinel::start(folder.path(), primary.address()))
            .collect::<Result<Vec<_>>>()?;
        try_join_all(sentinels.iter().map(Sentinel::knows_all)).await?;
        Ok(Self { sentinels, _folder: folder })
    }

    /// Where they listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sentinels.iter().map(|sentinel| sentinel.port.address()).collect()
    }

    /// Where the primary is, as `VALKEY_URL` takes it: the Sentinels and its name.
    pub fn url(&self) -> String {
        let addresses = self.addresses().iter().map(SocketAddr::to_string).collect::<Vec<_>>();
        format!("valkey+sentinel://{}/{}", addresses.join(","), Self::NAME)
    }

    /// Their processes.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.sentinels.iter().map(|sentinel| &sentinel.process)
    }

    /// Where the first of them says that the primary is.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn primary(&self) -> Result<SocketAddr> {
        let command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::NAME];
        let answer = self.sentinels[0].cli(command).await?;
        let address = answer.lines().collect::<Vec<_>>().join(":");
        address.parse().map_err(|_| Error::Failed { command: command.join(" "), output: answer })
    }

    /// Lets them promote a replica although the primary is well (`SENTINEL FAILOVER`), and waits until all that run
    /// say so. What the primary acknowledges meanwhile may be lost.
    ///
    /// # Errors
    ///
    /// When they refuse, or it has not happened within a minute.
    pub async fn fail_over(&self) -> Result<()> {
        let switched = self.switches();
        self.sentinels[0].cli(["SENTINEL", "FAILOVER", Self::NAME]).await?;
        switched.await
    }

    /// Waits until all that run say that another node is the primary. Call it before the primary is killed, and await
    /// what it answers afterwards: only what they say from the call on counts.
    ///
    /// # Errors
    ///
    /// When they have not said so within a minute.
    pub fn switches(&self) -> impl Future<Output = Result<()>> {
        let running = self.sentinels.iter().filter(|sentinel| sentinel.process.is_running());
        let from = running.map(|sentinel| (sentinel, sentinel.process.log().end()));
        let from = from.collect::<Vec<_>>();
        async move {
            let switched = from.into_iter().map(async |(sentinel, from)| {
                let switched = sentinel.process.log().find(from, |line| {
                    line.contains(&format!("+switch-master {} ", Self::NAME)).then_some(())
                });
                sentinel.process.expect("+switch-master", switched).await
            });
            try_join_all(switched).await.map(drop)
        }
    }

    /// Kills one of them (SIGKILL): 0, 1 or 2.
    pub fn kill(&mut self, n: usize) {
        self.sentinels[n].process.kill();
    }
}

impl Sentinel {
    fn start(folder: &Path, primary: SocketAddr) -> Result<Self> {
        let port = Port::reserve()?;
        // A Sentinel writes what it learns into its own configuration.
        let file = folder.join(format!("{}.conf", port.number()));
        fs::write(&file, configuration(&port, folder, primary))
            .map_err(Error::io("a temporary file cannot be written"))?;
        let mut command = process::command(&tool::find("valkey-server")?, "KILL")?;
        command.arg(&file).arg("--sentinel");
        Ok(Self { process: Process::start("sentinel", command)?, port })
    }

    /// Waits until it knows the others and a replica.
    async fn knows_all(&self) -> Result<()> {
        let (mut others, mut replica) = (HashSet::new(), false);
        let known = self.process.log().find(0, |line| {
            replica |= line.contains("+slave ");
            let other = line.split_once("+sentinel sentinel ").map(|(_, other)| other);
            others.extend(other.and_then(|other| other.split(' ').next()).map(str::to_owned));
            (replica && others.len() >= COUNT - 1).then_some(())
        });
        self.process.expect("it knows the other Sentinels and a replica", known).await
    }

    async fn cli<const N: usize>(&self, arguments: [&str; N]) -> Result<String> {
        cli::run(&self.process, self.port.number(), None, arguments).await
    }
}

fn configuration(port: &Port, folder: &Path, primary: SocketAddr) -> String {
    let (name, ip, primary) = (Sentinels::NAME, primary.ip(), primary.port());
    let mut lines = format!("bind 127.0.0.1\nport {}\n", port.number());
    let _ = writeln!(lines, "dir \"{}\"", folder.display());
    let _ = writeln!(lines, "sentinel monitor {name} {ip} {primary} {QUORUM}");
    let _ = writeln!(lines, "sentinel down-after-milliseconds {name} {DOWN_AFTER_MS}");
    let _ = writeln!(lines, "sentinel failover-timeout {name} {FAILOVER_MS}");
    lines
}
