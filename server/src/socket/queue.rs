//! What waits to be written to one socket, in order.
//!
//! Two sources write to a WebSocket: jsonrpsee, in pieces of its own choice, and the hub, in whole frames. The
//! order between them is settled when bytes come in, and a frame of the hub goes only between messages of
//! jsonrpsee: it is held while one is incomplete.
//!
//! The same two write the answer of an event stream: hyper its head and its end, the hub the chunks between.

use std::{collections::VecDeque, io};

use bytes::Bytes;

use super::{
    CloseCode,
    tracker::{FrameTracker, Header, Seen},
    wire::Wire,
};

/// How many pieces one system call writes at the most.
const PIECES: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    /// How much of the first entry is written.
    written: usize,
    /// Whole frames that came while a message of jsonrpsee's was incomplete, and chunks that came before the head of their
    /// answer was written.
    held: Vec<Entry>,
    /// All that waits.
    bytes: usize,
    /// What waits of jsonrpsee's.
    rpc_bytes: usize,
    /// What waits of lanes.
    lane_bytes: usize,
    stream: Stream,
}

#[derive(Debug)]
struct Entry {
    owner: Owner,
    bytes: Bytes,
}

/// Who sends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// jsonrpsee: pings and pongs, errors about batches that are too long, the end; and all of HTTP.
    Rpc,
    /// An answer, or the first or last word on a subscription. It is always written.
    Answer,
    /// The events of a subscription, named by its lane.
    Events(u32),
    /// What is said on that lane besides events.
    Control(u32),
}

/// What jsonrpsee's bytes are.
#[derive(Debug, Default)]
enum Stream {
    /// HTTP, which nobody else writes to.
    #[default]
    Http,
    /// HTTP. The head of an answer has been handed over whose body consists of the hub's chunks, and may not be written yet.
    Asked,
    /// That head is written. The hub's chunks follow; hyper's next bytes end the body.
    Chunks,
    /// The head of the answer that begins the WebSocket. This many bytes of its empty line have come.
    Head(usize),
    Frames(FrameTracker),
    /// Nothing any more: the WebSocket is closed.
    Closed,
}

/// How writing went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Nothing waits.
    All,
    /// The socket takes no more; it has taken something, or nothing.
    Blocked { some: bool },
}

impl Queue {
    /// Says that what jsonrpsee writes next is the answer that begins a WebSocket.
    pub(super) fn upgrade(&mut self) {
        self.stream = Stream::Head(0);
    }

    /// Says that the answer whose head hyper writes next has the hub's chunks for its body.
    pub(super) fn ask(&mut self) {
        if matches!(self.stream, Stream::Http) {
            self.stream = Stream::Asked;
        }
    }

    /// Says that hyper has handed over all that it had. Returns whether chunks may be written from now on.
    pub(super) fn flushed(&mut self) -> bool {
        let begins = matches!(self.stream, Stream::Asked);
        if begins {
            self.stream = Stream::Chunks;
            self.release();
        }
        begins
    }

    /// Whether chunks may be written.
    pub(super) fn takes_chunks(&self) -> bool {
        matches!(self.stream, Stream::Chunks)
    }

    /// Forgets what is held: the answer that it was for is over.
    pub(super) fn end_answer(&mut self) {
        self.remove_held(|_| true);
        if matches!(self.stream, Stream::Asked) {
            self.stream = Stream::Http;
        }
    }

    /// Whether something is held.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes what is held.
    pub(super) fn take_held(&mut self) -> Vec<(Owner, Bytes)> {
        let held = std::mem::take(&mut self.held);
        for Entry { owner, bytes } in &held {
            self.bytes -= bytes.len();
            self.lane_bytes -= if owner.is_lane() { bytes.len() } else { 0 };
        }
        held.into_iter().map(|Entry { owner, bytes }| (owner, bytes)).collect()
    }

    /// Adds whole frames, or whole chunks.
    pub(super) fn push(&mut self, owner: Owner, bytes: Bytes) {
        let entry = Entry { owner, bytes };
        match &self.stream {
            _ if entry.bytes.is_empty() => {}
            Stream::Closed => {}
            Stream::Chunks => self.add(entry),
            Stream::Frames(tracker) if tracker.is_between_messages() => self.add(entry),
            _ => {
                self.count(&entry);
                self.held.push(entry);
            }
        }
    }

    /// Whether nothing waits, and a whole frame may be written.
    pub(super) fn is_idle(&self) -> bool {
        self.entries.is_empty()
            && match &self.stream {
                Stream::Frames(tracker) => tracker.is_between_messages(),
                Stream::Chunks => true,
                _ => false,
            }
    }

    /// Adds whole frames to an idle queue of which so many bytes are written already.
    pub(super) fn push_rest(&mut self, owner: Owner, bytes: Bytes, written: usize) {
        self.push(owner, bytes);
        self.advance(written);
    }

