//! Bounds how often lines of one kind are logged.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// How many lines of one kind [`bounded!`] logs in a second.
pub(crate) const PER_SECOND: u32 = 5;

/// Logs like the macro of [`tracing`] that it names, but at most [`PER_SECOND`] lines for each place in the code. The field
/// `left_out` says how many lines of this place were left out before. For each line that one client, one publisher or one
/// outage could cause many times a second.
///
/// ```ignore
/// bounded!(warn, %error, "a subscription was refused");
/// ```
macro_rules! bounded {
    ($level:ident, $($line:tt)+) => {{
        static LIMIT: $crate::log_limit::LogLimit =
            $crate::log_limit::LogLimit::new($crate::log_limit::PER_SECOND);
        if let Some(left_out) = LIMIT.pass() {
            let left_out = (left_out > 0).then_some(left_out);
            tracing::$level!(left_out, $($line)+);
        }
    }};
}
pub(crate) use bounded;

/// Bounds how often lines of one kind are logged, and counts those that are left out: a `static` for each place in the code
/// that logs them, which [`bounded!`] makes.
///
/// It allocates nothing and takes no lock. The next line says how many were left out before it, so the end of a flood
/// shows with the next line.
#[derive(Debug)]
pub(crate) struct LogLimit {
    per_second: u32,
    /// The second in the upper half, and how many lines it has had in the lower half.
    window: AtomicU64,
    left_out: AtomicU64,
}

/// When the first line that is bounded was logged.
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl LogLimit {
    /// At most `per_second` lines in each second.
    pub(crate) const fn new(per_second: u32) -> Self {
        Self { per_second, window: AtomicU64::new(0), left_out: AtomicU64::new(0) }
    }

    /// Whether a line may be logged now, and then how many were left out since the last one.
    pub(crate) fn pass(&self) -> Option<u64> {
        self.pass_at(BEGUN.elapsed().as_secs())
    }

    /// `second` may also be the one before, where threads race.
    fn pass_at(&self, second: u64) -> Option<u64> {
        let admit = |window: u64| {
            let (of, lines) = (window >> 32, window & u64::from(u32::MAX));
            if second > of {
                Some((second << 32) + 1)
            } else {
                (lines < u64::from(self.per_second)).then_some(window + 1)
            }
        };
        if self.window.fetch_update(Ordering::AcqRel, Ordering::Acquire, admit).is_err() {
            self.left_out.fetch_add(1, Ordering::AcqRel);
            return None;
        }
        Some(self.left_out.swap(0, Ordering::AcqRel))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
        thread,
        time::Duration,
    };

    use super::*;

    #[test]
    fn passes_so_many_in_a_second_and_tells_how_many_it_left_out() {
        let limit = LogLimit::new(2);
        let told: Vec<_> = [0, 0, 0, 0, 1, 1, 1, 5, 5, 5, 9].map(|s| limit.pass_at(s)).into();
        let expected =
            [Some(0), Some(0), None, None, Some(2), Some(0), None, Some(1), Some(0), None, Some(1)];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_clock_that_was_read_earlier_opens_no_second_again() {
        let limit = LogLimit::new(1);
        assert_eq!([4, 3, 4, 5].map(|s| limit.pass_at(s)), [Some(0), None, None, Some(2)]);
    }

    #[test]
    fn loses_no_line_between_threads() {
        const LINES: u64 = 10_000;
        let limit = LogLimit::new(7);
        let (passed, told) = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        (0..LINES).filter_map(|n| limit.pass_at(n / 1000)).fold((0, 0), add)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|t| t.join().unwrap())
                .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        });
        let left_out = limit.pass_at(LINES).unwrap();
        assert_eq!(passed + told + left_out, 4 * LINES);
        assert!(passed <= 7 * 10, "{passed} lines in ten seconds");
    }

    fn add((lines, told): (u64, u64), left_out: u64) -> (u64, u64) {
        (lines + 1, told + left_out)
    }

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Log {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_says_how_many_like_it_were_left_out_before_it() {
        const LINES: usize = 1000;
        /// Far more than it ever takes.
        const PATIENCE: Duration = Duration::from_secs(30);
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone());
        let line = || bounded!(warn, n = 1, "a line");
        tracing::subscriber::with_default(subscriber.finish(), || {
            (0..LINES).for_each(|_| line());
            let lines = log.text().lines().count();
            assert!(lines < LINES, "{lines} lines");
            // Until another second has begun.
            let begun = Instant::now();
            while !log.text().contains("left_out") {
                assert!(begun.elapsed() < PATIENCE, "nothing was told of the others");
                line();
                thread::yield_now();
            }
        });
        let text = log.text();
        let first = text.lines().next().unwrap();
        assert!(first.contains(r#""message":"a line""#) && !first.contains("left_out"), "{first}");
    }

    #[test]
    fn the_first_line_passes() {
        assert_eq!(LogLimit::new(1).pass(), Some(0));
    }
}
