//! A process that does not outlive its owner.

use std::{
    io, mem,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid},
};
use tokio::{sync::watch, time::timeout};

use crate::{Error, Log, Result, tool};

pub use rustix::process::Signal;

/// How long a process may take to become ready: generous, because it only ever runs out when something is
/// broken.
pub(crate) const READY: Duration = Duration::from_secs(60);

/// A process that does not outlive its owner.
///
/// It leads a process group of its own: a Ctrl-C in the terminal reaches only its owner, and whatever it has
/// started ends with it. Dropping this kills it. When the owner's process is killed, the kernel signals this
/// one (on Linux, through `setpriv --pdeathsig`; elsewhere it would stay).
#[derive(Debug)]
pub struct Process {
    name: String,
    group: Pid,
    /// `None` once the process was waited for: from then on its id may be another's.
    child: Arc<Mutex<Option<Child>>>,
    ended: watch::Receiver<Option<ExitStatus>>,
    log: Log,
    waiter: Option<thread::JoinHandle<()>>,
}

/// What to run. `at_owners_death` is the name of the signal that the process gets when its owner is killed.
pub(crate) fn command(program: &Path, at_owners_death: &str) -> Result<Command> {
    let mut command = if cfg!(target_os = "linux") {
        let mut command = Command::new(tool::find("setpriv")?);
        command.args(["--pdeathsig", at_owners_death, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // A developer's VALKEY_URL or RUST_LOG is not part of the test.
    command.env_clear();
    for name in ["PATH", "HOME", "TMPDIR", "LANG", "RUST_BACKTRACE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    // The log is for programs and plain text.
    command.env("NO_COLOR", "1");
    Ok(command)
}

/// As [`command`], on the CPU of this number and no other.
pub(crate) fn command_on_cpu(cpu: usize, program: &Path, at_owners_death: &str) -> Result<Command> {
    let mut command = command(&tool::find("taskset")?, at_owners_death)?;
    command.args(["--cpu-list", &cpu.to_string()]).arg(program);
    Ok(command)
}

impl Process {
    /// What [`start`](Self::start) takes: `program`, which gets nothing of its owner's environment but where things are.
    ///
    /// # Errors
    ///
    /// When util-linux is not installed.
    pub fn command(program: impl AsRef<Path>) -> Result<Command> {
        command(program.as_ref(), "KILL")
    }

    /// As [`command`](Self::command), on the CPU of this number and no other.
    ///
    /// # Errors
    ///
    /// When util-linux is not installed.
    pub fn command_on_cpu(cpu: usize, program: impl AsRef<Path>) -> Result<Command> {
        command_on_cpu(cpu, program.as_ref(), "KILL")
    }

    /// Starts `command`, made by [`command`](Self::command). `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(name: impl Into<String>, mut command: Command) -> Result<Self> {
        let name = name.into();
        let failed = || Error::io(format!("{name} cannot be started"));
        let (reader, writer) = io::pipe().map_err(failed())?;
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone().map_err(failed())?)
            .stderr(writer)
            .process_group(0);
        let (started, start) = mpsc::sync_channel(1);
        let (end, ended) = watch::channel(None);
        // The kernel's "parent" is the thread that starts the process. This one lives as long as the
        // process does; a thread of a test's runtime may not.
        let waiter = thread::spawn(move || {
            let spawned = command.spawn();
            // Gives up our ends of the pipe, so that the log ends with the process.
            drop(command);
            let child = match spawned {
                Ok(child) => child,
                Err(error) => {
                    let _ = started.send(Err(error));
                    return;
                }
            };
            let pid = pid_of(&child);
            let child = Arc::new(Mutex::new(Some(child)));
            let _ = started.send(Ok((pid, Arc::clone(&child))));
            end.send_replace(Some(wait(pid, &child)));
        });
        let (group, child) = start
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("its thread ended")))
            .map_err(failed())?;
        Ok(Self { name, group, child, ended, log: Log::read(reader), waiter: Some(waiter) })
    }

    /// What errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id. After the process has ended, it may be another's.
    pub fn pid(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// What it wrote.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Waits for the end of the process. This wait has no limit of its own.
    pub fn ended(&self) -> impl Future<Output = ExitStatus> + Send + use<> {
        let mut ended = self.ended.clone();
        async move {
            let status = ended.wait_for(Option::is_some).await.map(|status| *status);
            // The thread that sends it cannot end without having sent it.
            status.ok().flatten().unwrap_or_default()
        }
    }

    /// Sends a signal to the process alone. Does nothing when the process has ended.
    pub fn signal(&self, signal: Signal) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if child.is_some() {
            // The one error is that it has ended just now.
            let _ = kill_process(self.group, signal);
        }
    }

    /// Asks the process to end (SIGTERM) and waits until it has.
    ///
    /// # Errors
    ///
    /// When it has not ended within `patience`. It is killed then.
    pub async fn stop(&mut self, patience: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM);
        // A process that is stopped would not see it.
        self.signal(Signal::CONT);
        match timeout(patience, self.ended()).await {
            Ok(status) => Ok(status),
            Err(_) => {
                self.kill();
                Err(self.timed_out("its end after SIGTERM", patience))
            }
        }
    }

    /// Kills the process and whatever it has started (SIGKILL) and waits until it has ended.
    pub fn kill(&mut self) {
        if self.child.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            let _ = kill_process_group(self.group, Signal::KILL);
        }
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
    }

    /// Waits for `event`, which is called `expected` in errors.
    ///
    /// # Errors
    ///
    /// When the process ends first, or after a minute.
    pub async fn expect<T>(
        &self,
        expected: &str,
        event: impl Future<Output = Option<T>>,
    ) -> Result<T> {
        let ended = async {
            let status = self.ended().await;
            self.log.closed().await;
            Error::Ended {
                process: self.name.clone(),
                status,
                expected: expected.into(),
                log: self.log.tail(),
            }
        };
        let event = async {
            match event.await {
                Some(found) => found,
                // The log has ended, so the process has, or is about to.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            found = event => Ok(found),
            error = ended => Err(error),
            () = tokio::time::sleep(READY) => Err(self.timed_out(expected, READY)),
        }
    }

    pub(crate) fn timed_out(&self, expected: &str, after: Duration) -> Error {
        Error::Timeout {
            process: self.name.clone(),
            expected: expected.into(),
            after,
            log: self.log.tail(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn pid_of(child: &Child) -> Pid {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("the kernel's ids are positive")
}

/// Waits for the end without giving the id back to the kernel; then, under the lock, ends what the process
/// has left behind in its group, and only then gives the id back. So a signal can never reach another process
/// that got the same id.
fn wait(pid: Pid, child: &Mutex<Option<Child>>) -> ExitStatus {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    // A signal to us may interrupt the wait.
    while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
    let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = kill_process_group(pid, Signal::KILL);
    mem::take(&mut *child).and_then(|mut child| child.wait().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use super::{Process, Signal, command};
    use crate::tool;

    fn shell(script: &str) -> Process {
        let mut command = command(&tool::find("sh").unwrap(), "KILL").unwrap();
        command.args(["-c", script]);
        Process::start("sh", command).unwrap()
    }

    fn exists(pid: u32) -> bool {
        // A zombie that its new parent has not yet waited for does nothing any more.
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    }

    async fn first_line(process: &Process) -> String {
        process.expect("a line", process.log().find(0, |line| Some(line.to_owned()))).await.unwrap()
    }

    #[tokio::test]
    async fn its_end_and_its_log_can_be_waited_for() {
        let process = shell("echo out; echo err >&2; exit 3");
        let second = process.log().find(1, |line| Some(line.to_owned())).await;
        assert_eq!(first_line(&process).await, "out");
        assert_eq!(second.as_deref(), Some("err"));
        assert_eq!(process.ended().await.code(), Some(3));
        assert!(!process.is_running());
        assert_eq!(process.log().find(2, |line| Some(line.to_owned())).await, None);
    }

    #[tokio::test]
    async fn dropping_it_ends_what_it_started_as_well() {
        let process = shell("sleep 1000 & echo $!; wait");
        let (pid, child) = (process.pid(), first_line(&process).await.parse().unwrap());
        assert!(exists(pid) && exists(child));
        drop(process);
        assert!(!exists(pid));
        let gone = async {
            while exists(child) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(super::READY, gone).await.expect("its child ends, too");
    }

    #[tokio::test]
    async fn an_early_end_is_an_error_that_shows_the_log() {
        let process = shell("echo no such file; exit 1");
        let error = process.expect("it listens", std::future::pending::<Option<()>>()).await;
        let error = error.unwrap_err().to_string();
        assert_eq!(
            error,
            "sh ended (exit status: 1) before it listens; it wrote last:\n  | no such file"
        );
    }

    #[tokio::test]
    async fn one_that_does_not_want_to_end_is_killed() {
        let mut process = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
        first_line(&process).await;
        let error = process.stop(Duration::from_millis(50)).await.unwrap_err().to_string();
        assert!(error.starts_with("sh: still waiting for its end after SIGTERM"), "{error}");
        assert!(!process.is_running() && !exists(process.pid()));
    }

    #[tokio::test]
    async fn one_that_is_stopped_can_still_be_ended() {
        let mut process = shell("echo ready; exec sleep 1000");
        first_line(&process).await;
        process.signal(Signal::STOP);
        process.stop(super::READY).await.unwrap();
    }

    #[tokio::test]
    async fn it_stays_on_its_cpu() {
        let mut command = Process::command_on_cpu(0, "grep").unwrap();
        command.args(["Cpus_allowed_list", "/proc/self/status"]);
        let process = Process::start("grep", command).unwrap();
        assert_eq!(first_line(&process).await, "Cpus_allowed_list:\t0");
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let command = std::process::Command::new(Path::new("/does/not/exist"));
        let error = Process::start("it", command).unwrap_err().to_string();
        assert!(error.starts_with("it cannot be started: "), "{error}");
    }
}
