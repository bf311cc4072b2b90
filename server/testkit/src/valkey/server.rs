//! A Valkey of one's own.

use std::{
    ffi::{OsStr, OsString},
    fs, iter,
    net::SocketAddr,
    path::Path,
    time::Duration,
};

use tempfile::TempDir;

use super::{Certificates, ClientCertificates, cli};
use crate::{Error, Port, Process, Result, Signal, process::command, tool};

/// How long Valkey may take to end: it may have to write its data.
const PATIENCE: Duration = Duration::from_secs(20);

/// A `valkey-server` of one's own, on a port and in a folder of its own.
///
/// It keeps nothing on disk unless the arguments say so. Killed and its folder removed when dropped.
#[derive(Debug)]
pub struct ValkeyProcess {
    process: Process,
    port: Port,
    arguments: Vec<OsString>,
    folder: TempDir,
    tls: Option<Certificates>,
}

impl ValkeyProcess {
    /// Starts one that keeps nothing on disk, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// When `valkey-server` is not installed or does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with(iter::empty::<OsString>()).await
    }

    /// Starts one with further arguments, such as `["--appendonly", "yes", "--appendfsync", "always"]`, and
    /// waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// When `valkey-server` is not installed or does not start.
    pub async fn start_with(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Self> {
        Self::start_on(Port::reserve()?, arguments).await
    }

    /// Starts one on the given port, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// When `valkey-server` is not installed or does not start.
    pub async fn start_on(
        port: Port,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Self> {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self::begin(port, arguments, None).await
    }

    /// Starts one that speaks TLS and nothing else, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// When `valkey-server` is not installed, does not know TLS, or does not start.
    pub async fn start_with_tls(
        certificates: &Certificates,
        clients: ClientCertificates,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Self> {
        let port = Port::reserve()?;
        let mut all = certificates.server_arguments(port.number(), clients);
        all.extend(arguments.into_iter().map(Into::into));
        Self::begin(port, all, Some(certificates.clone())).await
    }

    async fn begin(
        port: Port,
        arguments: Vec<OsString>,
        tls: Option<Certificates>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("tidings-valkey-")
            .tempdir()
            .map_err(Error::io("no temporary folder for Valkey"))?;
        let process = run(&port, folder.path(), &arguments).await?;
        Ok(Self { process, port, arguments, folder, tls })
    }

    /// Where it is, as `VALKEY_URL` takes it: `rediss://` with TLS.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://{}", self.port.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Runs `valkey-cli` against it and answers what that printed, without the last line's end.
    ///
    /// # Errors
    ///
    /// When `valkey-cli` is not installed, or Valkey cannot be reached or answers with an error.
    pub async fn cli(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<String> {
        cli::run(&self.process, self.port(), self.tls.as_ref(), arguments).await
    }

    /// The folder that it keeps its data in.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it as an operator would (SIGTERM). [`restart`](Self::restart) starts it again.
    ///
    /// # Errors
    ///
    /// When it does not end within 20 s.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop(PATIENCE).await.map(drop)
    }

    /// Kills it (SIGKILL). [`restart`](Self::restart) starts it again.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends it if it runs, starts it again on the same port in the same folder, and waits until it accepts
    /// connections. Without persistence it comes back empty.
    ///
    /// # Errors
    ///
    /// When it does not end or start.
    pub async fn restart(&mut self) -> Result<()> {
        if self.process.is_running() {
            self.stop().await?;
        }
        self.process = run(&self.port, self.folder.path(), &self.arguments).await?;
        Ok(())
    }

    /// Kills it (SIGKILL), takes away whatever it kept on disk, starts it again on the same port, and waits until
    /// it accepts connections.
    ///
    /// # Errors
    ///
    /// When its data cannot be removed, or it does not start.
    pub async fn restart_empty(&mut self) -> Result<()> {
        self.kill();
        let folder = self.folder.path();
        fs::remove_dir_all(folder)
            .and_then(|()| fs::create_dir(folder))
            .map_err(Error::io("Valkey's folder cannot be emptied"))?;
        self.restart().await
    }

    /// Makes it hang (SIGSTOP): its connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it go on after [`pause`](Self::pause) (SIGCONT).
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }
}

async fn run(port: &Port, folder: &Path, arguments: &[OsString]) -> Result<Process> {
    let mut command = command(&tool::find("valkey-server")?, "KILL")?;
    let port = port.number().to_string();
    command
        .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"])
        // A replica that connects is served at once; by default Valkey waits for others for 5 s.
        .args(["--repl-diskless-sync-delay", "0"])
        .arg("--dir")
        .arg(folder)
        .args(arguments);
    let process = Process::start("valkey", command)?;
    let ready =
        process.log().find(0, |line| line.contains("Ready to accept connections").then_some(()));
    process.expect("it accepts connections", ready).await?;
    Ok(process)
}
