//! What is published: a list of users that carries its number and when it was published.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use memchr::memmem;

/// Goes before the number in the first user's name; nothing else in any server's messages looks like it.
const MARK: &[u8] = br#""name":"@"#;
const NUMBER_DIGITS: usize = 10;
const CLOCK_DIGITS: usize = 16;
/// The number, a sign between, and the clock.
const STAMP: usize = NUMBER_DIGITS + 1 + CLOCK_DIGITS;
/// What a user beside the first says of themselves.
const BIO: &str = "Multi-layered client-server neural-net, harness real-time e-markets";

/// The clock of one run of the bench, for publisher and subscribers alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A payload of one size, to be stamped before each publishing.
#[derive(Debug)]
pub(crate) struct Payload {
    json: Vec<u8>,
    stamp_at: usize,
}

impl Payload {
    /// A user list of exactly `bytes`, or of the few more that its first user takes.
    pub(crate) fn new(bytes: usize) -> Self {
        let mut json = br#"[{"id":"1","#.to_vec();
        json.extend_from_slice(MARK);
        let stamp_at = json.len();
        json.resize(stamp_at + STAMP, b'0');
        json.extend_from_slice(br#"","bio":""#);
        // Further users as long as a whole one fits; then the last one's words fill up what is left.
        let end = br#""}]"#.len();
        for id in 2_u32.. {
            let user = format!(r#""}},{{"id":"{id}","name":"Clementine Bauch","bio":"{BIO}"#);
            if json.len() + user.len() + end > bytes {
                break;
            }
            json.extend_from_slice(user.as_bytes());
        }
        while json.len() + end < bytes {
            json.push(b'.');
        }
        json.extend_from_slice(br#""}]"#);
        Self { json, stamp_at }
    }

    /// The payload of the event `number`, published now.
    pub(crate) fn stamp(&mut self, number: u64, clock: Clock) -> &[u8] {
        let mut stamp = &mut self.json[self.stamp_at..self.stamp_at + STAMP];
        // A slice that is long enough takes all of it.
        let _ = write!(stamp, "{number:010}@{:016}", clock.now());
        &self.json
    }
}

/// What a message says of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Counts 0, 1, 2 … within a run.
    pub(crate) number: u64,
    /// When it was published, by the bench's clock: nanoseconds.
    pub(crate) published_at: u64,
}

/// Finds stamps. Messages of one server have them at one place, so it looks there first.
#[derive(Debug, Default)]
pub(crate) struct StampReader {
    at: usize,
}

impl StampReader {
    pub(crate) fn read(&mut self, message: &[u8]) -> Option<Stamp> {
        let at = match message.get(self.at..self.at + MARK.len()) {
            Some(MARK) => self.at,
            _ => memmem::find(message, MARK)?,
        };
        self.at = at;
        let stamp = message.get(at + MARK.len()..at + MARK.len() + STAMP)?;
        let (number, clock) = stamp.split_at(NUMBER_DIGITS);
        Some(Stamp { number: digits(number)?, published_at: digits(&clock[1..])? })
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0'))
    })
}

/// The time between two readings of the clock; none when they are the wrong way round.
pub(crate) fn since(earlier: u64, now: u64) -> Duration {
    Duration::from_nanos(now.saturating_sub(earlier))
}
