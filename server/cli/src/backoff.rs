//! How long to wait before a retry.

use std::time::Duration;

/// The first pause is a random part of this; the range doubles with each failure …
const FIRST: Duration = Duration::from_millis(250);
/// … up to this.
const LONGEST: Duration = Duration::from_secs(5);

/// Exponential back-off with full jitter: without jitter, all clients of a replica that left would reconnect at once.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next pause: at least `at_least`, the server's minimum.
    pub(crate) fn next(&mut self, at_least: Duration) -> Duration {
        let ceiling = FIRST.saturating_mul(2u32.saturating_pow(self.failures)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(rand::random()).max(at_least)
    }

    /// Starts over with short pauses.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, FIRST, LONGEST};

    #[test]
    fn pauses_grow_to_a_limit() {
        let mut backoff = Backoff::default();
        for failure in 0..100 {
            let pause = backoff.next(Duration::ZERO);
            assert!(pause <= LONGEST);
            assert!(failure > 0 || pause <= FIRST);
        }
        backoff.reset();
        assert!(backoff.next(Duration::ZERO) <= FIRST);
    }

    #[test]
    fn the_server_may_ask_for_a_longer_pause() {
        let asked = Duration::from_secs(60);
        assert_eq!(Backoff::default().next(asked), asked);
    }
}
