//! The proxies of `nginx/proxies`, and nginx, in front of two replicas.

use std::{net::SocketAddr, path::Path, process::Command, time::Duration};

use tempfile::TempDir;

use crate::{
    Error, Nginx, NginxOptions, Port, Process, Result,
    configuration::{IDLE_SECONDS, with_numbers, write},
    probe,
    process::command,
    tool,
};

/// How long a proxy may take to end: it does not wait for its connections.
const PATIENCE: Duration = Duration::from_secs(20);

/// The port that clients connect to, in every file of `nginx/proxies`.
const CLIENTS: u32 = 8080;
/// The ports of the two replicas.
const REPLICAS: [u32; 2] = [3000, 3001];
/// The port of the load balancer behind h2o.
const BALANCER: u32 = 8081;

/// A proxy whose configuration this repository ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// `nginx/nginx.conf`, as `make fleet` runs it.
    Nginx,
    /// `haproxy.cfg`
    HaProxy,
    /// `Caddyfile`
    Caddy,
    /// `apache.conf`
    Apache,
    /// `envoy.yaml`
    Envoy,
    /// `varnish.vcl`
    Varnish,
    /// `h2o.yaml`, with [`HaProxy`](Self::HaProxy) between it and the replicas.
    H2o,
    /// `lighttpd.conf`
    Lighttpd,
}

/// A running proxy with its shipped configuration, but for the ports. Killed when dropped.
#[derive(Debug)]
pub struct Front {
    running: Running,
    /// What stands between it and the replicas, if anything.
    _balancer: Option<Box<Self>>,
}

#[derive(Debug)]
enum Running {
    Nginx(Nginx),
    Other { process: Process, port: Port, _folder: TempDir },
}

impl Front {
    /// Starts `proxy` in front of the replicas, and waits until it has an answer from one of them.
    ///
    /// `idle_seconds` is after how long without traffic it closes a connection: as shipped (75) when absent. Caddy has no
    /// such limit.
    ///
    /// # Errors
    ///
    /// When the proxy is not installed, or does not start.
    pub async fn start(
        proxy: Proxy,
        replicas: [SocketAddr; 2],
        idle_seconds: Option<u32>,
    ) -> Result<Self> {
        let Some((program, name)) = proxy.program_and_file() else {
            let options = NginxOptions { idle_seconds, ..NginxOptions::default() };
            let running = Running::Nginx(Nginx::start(&replicas, &options).await?);
            return Ok(Self { running, _balancer: None });
        };
        let balancer = match proxy {
            Proxy::H2o => {
                let balancer = Self::start(Proxy::HaProxy, replicas, idle_seconds);
                Some(Box::new(Box::pin(balancer).await?))
            }
            _ => None,
        };
        let port = Port::reserve()?;
        let mut numbers = vec![(CLIENTS, u32::from(port.number()))];
        match &balancer {
            Some(balancer) => numbers.push((BALANCER, u32::from(balancer.address().port()))),
            None => numbers.extend(REPLICAS.into_iter().zip(replicas.map(|r| r.port().into()))),
        }
        let idle = idle_seconds.unwrap_or(IDLE_SECONDS);
        match proxy {
            Proxy::Caddy => {}
            Proxy::H2o => numbers.push((IDLE_SECONDS * 1000, idle * 1000)),
            _ => numbers.push((IDLE_SECONDS, idle)),
        }
        let folder = tempfile::Builder::new()
            .prefix("tidings-proxy-")
            .tempdir()
            .map_err(Error::io("no temporary folder for a proxy"))?;
        let text = with_numbers(&format!("proxies/{name}"), &numbers)?;
        let file = write(folder.path(), name, &text)?;
        let mut command = command(&tool::find(program)?, "TERM")?;
        proxy.arguments(&mut command, folder.path(), &file, port.address(), idle);
        let process = Process::start(program, command)?;
        let answers = async {
            probe::until_ok(port.address(), "/healthz").await;
            Some(())
        };
        process.expect("GET /healthz is answered by a replica", answers).await?;
        let running = Running::Other { process, port, _folder: folder };
        Ok(Self { running, _balancer: balancer })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        match &self.running {
            Running::Nginx(nginx) => nginx.address(),
            Running::Other { port, .. } => port.address(),
        }
    }

    /// Where it listens, for HTTP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it listens, for WebSocket.
    pub fn ws_url(&self) -> String {
        format!("ws://{}/rpc", self.address())
    }

    /// Its process, with its log.
    pub fn process(&self) -> &Process {
        match &self.running {
            Running::Nginx(nginx) => nginx.process(),
            Running::Other { process, .. } => process,
        }
    }

    /// Ends it at once, closing every connection (SIGTERM).
    ///
    /// # Errors
    ///
    /// When it does not end within 20 s.
    pub async fn stop(&mut self) -> Result<()> {
        match &mut self.running {
            Running::Nginx(nginx) => nginx.stop().await,
            Running::Other { process, .. } => process.stop(PATIENCE).await.map(drop),
        }
    }
}

impl Proxy {
    /// The program, and its file in `nginx/proxies`. `None` for nginx, which has a fixture of its own.
    fn program_and_file(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Nginx => return None,
            Self::HaProxy => ("haproxy", "haproxy.cfg"),
            Self::Caddy => ("caddy", "Caddyfile"),
            Self::Apache => ("apache2", "apache.conf"),
            Self::Envoy => ("envoy", "envoy.yaml"),
            Self::Varnish => ("varnishd", "varnish.vcl"),
            Self::H2o => ("h2o", "h2o.yaml"),
            Self::Lighttpd => ("lighttpd", "lighttpd.conf"),
        })
    }

    /// The arguments that the file's first lines name, and those that put what it writes into `folder`.
    fn arguments(
        self,
        command: &mut Command,
        folder: &Path,
        file: &Path,
        address: SocketAddr,
        idle: u32,
    ) {
        command.current_dir(folder);
        match self {
            Self::Nginx | Self::H2o => command.arg("-c").arg(file),
            Self::HaProxy => command.args(["-db", "-f"]).arg(file),
            Self::Caddy => command
                .env("XDG_DATA_HOME", folder)
                .env("XDG_CONFIG_HOME", folder)
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(file),
            Self::Apache => command
                .args(["-DFOREGROUND", "-C", "DefaultRuntimeDir .", "-C", "PidFile apache.pid"])
                .arg("-d")
                .arg(folder)
                .arg("-f")
                .arg(file),
            // All of one machine that have the same number share memory.
            Self::Envoy => command.args(["--base-id", &address.port().to_string(), "-c"]).arg(file),
            Self::Varnish => command
                .args(["-F", "-a", &address.to_string(), "-n"])
                .arg(folder)
                // Without it, it changes to users that its package makes.
                .args(["-j", "none", "-f"])
                .arg(file)
                .args(["-p", &format!("pipe_timeout={idle}"), "-p", "backend_idle_timeout=10"])
                .args(["-p", "thread_pool_max=10000"]),
            Self::Lighttpd => command.args(["-D", "-f"]).arg(file),
        };
    }
}
