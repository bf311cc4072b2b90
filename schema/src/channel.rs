//! The name that events are published to.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The pattern of a channel name, for schemas and messages.
pub const PATTERN: &str = "^[a-z0-9][a-z0-9._-]{0,127}$";

/// The name of a channel, such as `list-1`: 1 to 128 characters of `a-z 0-9 . _ -`, the first a letter
/// or a digit. A value of this type is always valid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Channel(String);

/// A string that is no channel name. Its message shows the rule and the start of the string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidChannel {
    shown: String,
}

impl Channel {
    /// The name as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_valid(name: &str) -> bool {
        let first = name.as_bytes().first();
        name.len() <= 128
            && first.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    }
}

impl TryFrom<String> for Channel {
    type Error = InvalidChannel;

    fn try_from(name: String) -> Result<Self, InvalidChannel> {
        if Self::is_valid(&name) {
            Ok(Self(name))
        } else {
            // What a stranger sent is shown shortened: the message goes back to it and into the log.
            let mut shown: String = name.chars().take(40).collect();
            if shown.len() < name.len() {
                shown.push('…');
            }
            Err(InvalidChannel { shown })
        }
    }
}

impl FromStr for Channel {
    type Err = InvalidChannel;

    fn from_str(name: &str) -> Result<Self, InvalidChannel> {
        Self::try_from(name.to_owned())
    }
}

impl From<Channel> for String {
    fn from(channel: Channel) -> Self {
        channel.0
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no channel name: use 1 to 128 of a-z, 0-9, '.', '_' and '-', \
             starting with a letter or a digit",
            self.shown
        )
    }
}

impl std::error::Error for InvalidChannel {}

impl JsonSchema for Channel {
    fn schema_name() -> Cow<'static, str> {
        "Channel".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The name of a channel, such as `list-1`.",
            "type": "string",
            "pattern": PATTERN,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_of_the_pattern() {
        for name in ["list-1", "a", "0", "a.b_c-d", &"x".repeat(128)] {
            assert_eq!(name.parse::<Channel>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_all_others() {
        for name in ["", "-a", ".a", "A", "a b", "a{b}", "ä", "a*", "a\n", &"x".repeat(129)] {
            assert!(name.parse::<Channel>().is_err(), "{name:?} was accepted");
        }
    }

    #[test]
    fn the_message_shows_the_rule_and_not_more_than_the_start_of_the_string() {
        let message = "A".repeat(5000).parse::<Channel>().unwrap_err().to_string();
        assert!(message.contains("a-z"), "{message}");
        assert!(message.len() < 250, "{message}");
    }
}
