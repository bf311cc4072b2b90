//! The project's own nginx configuration in front of given replicas.

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    Error, Port, Process, Result, Signal,
    configuration::{IDLE_SECONDS, shipped, with_numbers, write},
    process::command,
    tool,
};

/// The address in the line of `replicas/by-address.conf` that is repeated for each replica.
const PLACEHOLDER: &str = "127.0.0.1:3000";
/// What the master writes for each worker, at the start and after a reload.
const WORKER_STARTED: &str = "start worker process ";
/// How long nginx may take to end: it does not wait for its connections.
const PATIENCE: Duration = Duration::from_secs(20);

/// How nginx is started.
#[derive(Clone, Debug, Default)]
pub struct NginxOptions {
    /// The port on 127.0.0.1. A free one when absent.
    pub port: Option<u16>,
    /// The built page. When absent, there is nothing at `/`.
    pub static_dir: Option<PathBuf>,
    /// After how many seconds without traffic it closes a connection. As shipped (75) when absent.
    pub idle_seconds: Option<u32>,
}

/// nginx as the project ships it, but for its port and the list of replicas. Killed, and its folder
/// removed, when dropped.
#[derive(Debug)]
pub struct Nginx {
    process: Process,
    port: Port,
    folder: TempDir,
}

impl Nginx {
    /// Starts it in front of `replicas`, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// When nginx is not installed, or does not start.
    pub async fn start(replicas: &[SocketAddr], options: &NginxOptions) -> Result<Self> {
        let port = options.port.map_or_else(Port::reserve, Port::exactly)?;
        let folder = tempfile::Builder::new()
            .prefix("tidings-nginx-")
            .tempdir()
            .map_err(Error::io("no temporary folder for nginx"))?;
        let root = match &options.static_dir {
            Some(folder) => {
                fs::canonicalize(folder).map_err(Error::io(folder.to_string_lossy()))?
            }
            None => {
                let empty = folder.path().join("page");
                fs::create_dir(&empty).map_err(Error::io(empty.to_string_lossy()))?;
                empty
            }
        };
        let site = format!("listen {};\nroot \"{}\";\n", port.address(), root.display());
        write(folder.path(), "site.conf", &site)?;
        let idle = (IDLE_SECONDS, options.idle_seconds.unwrap_or(IDLE_SECONDS));
        write(folder.path(), "nginx.conf", &with_numbers("nginx.conf", &[idle])?)?;
        write(folder.path(), "replicas.conf", &list(replicas)?)?;
        let process = run(folder.path()).await?;
        Ok(Self { process, port, folder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Where it listens, for a browser.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it listens, for WebSocket.
    pub fn ws_url(&self) -> String {
        format!("ws://{}/rpc", self.address())
    }

    /// The process id of its master.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Its process, with its log.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ends it if it runs, closing every connection, and starts it again on the same port.
    ///
    /// # Errors
    ///
    /// When it does not end or start.
    pub async fn restart(&mut self) -> Result<()> {
        if self.process.is_running() {
            self.stop().await?;
        }
        self.process = run(self.folder.path()).await?;
        Ok(())
    }

    /// Ends it at once, closing every connection (SIGTERM).
    ///
    /// # Errors
    ///
    /// When it does not end within 20 s.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop(PATIENCE).await.map(drop)
    }

    /// Puts it in front of other replicas without closing its port (SIGHUP), and waits until it has new
    /// workers. Connections of the old ones are closed 5 s later.
    ///
    /// # Errors
    ///
    /// When nginx refuses the configuration, or does not answer.
    pub async fn reload(&self, replicas: &[SocketAddr]) -> Result<()> {
        write(self.folder.path(), "replicas.conf", &list(replicas)?)?;
        let log = self.process.log();
        let before = log.end();
        self.process.signal(Signal::HUP);
        let answer = log.find(before, |line| {
            let refused = line.contains("[emerg]").then(|| Err(line.to_owned()));
            refused.or_else(|| line.contains(WORKER_STARTED).then_some(Ok(())))
        });
        self.process
            .expect("it starts new workers", answer)
            .await?
            .map_err(|output| Error::Failed { command: "reload of nginx".into(), output })
    }
}

async fn run(folder: &Path) -> Result<Process> {
    // Its workers survive a killed master, but not one that is asked to end.
    let mut command = command(&tool::find("nginx")?, "TERM")?;
    command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(folder);
    if rustix::process::geteuid().is_root() {
        // Else the workers change to a user who cannot read the page or the temporary folder.
        command.args(["-g", "user root;"]);
    }
    let process = Process::start("nginx", command)?;
    let started = process.log().find(0, |line| line.contains(WORKER_STARTED).then_some(()));
    process.expect("it starts its workers", started).await?;
    Ok(process)
}

/// `replicas/by-address.conf` with these replicas.
fn list(replicas: &[SocketAddr]) -> Result<String> {
    let mut list = String::new();
    for line in shipped("replicas/by-address.conf")?.lines() {
        if line.contains(PLACEHOLDER) {
            for address in replicas {
                let _ = writeln!(list, "{}", line.replace(PLACEHOLDER, &address.to_string()));
            }
        } else {
            let _ = writeln!(list, "{line}");
        }
    }
    Ok(list)
}
