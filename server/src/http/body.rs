//! The body of a `POST`, within bounds.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

/// A body that is too large is read to its end, up to this many bytes: a client or a proxy that sends all of its request before it reads the
/// answer would find a broken connection, and take that for a reason to try again. What is read is thrown away at once.
/// When there is more, the answer goes out, and the connection is closed behind it.
const DRAIN_BYTES: u64 = 64 * 1024 * 1024;

/// How long that may take, for the same reason and with the same end.
const DRAIN_TIME: Duration = Duration::from_secs(30);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// It has more bytes than it may have. `drained` says whether it was read to its end.
    TooLarge { drained: bool },
    /// It did not come to its end, or is no HTTP.
    Broken,
}

/// Reads a body of at most `max_bytes`.
///
/// # Errors
///
/// See [`BodyFault`]. Cancelling it leaves the rest of the body unread.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    max_bytes: u64,
) -> Result<Vec<u8>, BodyFault> {
    if announced(headers).is_some_and(|bytes| bytes > max_bytes) {
        return Err(BodyFault::TooLarge { drained: drain(headers, body).await });
    }
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        // Trailers are of no interest.
        let Ok(data) = frame.map_err(|_| BodyFault::Broken)?.into_data() else { continue };
        if (read.len() + data.len()) as u64 > max_bytes {
            drop(read);
            return Err(BodyFault::TooLarge { drained: drain_begun(body).await });
        }
        read.extend_from_slice(&data);
    }
    Ok(read)
}

/// Reads a body that nobody wants, and of which nothing was read. Answers whether that came to its end: false where the client
/// sends nothing before it is told to, since reading would tell it.
pub(super) async fn drain(headers: &HeaderMap, body: Body) -> bool {
    !headers.contains_key(header::EXPECT) && drain_begun(body).await
}

async fn drain_begun(body: Body) -> bool {
    drain_within(body, DRAIN_BYTES, DRAIN_TIME).await
}

async fn drain_within(mut body: Body, max_bytes: u64, time: Duration) -> bool {
    let reading = async {
        let mut left = max_bytes;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
        true
    };
    timeout(time, reading).await.unwrap_or(false)
}

/// How many bytes the body has, where the headers say so.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    /// A body of this many pieces of ten bytes.
    fn pieces(count: usize) -> Body {
        let piece = || Ok::<_, std::io::Error>("0123456789");
        Body::from_stream(stream::iter((0..count).map(move |_| piece())))
    }

    #[tokio::test]
    async fn reads_up_to_the_bound() {
        let headers = HeaderMap::new();
        assert_eq!(read(&headers, pieces(3), 30).await.unwrap().len(), 30);
        let fault = BodyFault::TooLarge { drained: true };
        assert_eq!(read(&headers, pieces(4), 30).await, Err(fault));
    }

    #[tokio::test]
    async fn drains_up_to_the_bound() {
        assert!(drain_within(pieces(10), 100, DRAIN_TIME).await);
        assert!(!drain_within(pieces(11), 100, DRAIN_TIME).await);
    }

    #[tokio::test(start_paused = true)]
    async fn drains_no_longer_than_the_bound() {
        let never = Body::from_stream(stream::pending::<Result<&str, std::io::Error>>());
        assert!(!drain_within(never, 100, DRAIN_TIME).await);
    }
}
