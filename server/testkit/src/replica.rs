//! One `tidings-demo serve`.

use std::{
    ffi::OsString,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

use serde_json::Value;

use crate::{Error, Port, Process, Result, Signal, probe, process, tool};

/// How long a replica may take to end: longer than its own drain.
const PATIENCE: Duration = Duration::from_secs(45);

/// How a replica is started.
#[derive(Clone, Debug)]
pub struct ReplicaOptions {
    tidings: PathBuf,
    instance: String,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    trace: Option<PathBuf>,
    cpu: Option<usize>,
    wait_until_ready: bool,
}

impl ReplicaOptions {
    /// A replica named `instance`, with the broker in its own memory.
    ///
    /// `tidings` is the binary: in the tests of that package, `env!("CARGO_BIN_EXE_tidings-demo")`.
    pub fn new(tidings: impl AsRef<Path>, instance: impl Into<String>) -> Self {
        Self {
            tidings: tidings.as_ref().into(),
            instance: instance.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            trace: None,
            cpu: None,
            wait_until_ready: true,
        }
    }

    /// With Valkey at `url` as its broker.
    #[must_use]
    pub fn valkey_url(self, url: impl Into<OsString>) -> Self {
        self.arg("--valkey-url").arg(url)
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// With one more variable in its environment. A program that does not know it ignores it, unlike an argument.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// With more variables in its environment.
    #[must_use]
    pub fn envs(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.environment.extend(variables);
        self
    }

    /// With strace writing every system call to a file while it runs, a line as soon as a call begins or ends, with
    /// the first 512 bytes of what is read and written. It makes the replica many times slower.
    #[must_use]
    pub fn traced(mut self, to: impl Into<PathBuf>) -> Self {
        self.trace = Some(to.into());
        self
    }

    /// On the CPU of this number and no other; traced, on any.
    #[must_use]
    pub fn on_cpu(mut self, cpu: usize) -> Self {
        self.cpu = Some(cpu);
        self
    }

    /// Waits only until it listens, not until it is ready: for a replica that starts without its Valkey.
    #[must_use]
    pub fn do_not_wait_until_ready(mut self) -> Self {
        self.wait_until_ready = false;
        self
    }
}

/// One `tidings-demo serve` process on a free port. Killed when dropped.
#[derive(Debug)]
pub struct Replica {
    process: Process,
    options: ReplicaOptions,
    port: Port,
    /// Where its metrics are.
    admin: Port,
}

impl Replica {
    /// Starts it, and waits until it listens and, if the options do not say otherwise, is ready.
    ///
    /// # Errors
    ///
    /// When the binary was not built, or does not start.
    pub async fn start(options: ReplicaOptions) -> Result<Self> {
        let (port, admin) = (Port::reserve()?, Port::reserve()?);
        let process = run(&options, &port, &admin).await?;
        Ok(Self { process, options, port, admin })
    }

    /// Its name on the wire.
    pub fn instance(&self) -> &str {
        &self.options.instance
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Where its metrics are.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin.address()
    }

    /// Where it listens, for HTTP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it listens, for WebSocket.
    pub fn ws_url(&self) -> String {
        format!("ws://{}/rpc", self.address())
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Its process, with its log.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Asks it to leave (SIGTERM) and waits until it has. [`restart`](Self::restart) starts it again.
    ///
    /// # Errors
    ///
    /// When it does not end within 45 s.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.process.stop(PATIENCE).await
    }

    /// Kills it (SIGKILL). [`restart`](Self::restart) starts it again.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Makes it hang (SIGSTOP): its connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it go on after [`pause`](Self::pause) (SIGCONT).
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }

    /// Waits until `/readyz` answers 200.
    ///
    /// # Errors
    ///
    /// When it ends first, or is not ready within a minute.
    pub async fn ready(&self) -> Result<()> {
        ready(&self.process, &self.port).await
    }

    /// Waits until `/readyz` answers anything but 200: what a replica does that has noticed that its Valkey is away.
    ///
    /// # Errors
    ///
    /// When it ends first, or is still ready after a minute.
    pub async fn not_ready(&self) -> Result<()> {
        let not_ready = async {
            probe::until_not_ok(self.address(), "/readyz").await;
            Some(())
        };
        self.process.expect("GET /readyz answers something else than 200", not_ready).await
    }

    /// The value of a metric without labels, such as `tidings_connections`.
    ///
    /// # Errors
    ///
    /// When there are no metrics, or not this one.
    pub async fn metric(&self, name: &str) -> Result<f64> {
        let metrics = probe::get(self.admin.address(), "/metrics").await.unwrap_or_default();
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.ok_or_else(|| Error::Failed {
            command: format!("GET /metrics of {}", self.instance()),
            output: format!("no {name} in \"{metrics}\""),
        })
    }

    /// The memory that the kernel keeps for it (RSS), in KiB.
    ///
    /// # Errors
    ///
    /// When it has ended, or this machine has no `/proc`.
    pub fn memory_kib(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&path).map_err(Error::io(&path))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        kib.ok_or(Error::Failed { command: path, output: status })
    }

    /// Ends it if it runs, starts it again on the same port, and waits as [`start`](Self::start) does.
    ///
    /// # Errors
    ///
    /// When it does not end or start.
    pub async fn restart(&mut self) -> Result<()> {
        if self.process.is_running() {
            self.stop().await?;
        }
        self.process = run(&self.options, &self.port, &self.admin).await?;
        Ok(())
    }

    /// The program that it runs.
    pub fn program(&self) -> &Path {
        &self.options.tidings
    }

    /// As [`restart`](Self::restart), with another program from now on.
    ///
    /// # Errors
    ///
    /// When it does not end, or the other does not start.
    pub async fn restart_as(&mut self, program: &Path) -> Result<()> {
        program.clone_into(&mut self.options.tidings);
        self.restart().await
    }
}

