//! Where an event stands in its channel.

use std::{fmt, str::FromStr};

use tidings_contract::EventId;
use uuid::Uuid;

use super::COUNT_KEPT;

/// The place of an event: offsets count 1, 2, 3 … within an epoch, and a channel whose history was lost
/// begins another epoch. An example: a client that has seen offset 3 comes back, and the channel is at
/// 4. Only the epoch tells whether 4 follows its 3, or belongs to a new count that began after a loss.
///
/// A channel to which nothing was published has no count. Its position is *void*: offset 0, and an epoch that says
/// "nothing was published here, as of time T, in keyspace K". The epoch has the form of a UUIDv7: 48 bits for T,
/// in milliseconds since 1970, and 74 bits that are a hash of K. Brokers accept a void position for a limited time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    /// Names the count.
    pub epoch: Uuid,
    /// The event's number in it. 0 is the place before the first event.
    pub offset: u64,
}

/// Where a UUID has its version.
const VERSION: u128 = 0xf << 76;
const VERSION_7: u128 = 0x7 << 76;
/// The two bits that every UUID has.
const VARIANT: u128 = 0b10 << 62;
/// Everything but the time.
const LINEAGE: u128 = (1 << 80) - 1;
/// Longer than that, a count may have come and gone between two looks: `functions.lua` keeps counts for 30 days.
const VOID_MS: u128 = COUNT_KEPT.as_millis();

/// A string that is no event id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no event id; send one back as it came, or leave it out to begin now")]
pub(crate) struct InvalidEventId;

impl Position {
    /// The place of a channel to which nothing was published, as of `now_ms`. Of the hash, 74 bits count.
    pub(crate) fn void(now_ms: u64, lineage_hash: u128) -> Self {
        let time = u128::from(now_ms) << 80;
        let twelve = (lineage_hash >> 62 & 0xfff) << 64;
        let rest = lineage_hash & ((1 << 62) - 1);
        let epoch = Uuid::from_u128(time | VERSION_7 | twelve | VARIANT | rest);
        Self { epoch, offset: 0 }
    }

    /// Whether nothing was published here, as far as this position knows.
    pub(crate) fn is_void(self) -> bool {
        self.offset == 0 && self.epoch.as_u128() & VERSION == VERSION_7
    }

    /// The time of a void position: milliseconds since 1970.
    pub(crate) fn void_since_ms(self) -> u64 {
        u64::try_from(self.epoch.as_u128() >> 80).unwrap_or_default()
    }

    /// Whether nothing was published between the two.
    pub(crate) fn is_same_place(self, other: Self) -> bool {
        if self.is_void() && other.is_void() {
            let (a, b) = (self.epoch.as_u128(), other.epoch.as_u128());
            return a & LINEAGE == b & LINEAGE && (a >> 80).abs_diff(b >> 80) < VOID_MS;
        }
        self == other
    }

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
    fn a_void_position_is_a_uuid_of_version_7_with_its_time() {
        let position = Position::void(0x0123_4567_89ab, u128::MAX);
        assert_eq!(position.to_string(), "01234567-89ab-7fff-bfff-ffffffffffff:0");
        let position = Position::void(1_767_225_600_000, 0);
        assert_eq!(position.to_string(), "019b76da-a800-7000-8000-000000000000:0");
        assert!(position.is_void());
        assert!(!Position { offset: 1, ..position }.is_void());
        assert!(!Position { epoch: Uuid::new_v4(), offset: 0 }.is_void());
        assert!(!"1b4e28ba-2fa1-81d2-883f-0016d3cca427:0".parse::<Position>().unwrap().is_void());
    }

    #[test]
    fn void_positions_of_one_keyspace_are_the_same_place_for_as_long_as_counts_are_kept() {
        let now = 1_767_225_600_000;
        let month = u64::try_from(COUNT_KEPT.as_millis()).unwrap();
        let place = Position::void(now, 42);
        assert!(place.is_same_place(Position::void(now + month - 1, 42)));
        assert!(Position::void(now + month - 1, 42).is_same_place(place));
        assert!(!place.is_same_place(Position::void(now + month, 42)));
        // Each of the 74 bits counts.
        for bit in 0..74 {
            assert!(!place.is_same_place(Position::void(now, 42 ^ 1 << bit)), "bit {bit}");
        }
        assert!(place.is_same_place(Position::void(now, 42 | 1 << 74)), "further bits do not");
    }

    #[test]
    fn positions_of_counts_are_the_same_place_when_they_are_equal() {
        let place = Position { epoch: Uuid::new_v4(), offset: 0 };
        assert!(place.is_same_place(place));
        assert!(!place.is_same_place(Position { offset: 1, ..place }));
        assert!(!place.is_same_place(Position::void(0, 0)));
        let void = Position::void(0, 0);
        assert!(!void.is_same_place(Position { offset: 1, ..void }));
    }

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