    /// Adds bytes of jsonrpsee's, and answers how many messages they complete. If they begin a close frame,
    /// `close` may say what to send in its stead.
    pub(super) fn push_rpc(
        &mut self,
        bytes: &[u8],
        close: impl FnOnce() -> Option<CloseCode>,
    ) -> usize {
        let mut messages = 0;
        let mut close = Some(close);
        let (mut begin, mut rest) = (0, bytes);
        // Where the current frame began, if it did so in these bytes.
        let mut frame = None;
        loop {
            let at = bytes.len() - rest.len();
            match &mut self.stream {
                Stream::Http | Stream::Asked => break,
                Stream::Chunks if bytes.is_empty() => break,
                Stream::Chunks => {
                    self.stream = Stream::Http;
                    break;
                }
                Stream::Closed => return messages,
                Stream::Head(matched) => {
                    let Some((byte, behind)) = rest.split_first() else { break };
                    rest = behind;
                    *matched = match (*byte, *matched) {
                        (b'\n', 3) => {
                            self.stream = Stream::Frames(FrameTracker::default());
                            continue;
                        }
                        (b'\r', 2) => 3,
                        (b'\n', 1) => 2,
                        (b'\r', _) => 1,
                        _ => 0,
                    };
                }
                Stream::Frames(tracker) => {
                    if tracker.is_between_messages() && !self.held.is_empty() {
                        self.add_rpc(&bytes[begin..at]);
                        begin = at;
                        self.release();
                        continue;
                    }
                    let begins_close = tracker.is_between_frames()
                        && rest.first().is_some_and(|byte| byte & 0x0f == Header::CLOSE);
                    if begins_close && let Some(code) = close.take().and_then(|close| close()) {
                        self.add_rpc(&bytes[begin..at]);
                        self.close(code);
                        return messages;
                    }
                    if tracker.is_between_frames() {
                        frame = Some(at);
                    }
                    let Some(seen) = tracker.next(&mut rest) else { break };
                    let end = bytes.len() - rest.len();
                    match seen {
                        Seen::End(header) if header.opcode == Header::CLOSE => {
                            self.add_rpc(&bytes[begin..end]);
                            self.stream = Stream::Closed;
                            self.remove_held(|_| true);
                            return messages;
                        }
                        Seen::End(header) if header.is_control() => {
                            if let Some(from) = frame {
                                self.add_rpc(&bytes[begin..from]);
                                self.add_control(&bytes[from..end]);
                                begin = end;
                            }
                        }
                        Seen::End(header) => messages += usize::from(header.ends_message()),
                        Seen::Header(_) => {}
                    }
                }
            }
        }
        self.add_rpc(&bytes[begin..]);
        messages
    }

    /// Closes the WebSocket: what waits is written, then this, and what comes after it is not.
    pub(super) fn close(&mut self, code: CloseCode) {
        if matches!(self.stream, Stream::Closed) {
            return;
        }
        let between =
            matches!(&self.stream, Stream::Frames(tracker) if tracker.is_between_frames());
        self.stream = Stream::Closed;
        // A message that will not be completed stands before what is held.
        self.remove_held(|_| true);
        if between {
            self.add(Entry { owner: Owner::Answer, bytes: code.frame() });
        }
    }

