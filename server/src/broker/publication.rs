//! What was published, with its place in the channel if it has one.

use bytes::Bytes;

use super::Position;

/// A payload as it comes from a broker. Nothing has looked into it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publication {
    /// Absent where it was published past Tidings, by a plain `PUBLISH`: it was not kept, and cannot be read
    /// again.
    pub tracked: Option<Tracked>,
    /// What was published.
    pub payload: Bytes,
}

/// What the broker knows of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tracked {
    /// Its place in the channel.
    pub position: Position,
    /// When it was published, by the broker's clock: milliseconds since 1970.
    pub published_at_ms: u64,
}

/// What a tracked message begins with. `functions.lua` writes it.
const HEADER: &[u8] = b"tidings/1 ";

impl Publication {
    /// Reads a message of the pub/sub channel: `tidings/1 <epoch> <offset> <publishedAtMs>\n<payload>`, or
    /// just a payload.
    pub(crate) fn parse(message: Bytes) -> Self {
        match header(&message) {
            Some((tracked, length)) => {
                Self { tracked: Some(tracked), payload: message.slice(length..) }
            }
            None => Self { tracked: None, payload: message },
        }
    }

    /// Its offset, if it is tracked.
    pub(crate) fn offset(&self) -> Option<u64> {
        self.tracked.map(|tracked| tracked.position.offset)
    }
}

fn header(message: &[u8]) -> Option<(Tracked, usize)> {
    let rest = message.strip_prefix(HEADER)?;
    let end = rest.iter().position(|b| *b == b'\n')?;
    let line = std::str::from_utf8(&rest[..end]).ok()?;
    let mut words = line.split(' ');
    let epoch = words.next()?.parse().ok()?;
    let offset = words.next()?.parse().ok()?;
    let published_at_ms = words.next()?.parse().ok()?;
    let tracked = Tracked { position: Position { epoch, offset }, published_at_ms };
    words.next().is_none().then_some((tracked, HEADER.len() + end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: &str = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";

    #[test]
    fn a_tracked_message_has_a_header_line() {
        let message = format!("tidings/1 {EPOCH} 42 1767225600000\n[\n]");
        let publication = Publication::parse(message.into());
        let tracked = publication.tracked.unwrap();
        assert_eq!(tracked.position.to_string(), format!("{EPOCH}:42"));
        assert_eq!(tracked.published_at_ms, 1_767_225_600_000);
        assert_eq!(publication.payload, "[\n]");
    }

    #[test]
    fn anything_else_is_a_plain_payload() {
        for message in [
            "[]".to_owned(),
            String::new(),
            "tidings/1 ".to_owned(),
            "tidings/1 x 1 1\n[]".to_owned(),
            format!("tidings/1 {EPOCH} 1\n[]"),
            format!("tidings/1 {EPOCH} 1 1 1\n[]"),
            format!("tidings/1 {EPOCH} 1 1"),
            format!("tidings/2 {EPOCH} 1 1\n[]"),
        ] {
            let publication = Publication::parse(message.clone().into());
            assert_eq!(publication, Publication { tracked: None, payload: message.into() });
        }
    }
}
