//! The commands that a Valkey has run.

use std::collections::BTreeMap;

use tidings_testkit::ValkeyProcess;

use crate::median::median;

/// How often each command was run, those within functions included.
pub(crate) type Commands = BTreeMap<String, u64>;

/// What a Valkey has run since it began, `INFO` apart, with which this is asked.
pub(crate) async fn run_by(valkey: &ValkeyProcess) -> Commands {
    let stats = valkey.cli(["INFO", "commandstats"]).await.unwrap();
    let counts = stats.lines().filter_map(|line| {
        let (name, counts) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let calls = counts.split(',').next()?.parse().ok()?;
        (name != "info").then(|| (name.to_owned(), calls))
    });
    counts.collect()
}

/// The commands of one of several steps, by what had been run before the first and after each of them. What is run every
/// second or two by itself is not among them.
pub(crate) fn of_one(steps: &[(Commands, Commands)]) -> Commands {
    let calls = |commands: &Commands, name| commands.get(name).copied().unwrap_or(0);
    let names = steps.iter().flat_map(|(_, after)| after.keys());
    let of_one = names.map(|name| {
        let each = steps.iter().map(|(before, after)| calls(after, name) - calls(before, name));
        (name.clone(), median(each))
    });
    of_one.filter(|(_, calls)| *calls > 0).collect()
}
