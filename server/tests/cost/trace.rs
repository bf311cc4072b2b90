//! What strace wrote of a replica, by the events that it was delivering.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// What strace wrote of a replica, in the order in which calls began and ended.
pub(crate) struct Trace(String);

/// The system calls that began between two moments.
#[derive(Default)]
pub(crate) struct Calls {
    /// Those that write to a socket.
    pub(crate) writes: usize,
    /// Those by which a thread waits or wakes another.
    pub(crate) wake_ups: usize,
    /// All others.
    pub(crate) others: usize,
    /// All of them.
    by_name: BTreeMap<String, usize>,
}

enum Kind {
    Write,
    WakeUp,
    Other,
}

/// The beginning of a call.
struct Call<'a> {
    name: &'a str,
    /// Beginning with the first argument; files and sockets in the form `9<socket:[4711]>`.
    arguments: &'a str,
}

impl Trace {
    /// What was written from the byte `begin` up to now.
    pub(crate) fn read(file: &Path, begin: u64) -> Self {
        let (mut file, mut trace) = (File::open(file).unwrap(), Vec::new());
        file.seek(SeekFrom::Start(begin)).unwrap();
        file.read_to_end(&mut trace).unwrap();
        // The first and the last line may be half written, in the middle of a character even.
        Self(String::from_utf8_lossy(&trace).into_owned())
    }

    /// The calls from the first in which the event of a number is read to the first of another, by their numbers.
    /// An event must not be published before everybody has the one before: then its calls stand together.
    pub(crate) fn between(&self, event: usize, other: usize) -> Calls {
        let (begin, end) = (self.first(event), self.first(other));
        assert!(begin < end, "the event {other} came before {event}");
        let mut calls = Calls::default();
        for call in self.0[begin..end].lines().filter_map(Call::parse) {
            match call.kind() {
                Kind::Write => calls.writes += 1,
                Kind::WakeUp => calls.wake_ups += 1,
                Kind::Other => calls.others += 1,
            }
            *calls.by_name.entry(call.name.to_owned()).or_default() += 1;
        }
        calls
    }

    /// Where the line ends in which an event is mentioned first: its payload has come from Valkey.
    fn first(&self, event: usize) -> usize {
        // A user list, with strace's backslashes.
        let payload = format!(r#"[{{\"id\":\"{event}\""#);
        let at = self.0.find(&payload);
        let at = at.unwrap_or_else(|| panic!("no trace of the event {event}"));
        at + self.0[at..].find('\n').expect("what was delivered was read before")
    }
}

impl<'a> Call<'a> {
    /// Reads `4711 sendto(9<socket:[4711]>, …`. Nothing where a call ends that began in another line, and where
    /// something else happens to a thread.
    fn parse(line: &'a str) -> Option<Self> {
        let (_thread, call) = line.split_once(' ')?;
        let (name, arguments) = call.trim_start().split_once('(')?;
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name.then_some(Self { name, arguments })
    }

    fn kind(&self) -> Kind {
        match self.name {
            "write" | "writev" | "sendto" | "sendmsg" | "sendmmsg" => match self.file() {
                Some(file) if file.starts_with("socket:") || file.starts_with("TCP") => Kind::Write,
                // How one thread ends another's wait for sockets.
                Some(file) if file.contains("eventfd") => Kind::WakeUp,
                _ => Kind::Other,
            },
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" | "futex" => Kind::WakeUp,
            _ => Kind::Other,
        }
    }

    /// What the first argument is.
    fn file(&self) -> Option<&'a str> {
        let (number, file) = self.arguments.split_once('<')?;
        number.chars().all(|c| c.is_ascii_digit()).then_some(file)
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { writes, wake_ups, others, by_name } = self;
        write!(f, "{writes} writes, {wake_ups} wake-ups, {others} others: {by_name:?}")
    }
}

#[test]
fn calls_are_counted_where_they_begin() {
    let trace = Trace(
        r#"
11 recvfrom(8<socket:[1]>, "[{\"id\":\"1\",\"name\"", 512, 0, NULL, NULL) = 9
11 sendto(9<socket:[2]>, "[{\"id\":\"1\"", 9, MSG_NOSIGNAL, NULL, 0 <unfinished ...>
12 write(5<anon_inode:[eventfd]>, "\1\0\0\0\0\0\0\0", 8) = 8
11 <... sendto resumed>) = 9
12 write(2<pipe:[3]>, "{}\n", 3) = 3
12 epoll_wait(3<anon_inode:[eventpoll]>,  <unfinished ...>
11 writev(10<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base="", iov_len=9}], 1) = 9
11 --- SIGCHLD {si_signo=SIGCHLD} ---
11 recvfrom(8<socket:[1]>,  <unfinished ...>
12 <... epoll_wait resumed>[], 1024, 0) = 0
11 <... recvfrom resumed>"[{\"id\":\"2\",\"name\"", 512, 0, NULL, NULL) = 9
11 sendto(9<socket:[2]>, "[{\"id\":\"2\"", 9, MSG_NOSIGNAL, NULL, 0) = 9
"#
        .to_owned(),
    );
    let calls = trace.between(1, 2);
    assert_eq!((calls.writes, calls.wake_ups, calls.others), (2, 2, 2), "{calls:?}");
}
