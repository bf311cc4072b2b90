//! The name that events are published to.

use std::{borrow::Cow, fmt, fmt::Write as _, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest channel name: bytes, which are characters here.
const MAX_LENGTH: usize = 128;

/// The pattern of a channel name, for schemas and messages.
pub const PATTERN: &str = "^[a-z0-9_][a-z0-9._-]{0,127}$";

/// The name of a channel, such as `room.42`: 1 to 128 characters of `a-z 0-9 . _ -`, the first a letter, a digit or `_`. A
/// value of this type is always valid. The default is `all`, for procedures that have one channel.
///
/// Build a name from what users type with [`Channel::from_parts`], which keeps each part apart from the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Channel(String);

/// A string that is not a channel name. Its message shows the rule and the start of the string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidChannel {
    shown: String,
}

impl Channel {
    /// Builds a name from parts, any strings: two different lists of parts never give the same name.
    ///
    /// Parts are joined with `.`. Characters other than `a-z`, `0-9` and `-` are escaped as `_` and two hexadecimal digits
    /// for each byte; an empty part becomes `_`. Where the name would be longer than 128 characters, it is a SHA-256 of the
    /// parts instead.
    ///
    /// ```
    /// # use tidings_contract::Channel;
    /// assert_eq!(Channel::from_parts(&["room", "42"]).as_str(), "room.42");
    /// assert_eq!(Channel::from_parts(&["A.b"]).as_str(), "_41_2eb");
    /// assert_ne!(Channel::from_parts(&["a.b"]), Channel::from_parts(&["a", "b"]));
    /// ```
    pub fn from_parts(parts: &[&str]) -> Self {
        let mut name = String::new();
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                name.push('.');
            }
            if part.is_empty() {
                name.push('_');
            }
            for (at, byte) in part.bytes().enumerate() {
                match byte {
                    b'a'..=b'z' | b'0'..=b'9' => name.push(byte.into()),
                    // A channel name must not begin with `-`.
                    b'-' if n + at > 0 => name.push('-'),
                    _ => write!(name, "_{byte:02x}").expect("a string takes any text"),
                }
            }
            if name.len() > MAX_LENGTH {
                return Self::hashed(parts);
            }
        }
        // No parts at all are not the same as one empty part.
        if parts.is_empty() {
            name.push_str("__");
        }
        Self(name)
    }

    /// Prefixes the hash with `_-`. No escaped name starts so: a leading `_` is followed by two hex digits, a dot or
    /// the end.
    fn hashed(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut name = "_-".to_owned();
        for byte in hash.finalize() {
            write!(name, "{byte:02x}").expect("a string takes any text");
        }
        Self(name)
    }

    /// The name as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_valid(name: &str) -> bool {
        name.len() <= MAX_LENGTH
            && !name.is_empty()
            && !name.starts_with(['.', '-'])
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
            // Shortened, since the message goes back to the client and into the log.
            let mut shown: String = name.chars().take(40).collect();
            if shown.len() < name.len() {
                shown.push('…');
            }
            Err(InvalidChannel { shown })
        }
    }
}

impl Default for Channel {
    fn default() -> Self {
        Self("all".to_owned())
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
            "{:?} is not a channel name: use 1 to 128 of a-z, 0-9, '.', '_' and '-', \
             and begin with a letter, a digit or '_'",
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
            "description": "The name of a channel, such as `room.42`.",
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
        for name in ["room-42", "a", "0", "_41", "a.b_c-d", &"x".repeat(128)] {
            assert_eq!(name.parse::<Channel>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_all_others() {
        for name in ["", "-a", ".a", "A", "_A", "a b", "a{b}", "ä", "a*", "a\n", &"x".repeat(129)]
        {
            assert!(name.parse::<Channel>().is_err(), "{name:?} was accepted");
        }
    }

    #[test]
    fn parts_stay_apart_whatever_is_in_them() {
        let long = "x".repeat(200);
        let lists: &[&[&str]] = &[
            &[],
            &[""],
            &["", ""],
            &["a"],
            &["a", ""],
            &["", "a"],
            &["a", "b"],
            &["a.b"],
            &["a_b"],
            &["_"],
            &["__"],
            &["A"],
            &["_41"],
            &["-"],
            &["-a"],
            &["a-"],
            &["a", "-b"],
            &["ä"],
            &["a\n"],
            &["a{b}"],
            &["*"],
            &["_-"],
            &[&long],
            &[&long, ""],
            &["", &long],
            &[&long[1..]],
        ];
        let mut names = std::collections::HashSet::new();
        for parts in lists {
            let channel = Channel::from_parts(parts);
            assert!(Channel::is_valid(channel.as_str()), "{parts:?} became {channel}");
            assert!(
                names.insert(channel.clone()),
                "{parts:?} became {channel}, as other parts did"
            );
        }
        assert_eq!(Channel::from_parts(&["room-42"]).as_str(), "room-42");
    }

    #[test]
    fn the_message_shows_the_rule_and_not_more_than_the_start_of_the_string() {
        let message = "A".repeat(5000).parse::<Channel>().unwrap_err().to_string();
        assert!(message.contains("a-z"), "{message}");
        assert!(message.len() < 250, "{message}");
    }
}
