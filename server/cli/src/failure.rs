//! Why a command failed, as text for its user.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Any other failure: one line.
    Text(String),
    /// The service answered a call with an error.
    Rpc {
        /// The procedure's name.
        procedure: String,
        /// The answer.
        error: Box<RpcError>,
    },
    /// The reader of standard output has closed the pipe, as in `tidings tail … | head -1`. This is not an error.
    ClosedPipe,
}

/// The result of a command or a part of it.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The service answered with this error.
    pub(crate) fn rpc(procedure: &str, error: RpcError) -> Self {
        Self::Rpc { procedure: procedure.to_owned(), error: Box::new(error) }
    }

    /// A failure with this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Writes it to standard error.
    #[expect(clippy::print_stderr, reason = "this is the one place that says why a command failed")]
    pub(crate) fn print(&self) {
        match self {
            Self::Text(text) => eprintln!("tidings: {text}"),
            Self::Rpc { procedure, error } => eprintln!("{procedure}: {error}"),
            Self::ClosedPipe => {}
        }
    }
}

/// A message of the operating system without its error number: `… (os error 111)`.
pub(crate) fn without_number(text: &str) -> &str {
    text.split_once(" (os error").map_or(text, |(text, _)| text)
}

/// Writing to standard output failed.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Text(format!("the output cannot be written: {error}")),
        }
    }
}

/// The `error` member of an answer.
#[derive(Debug, Deserialize)]
pub(crate) struct RpcError {
    code: i64,
    message: String,
    /// Absent or a string in an error of the transport.
    #[serde(default)]
    data: Value,
}

impl RpcError {
    /// Whether the same call may succeed later.
    pub(crate) fn retryable(&self) -> bool {
        self.data["retryable"] == true
    }
}

/// `noteTooLong (1001): the note is longer than it may be`, then the path and the details, each on a line.
impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.data["name"].as_str() {
            Some(name) => write!(f, "{name} ({}): {}", self.code, self.message)?,
            None => write!(f, "error {}: {}", self.code, self.message)?,
        }
        if let Some(path) = self.data["path"].as_str() {
            write!(f, "\n  path: {path}")?;
        }
        match &self.data {
            Value::String(text) => write!(f, "\n  details: {text}"),
            data if !data["details"].is_null() => write!(f, "\n  details: {}", data["details"]),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{RpcError, without_number};

    fn shown(error: serde_json::Value) -> String {
        serde_json::from_value::<RpcError>(error).unwrap().to_string()
    }

    #[test]
    fn an_error_shows_its_name_code_message_path_and_details() {
        let data = json!({"name": "noteTooLong", "retryable": false, "path": "note", "details": {"max": 140}});
        let error = json!({"code": 1001, "message": "the note is too long", "data": data});
        let expected =
            "noteTooLong (1001): the note is too long\n  path: note\n  details: {\"max\":140}";
        assert_eq!(shown(error), expected);
    }

    #[test]
    fn a_system_error_is_shown_without_its_number() {
        assert_eq!(
            without_number("Valkey at x: Connection refused (os error 111)"),
            "Valkey at x: Connection refused"
        );
        assert_eq!(without_number("plain"), "plain");
    }

    #[test]
    fn an_error_of_the_transport_has_a_code_only() {
        assert_eq!(
            shown(json!({"code": -32700, "message": "Parse error"})),
            "error -32700: Parse error"
        );
        let error = json!({"code": -32007, "message": "Request is too big", "data": "Exceeded max limit of 65536"});
        assert_eq!(
            shown(error),
            "error -32007: Request is too big\n  details: Exceeded max limit of 65536"
        );
    }
}
