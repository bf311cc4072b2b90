//! What a process uses, and where it may run, by the operating system's word.

use std::{fs, time::Duration};

use nix::{
    sched::{CpuSet, sched_setaffinity},
    sys::resource::{Resource, getrlimit, setrlimit},
    time::{clock_getcpuclockid, clock_gettime},
    unistd::Pid,
};

use crate::error::BoxError;

/// The CPU time that a process has had: all its threads, those that have ended as well, in user and kernel mode. This is
/// the process's own clock (`clock_getcpuclockid`), which counts nanoseconds.
pub(crate) fn cpu(pid: u32) -> Result<Duration, BoxError> {
    let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(pid)?))?;
    Ok(clock_gettime(clock)?.into())
}

/// The memory that the kernel keeps for a process (`VmRSS`): KiB.
pub(crate) fn memory_kib(pid: u32) -> Result<u64, BoxError> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rss =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
    Ok(rss.ok_or("the kernel does not say VmRSS")?.parse()?)
}

/// How long a CPU has been doing anything, for whichever process, and what was stolen from it by other virtual machines.
pub(crate) fn busy(cpu: usize) -> Result<Duration, BoxError> {
    let stat = fs::read_to_string("/proc/stat")?;
    let name = format!("cpu{cpu} ");
    let line = stat.lines().find_map(|line| line.strip_prefix(&name));
    let ticks = line.ok_or_else(|| format!("there is no CPU {cpu}"))?.split_whitespace();
    // user, nice, system, idle, iowait, irq, softirq, steal; of 10 ms each.
    let busy = ticks.take(8).enumerate().filter(|(column, _)| !matches!(column, 3 | 4));
    let ticks = busy.map(|(_, ticks)| ticks.parse::<u64>()).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// Keeps this process, and what it starts from now on, on one CPU. To be called before there are further threads.
pub(crate) fn stay_on(cpu: usize) -> Result<(), BoxError> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &set)
        .map_err(|e| format!("cannot run on CPU {cpu} ({e}); the bench needs two CPUs"))?;
    Ok(())
}

/// Lets this process, and what it starts from now on, open as many files as it may.
pub(crate) fn open_files() -> Result<u64, BoxError> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(hard)
}
