//! The logs of a fleet's processes, on standard error.

use serde_json::{Map, Value};
use tidings_testkit::Process;
use tokio::task::JoinHandle;

/// Shows what the process writes from now on, each line after its name: all of it, or only warnings. The task
/// ends with the process's log.
#[expect(clippy::print_stderr, reason = "logs are for the person who runs the fleet")]
pub(crate) fn show(process: &Process, all: bool) -> JoinHandle<()> {
    let name = process.name().to_owned();
    let log = process.log().clone();
    let mut from = if all { 0 } else { log.end() };
    tokio::spawn(async move {
        while let Some((number, line)) = log.next(from).await {
            from = number + 1;
            let (warning, text) = read(&line);
            if all || warning {
                eprintln!("{name:<12}{text}");
            }
        }
    })
}

/// Whether a line is a warning or worse, and how to show it.
fn read(line: &str) -> (bool, String) {
    match serde_json::from_str::<Map<String, Value>>(line) {
        Ok(event) => read_event(&event),
        Err(_) => (is_warning(line), line.to_owned()),
    }
}

/// A replica's line: `LEVEL message field=value …`.
fn read_event(event: &Map<String, Value>) -> (bool, String) {
    let level = event.get("level").and_then(Value::as_str).unwrap_or_default();
    let mut text = level.to_owned();
    let mut add = |part: &str| {
        text.push(' ');
        text.push_str(part);
    };
    let fields = event.get("fields").and_then(Value::as_object);
    if let Some(message) = fields.and_then(|fields| fields.get("message")).and_then(Value::as_str) {
        add(message);
    }
    for (name, value) in fields.into_iter().flatten().filter(|(name, _)| *name != "message") {
        match value {
            Value::String(value) => add(&format!("{name}={value}")),
            value => add(&format!("{name}={value}")),
        }
    }
    (matches!(level, "WARN" | "ERROR"), text)
}

/// nginx puts the level into brackets, Valkey marks a warning with `#`, and `tidings` writes it out.
fn is_warning(line: &str) -> bool {
    let levels =
        [" [warn] ", " [error] ", " [crit] ", " [alert] ", " [emerg] ", " # ", " WARN ", " ERROR "];
    levels.iter().any(|level| line.contains(level)) || line.contains("panicked at")
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn tells_warnings_of_every_kind_of_process() {
        for (line, warning) in [
            (r#"{"level":"WARN","fields":{"message":"broker down"}}"#, true),
            (r#"{"level":"INFO","fields":{"message":"listening"}}"#, false),
            ("2026/01/02 03:04:05 [error] 7#7: *1 connect() failed", true),
            ("2026/01/02 03:04:05 [notice] 7#7: start worker process 8", false),
            ("7:M 02 Jan 2026 03:04:05.678 # Out Of Memory", true),
            ("7:M 02 Jan 2026 03:04:05.678 * Ready to accept connections tcp", false),
            ("thread 'main' panicked at src/main.rs:1:1:", true),
        ] {
            assert_eq!(read(line).0, warning, "{line}");
        }
    }

    #[test]
    fn shows_a_replicas_event_as_text() {
        let line = r#"{"level":"WARN","fields":{"message":"broker down","retry_ms":40,"error":"refused"}}"#;
        assert_eq!(read(line).1, "WARN broker down retry_ms=40 error=refused");
    }
}