    /// Whether the WebSocket is closed.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.stream, Stream::Closed)
    }

    /// Lets go of everything.
    pub(super) fn clear(&mut self) {
        *self = Self { stream: Stream::Closed, ..Self::default() };
    }

    /// Lets go of what waits of these owners. What has begun to be written stays.
    pub(super) fn remove(&mut self, is_theirs: impl Fn(Owner) -> bool) {
        let mut begun = self.written > 0;
        let mut removed = Removed::default();
        self.entries.retain(|entry| std::mem::take(&mut begun) || removed.keep(entry, &is_theirs));
        self.subtract(&removed);
        self.remove_held(is_theirs);
    }

    fn remove_held(&mut self, is_theirs: impl Fn(Owner) -> bool) {
        let mut removed = Removed::default();
        self.held.retain(|entry| removed.keep(entry, &is_theirs));
        self.subtract(&removed);
    }

    fn subtract(&mut self, removed: &Removed) {
        self.bytes -= removed.bytes;
        self.lane_bytes -= removed.lane_bytes;
    }

    /// The owners of what waits and can be removed, with its bytes.
    pub(super) fn removable(&self) -> impl Iterator<Item = (Owner, usize)> {
        let begun = usize::from(self.written > 0);
        let entries = self.entries.iter().skip(begun).chain(&self.held);
        entries.map(|entry| (entry.owner, entry.bytes.len()))
    }

    /// All that waits, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What waits of lanes and can be removed, in bytes.
    pub(super) fn lane_bytes(&self) -> usize {
        let begun = self.entries.front().filter(|entry| self.written > 0 && entry.owner.is_lane());
        self.lane_bytes - begun.map_or(0, |entry| entry.bytes.len() - self.written)
    }

    /// What waits that is neither a lane's nor jsonrpsee's, in bytes.
    pub(super) fn answer_bytes(&self) -> usize {
        self.bytes - self.lane_bytes - self.rpc_bytes
    }

    /// Whether all is written that can be.
    pub(super) fn is_written(&self) -> bool {
        self.entries.is_empty()
    }

    /// What waits of jsonrpsee's, in bytes.
    pub(super) fn rpc_bytes(&self) -> usize {
        self.rpc_bytes
    }

    /// Writes as much as the socket takes.
    ///
    /// # Errors
    ///
    /// When the socket is broken.
    pub(super) fn write(&mut self, wire: &Wire) -> io::Result<Written> {
        let mut some = false;
        while let Some(first) = self.entries.front() {
            let first = io::IoSlice::new(&first.bytes[self.written..]);
            let (asked, written) = if self.entries.len() == 1 {
                (first.len(), wire.try_write(&[first]))
            } else {
                let mut pieces = [first; PIECES];
                let mut asked = first.len();
                for (piece, entry) in pieces.iter_mut().zip(&self.entries).skip(1) {
                    *piece = io::IoSlice::new(&entry.bytes);
                    asked += piece.len();
                }
                (asked, wire.try_write(&pieces[..self.entries.len().min(PIECES)]))
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.advance(written);
                    some = true;
                    // The socket is full: asking again would only be told so.
                    if written < asked {
                        return Ok(Written::Blocked { some });
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Written::Blocked { some });
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        // Most sockets take everything at once: most connections keep no room for what waits.
        self.entries.shrink_to_fit();
        Ok(Written::All)
    }

    /// The three counts, made anew.
    #[cfg(test)]
    pub(super) fn recount(&self) -> [usize; 3] {
        let sum = |is_of: fn(Owner) -> bool| {
            let entries = self.entries.iter().chain(&self.held).filter(|entry| is_of(entry.owner));
            let begun = self.entries.front().filter(|entry| is_of(entry.owner));
            entries.map(|entry| entry.bytes.len()).sum::<usize>()
                - begun.map_or(0, |_| self.written)
        };
        [sum(|_| true), sum(Owner::is_lane), sum(|owner| owner == Owner::Rpc)]
    }

    #[cfg(test)]
    pub(super) fn counts(&self) -> [usize; 3] {
        [self.bytes, self.lane_bytes, self.rpc_bytes]
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(first) = self.entries.front() {
            let left = first.bytes.len() - self.written;
            let here = left.min(written);
            match first.owner {
                Owner::Rpc => self.rpc_bytes -= here,
                Owner::Answer => {}
                Owner::Events(_) | Owner::Control(_) => self.lane_bytes -= here,
            }
            if here < left {
                self.written += here;
                return;
            }
            written -= here;
            self.written = 0;
            self.entries.pop_front();
            if written == 0 {
                return;
            }
        }
    }

    fn add(&mut self, entry: Entry) {
        if !entry.bytes.is_empty() {
            self.count(&entry);
            self.entries.push_back(entry);
        }
    }

    fn add_rpc(&mut self, bytes: &[u8]) {
        self.rpc_bytes += bytes.len();
        self.add(Entry { owner: Owner::Rpc, bytes: Bytes::copy_from_slice(bytes) });
    }

    /// Adds a ping or pong of jsonrpsee's before what waits of others: a client that reads slowly is to be seen
    /// reading.
    fn add_control(&mut self, frame: &[u8]) {
        let begun = usize::from(self.written > 0);
        // What jsonrpsee has sent before may end within a frame.
        let theirs = self.entries.iter().rposition(|entry| entry.owner == Owner::Rpc);
        let entry = Entry { owner: Owner::Rpc, bytes: Bytes::copy_from_slice(frame) };
        self.rpc_bytes += frame.len();
        self.count(&entry);
        self.entries.insert(begun.max(theirs.map_or(0, |at| at + 1)), entry);
    }

    fn count(&mut self, entry: &Entry) {
        self.bytes += entry.bytes.len();
        if entry.owner.is_lane() {
            self.lane_bytes += entry.bytes.len();
        }
    }

    /// Moves what was held to the end.
    fn release(&mut self) {
        self.entries.extend(self.held.drain(..));
    }
}

impl Owner {
    pub(super) fn is_lane(self) -> bool {
        matches!(self, Self::Events(_) | Self::Control(_))
    }
}

/// What is let go of.
#[derive(Debug, Default)]
struct Removed {
    bytes: usize,
    lane_bytes: usize,
}

impl Removed {
    fn keep(&mut self, entry: &Entry, is_theirs: impl Fn(Owner) -> bool) -> bool {
        if !is_theirs(entry.owner) {
            return true;
        }
        self.bytes += entry.bytes.len();
        if entry.owner.is_lane() {
            self.lane_bytes += entry.bytes.len();
        }
        false
    }
}
