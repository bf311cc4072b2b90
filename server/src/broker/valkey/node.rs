//! Which Valkey process a connection has reached.

use redis::Cmd;

use super::failure::Failure;

/// Which Valkey process a connection has reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Random for each start of a Valkey process.
    pub(crate) run_id: String,
    /// Whether it takes writes. A replica does not.
    pub(crate) is_primary: bool,
}

impl Node {
    /// The commands whose answers [`Node::read`] takes. Two, because Redis 6 takes one section at a time, and has to get as
    /// far as the error that says that it is too old.
    pub(super) fn question() -> [Cmd; 2] {
        ["server", "replication"].map(|section| {
            let mut info = redis::cmd("INFO");
            info.arg(section);
            info
        })
    }

    /// Reads the answers.
    pub(super) fn read(answers: &[String]) -> Result<Self, Failure> {
        let field = |name: &str| {
            let mut lines = answers.iter().flat_map(|answer| answer.lines());
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let missing = || Failure::Other(format!("its INFO does not tell {name}"));
            value.map(|value| value.trim().to_owned()).ok_or_else(missing)
        };
        Ok(Self { run_id: field("run_id")?, is_primary: field("role")? == "master" })
    }
}