async fn run(options: &ReplicaOptions, port: &Port, admin: &Port) -> Result<Process> {
    let tidings = tool::built(&options.tidings)?;
    let mut command = match (&options.trace, options.cpu) {
        (Some(file), _) => traced(tidings, file)?,
        (None, Some(cpu)) => process::command_on_cpu(cpu, tidings, "KILL")?,
        (None, None) => process::command(tidings, "KILL")?,
    };
    command
        .args(["serve", "--log-format", "json", "--instance", &options.instance, "--listen"])
        .arg(port.address().to_string())
        .arg("--admin-listen")
        .arg(admin.address().to_string())
        .args(&options.arguments)
        .envs(options.environment.iter().map(|(name, value)| (name, value)));
    let process = Process::start(&options.instance, command)?;
    let address = port.address().to_string();
    let listening = process.log().find(0, |line| (listens_on(line)? == address).then_some(()));
    process.expect("it listens", listening).await?;
    if options.wait_until_ready {
        ready(&process, port).await?;
    }
    Ok(process)
}

/// As [`command`], under strace. `-D` makes strace the child, which lets itself trace its parent: so the process is
/// the replica, and signals reach it.
fn traced(program: &Path, file: &Path) -> Result<Command> {
    let mut command = process::command(&tool::find("strace")?, "KILL")?;
    command.args(["-D", "-f", "-y", "-qq", "-s", "512", "-o"]).arg(file).arg("--").arg(program);
    Ok(command)
}

async fn ready(process: &Process, port: &Port) -> Result<()> {
    let ready = async {
        probe::until_ok(port.address(), "/readyz").await;
        Some(())
    };
    process.expect("GET /readyz answers 200", ready).await
}

/// The address in the log line that says where the replica listens.
fn listens_on(line: &str) -> Option<String> {
    let line = serde_json::from_str::<Value>(line).ok()?;
    let fields = line.get("fields")?;
    (fields.get("message")? == "listening").then_some(())?;
    fields.get("address")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::listens_on;

    #[test]
    fn reads_the_address_from_the_line_that_says_listening() {
        let line = r#"{"level":"INFO","fields":{"message":"listening","address":"127.0.0.1:4"}}"#;
        assert_eq!(listens_on(line).as_deref(), Some("127.0.0.1:4"));
        assert_eq!(listens_on(r#"{"fields":{"message":"ready"}}"#), None);
        assert_eq!(listens_on("thread 'main' panicked"), None);
    }
}
