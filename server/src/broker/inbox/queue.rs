//! The messages of one channel in an inbox.

use std::collections::VecDeque;

use crate::broker::{Missed, Publication};

/// What a message costs besides its own bytes.
const ENTRY_BYTES: usize = 128;

/// Publications of one channel that are taken in one turn …
pub(super) const TURN: usize = 256;
/// … and bytes of them, overrun by at most one publication.
const TURN_BYTES: usize = 128 * 1024;

/// The messages of one channel in an inbox.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) publications: VecDeque<Publication>,
    pub(super) bytes: usize,
    pub(super) missed: Missed,
}

impl Queue {
    /// How many publications are taken in one turn, and how many bytes they are.
    pub(super) fn turn(&self) -> (usize, usize) {
        let (mut many, mut bytes) = (0, 0);
        for publication in self.publications.iter().take(TURN) {
            if bytes >= TURN_BYTES {
                break;
            }
            many += 1;
            bytes += cost(publication);
        }
        (many, bytes)
    }
}

impl Missed {
    pub(super) fn add(&mut self, publication: &Publication) {
        match publication.tracked {
            Some(_) => self.kept = true,
            None => self.lost += 1,
        }
    }
}

/// Bytes of a message, as the bounds count them.
pub(super) fn cost(publication: &Publication) -> usize {
    publication.payload.len() + ENTRY_BYTES
}
