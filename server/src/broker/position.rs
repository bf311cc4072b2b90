//! Where an event stands in its channel.

use std::{fmt, str::FromStr};

use tidings_contract::EventId;
use uuid::Uuid;

/// The place of an event: offsets count 1, 2, 3 … within an epoch, and a channel whose history was lost
/// begins another epoch. Told by example: a client that has seen offset 3 comes back, and the channel is at
/// 4. Only the epoch tells whether 4 follows its 3, or belongs to a new count that began after a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    /// Names the count.
    pub epoch: Uuid,
    /// The event's number in it. 0 is the place before the first event.
    pub offset: u64,
}

/// A string that is no event id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no event id; send one back as it came, or leave it out to begin now")]
pub(crate) struct InvalidEventId;

impl Position {
    /// The position as clients hold it.
    pub(crate) fn event_id(self) -> EventId {
        EventId::from(self.to_string())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.offset)
    }
}

impl FromStr for Position {
    type Err = InvalidEventId;

    fn from_str(id: &str) -> Result<Self, InvalidEventId> {
        let (epoch, offset) = id.split_once(':').ok_or(InvalidEventId)?;
        let position = Self {
            epoch: epoch.parse().map_err(|_| InvalidEventId)?,
            offset: offset.parse().map_err(|_| InvalidEventId)?,
        };
        // One id, one spelling: `+7` and `007` are not ours.
        if position.to_string() == id { Ok(position) } else { Err(InvalidEventId) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written() {
        let id = "1b4e28ba-2fa1-41d2-883f-0016d3cca427:42";
        assert_eq!(id.parse::<Position>().unwrap().to_string(), id);
    }

    #[test]
    fn anything_else_is_no_id() {
        let epoch = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
        for id in ["", ":", "42", epoch, "x:42"].map(str::to_owned).into_iter().chain(
            ["", "-1", "+1", "042", "1.0", " 1", "99999999999999999999"]
                .map(|o| format!("{epoch}:{o}")),
        ) {
            assert_eq!(id.parse::<Position>(), Err(InvalidEventId), "{id}");
        }
    }
}
