//! What a process wrote.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    io::{BufRead, BufReader, PipeReader, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

/// How many lines are kept. When a line more comes, the oldest goes.
const LINES: usize = 2_000;
/// How much of a line is kept: bytes. The rest of a longer one counts as the next line.
const LINE_BYTES: u64 = 8 * 1024;
/// How many lines an error shows.
const TAIL: usize = 40;

/// What a process wrote to its standard output and error, in the order in which it wrote.
///
/// The newest 2,000 lines are kept. A thread reads the pipe, so a test that does not look at the log, or
/// that blocks its runtime, does not hold the process up.
#[derive(Clone, Debug)]
pub struct Log {
    lines: Arc<Mutex<Lines>>,
    /// The number of lines written so far; closed at the end.
    written: watch::Receiver<u64>,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<Arc<str>>,
    /// How many lines came before those kept.
    dropped: u64,
}

impl Log {
    /// Reads `pipe` until every process that can write to it has ended.
    pub(crate) fn read(pipe: PipeReader) -> Self {
        let (written, receiver) = watch::channel(0);
        let log = Self { lines: Arc::default(), written: receiver };
        let lines = Arc::clone(&log.lines);
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            loop {
                line.clear();
                match pipe.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
                let line = String::from_utf8_lossy(&line);
                let mut lines = lock(&lines);
                lines.kept.push_back(line.trim_end().into());
                if lines.kept.len() > LINES {
                    lines.kept.pop_front();
                    lines.dropped += 1;
                }
                written.send_replace(lines.end());
            }
        });
        log
    }

    /// The number of lines written so far: what [`find`](Self::find) takes to look only at later ones.
    pub fn end(&self) -> u64 {
        lock(&self.lines).end()
    }

    /// The first line from number `from` on that `matches` makes something of, waiting for it if need be;
    /// `None` when the process ended without one.
    ///
    /// This wait has no limit of its own.
    pub async fn find<T>(
        &self,
        mut from: u64,
        mut matches: impl FnMut(&str) -> Option<T>,
    ) -> Option<T> {
        while let Some((number, line)) = self.next(from).await {
            if let Some(found) = matches(&line) {
                return Some(found);
            }
            from = number + 1;
        }
        None
    }

    /// The first line from number `from` on that is kept, with its number, waiting for it if need be;
    /// `None` when the process ended without one.
    pub async fn next(&self, from: u64) -> Option<(u64, Arc<str>)> {
        let mut written = self.written.clone();
        // Ends with an error when the writer is gone, after which the last lines are still to be read.
        let _ = written.wait_for(|written| *written > from).await;
        let lines = lock(&self.lines);
        let number = from.max(lines.dropped);
        let index = usize::try_from(number - lines.dropped).unwrap_or(usize::MAX);
        lines.kept.get(index).map(|line| (number, Arc::clone(line)))
    }

    /// Waits until nothing more can come.
    pub(crate) async fn closed(&self) {
        let mut written = self.written.clone();
        while written.changed().await.is_ok() {}
    }

    /// Whether a line that is kept has `text` in it.
    pub fn contains(&self, text: &str) -> bool {
        lock(&self.lines).kept.iter().any(|line| line.contains(text))
    }

    /// The newest lines, as an error shows them.
    pub fn tail(&self) -> String {
        let lines = lock(&self.lines);
        if lines.kept.is_empty() {
            return "; it wrote nothing".into();
        }
        let mut tail = String::from("; it wrote last:");
        for line in lines.kept.iter().skip(lines.kept.len().saturating_sub(TAIL)) {
            let _ = write!(tail, "\n  | {line}");
        }
        tail
    }
}

impl Lines {
    fn end(&self) -> u64 {
        self.dropped + self.kept.len() as u64
    }
}

/// The lock is held for a few moves of memory only, never over an await; a panic of one test's thread
/// leaves the lines as good as they were.
fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write as _};

    use super::{LINE_BYTES, LINES, Log};

    #[tokio::test]
    async fn keeps_the_newest_lines() {
        let (reader, mut writer) = io::pipe().unwrap();
        let log = Log::read(reader);
        for number in 0..LINES + 5 {
            writeln!(writer, "line {number}").unwrap();
        }
        drop(writer);
        log.closed().await;
        assert_eq!(log.end(), LINES as u64 + 5);
        // What is gone is left out, not waited for.
        let (number, line) = log.next(0).await.unwrap();
        assert_eq!((number, &*line), (5, "line 5"));
        assert!(!log.contains("line 4 ") && log.contains(&format!("line {}", LINES + 4)));
    }

    #[tokio::test]
    async fn cuts_a_line_that_is_too_long() {
        let (reader, mut writer) = io::pipe().unwrap();
        let log = Log::read(reader);
        let long = "x".repeat(usize::try_from(LINE_BYTES).unwrap() + 1);
        std::thread::spawn(move || writeln!(writer, "{long}").unwrap());
        assert_eq!(log.next(1).await.map(|(_, line)| line.len()), Some(1));
    }
}
