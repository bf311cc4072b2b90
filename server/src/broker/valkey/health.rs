//! Whether Valkey can be used, as all connections of one broker know it together.
//!
//! All connections of a broker have to be at the same Valkey process. What one of them finds out about that process, such as
//! that it is no primary any longer, holds for all of them. So they live in *rounds*: when a round ends, every connection is
//! made again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::{failure::Failure, node::Node};

/// How long reads may have failed before Valkey counts as down.
const READS_LIMIT: Duration = Duration::from_secs(3);

/// Whether Valkey can be used, as all connections of one broker know it together.
#[derive(Debug)]
pub(crate) struct Health {
    /// How many subscribed connections there are to be.
    parts: usize,
    /// How many of them are up.
    up: AtomicUsize,
    round: watch::Sender<Round>,
    began: Instant,
    /// When the last check of reads succeeded: milliseconds since `began`, plus 1; 0 for never.
    read_at: AtomicU64,
}

/// The time between two moments at which all connections are made again.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    number: u64,
    /// The run id of the process that the first part and the commands have found fit for use.
    node: Option<Arc<str>>,
}

impl Health {
    /// The health of a broker with this many subscribed connections.
    pub(crate) fn new(parts: usize) -> Self {
        let (began, round) = (Instant::now(), watch::Sender::default());
        Self { parts, up: AtomicUsize::new(0), round, began, read_at: AtomicU64::new(0) }
    }

    /// Whether all subscribed connections are up, and reads have succeeded within 3 s.
    pub(crate) fn is_up(&self) -> bool {
        let limit = u64::try_from(READS_LIMIT.as_millis()).unwrap_or(u64::MAX);
        let read_at = self.read_at.load(Ordering::Relaxed);
        self.up.load(Ordering::Relaxed) == self.parts
            && read_at > 0
            && self.now().saturating_sub(read_at) <= limit
    }

    /// The number of the current round.
    pub(super) fn round(&self) -> u64 {
        self.round.borrow().number
    }

    /// To wait with until a round ends: see [`ended`].
    pub(super) fn rounds(&self) -> watch::Receiver<Round> {
        self.round.subscribe()
    }

    /// Ends this round, unless it has ended: every connection is made again.
    pub(super) fn end_round(&self, round: u64) {
        self.round.send_if_modified(|current| {
            let is_current = current.number == round;
            if is_current {
                *current = Round { number: round + 1, node: None };
            }
            is_current
        });
    }

    /// Declares a node fit for use: the other parts may go up, if they are at the same one.
    pub(super) fn lead(&self, round: u64, node: &Node) -> Result<(), Failure> {
        self.agree(round, node)?;
        self.round.send_if_modified(|current| {
            let is_news = current.number == round && current.node.is_none();
            if is_news {
                current.node = Some(node.run_id.as_str().into());
            }
            is_news
        });
        Ok(())
    }

    /// Waits until the first part has declared a node fit for use.
    ///
    /// # Errors
    ///
    /// When it is another one, which ends the round.
    pub(super) async fn follow(&self, round: u64, node: &Node) -> Result<(), Failure> {
        let mut rounds = self.rounds();
        // The sender is in `self`: it cannot be gone.
        let _ = rounds.wait_for(|current| current.number != round || current.node.is_some()).await;
        drop(rounds);
        self.agree(round, node)
    }

    /// Checks that a connection is where the others are, as far as is known.
    ///
    /// # Errors
    ///
    /// When it is elsewhere, which ends the round; and when the round has ended.
    pub(super) fn agree(&self, round: u64, node: &Node) -> Result<(), Failure> {
        let current = self.round.borrow().clone();
        if current.number != round {
            return Err(Failure::Other("all connections are being made again".to_owned()));
        }
        if current.node.is_some_and(|agreed| *agreed != *node.run_id) {
            self.end_round(round);
            let reason = "its address leads to two different nodes; all connections have to be at the same one";
            return Err(Failure::Other(reason.to_owned()));
        }
        Ok(())
    }

    /// A read has succeeded.
    pub(super) fn read(&self) {
        self.read_at.store(self.now(), Ordering::Relaxed);
    }

    /// A subscribed connection is up. Answers whether all are.
    pub(super) fn part_up(&self) -> bool {
        self.up.fetch_add(1, Ordering::Relaxed) + 1 == self.parts
    }

    /// A subscribed connection that was up is down. Answers whether it is the first one.
    pub(super) fn part_down(&self) -> bool {
        self.up.fetch_sub(1, Ordering::Relaxed) == self.parts
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

/// Waits until a round has ended.
pub(super) async fn ended(rounds: &mut watch::Receiver<Round>, round: u64) {
    if rounds.wait_for(|current| current.number != round).await.is_err() {
        // Nobody is left to end it.
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn node(run_id: &str) -> Node {
        Node { run_id: run_id.to_owned(), is_primary: true }
    }

    #[test]
    fn others_follow_the_first_part_to_its_node() {
        let health = Health::new(2);
        let (here, round) = (node("here"), health.round());
        assert!(health.follow(round, &here).now_or_never().is_none());
        health.lead(round, &here).unwrap();
        assert_eq!(health.follow(round, &here).now_or_never(), Some(Ok(())));
        assert_eq!(health.agree(round, &here), Ok(()));
    }

    #[test]
    fn a_connection_that_is_elsewhere_ends_the_round_for_all() {
        let health = Health::new(2);
        let round = health.round();
        let mut rounds = health.rounds();
        health.lead(round, &node("here")).unwrap();
        assert!(ended(&mut rounds, round).now_or_never().is_none());
        assert!(health.follow(round, &node("there")).now_or_never().unwrap().is_err());
        assert!(ended(&mut rounds, round).now_or_never().is_some());
        // Connections to the agreed node are made again, too.
        assert!(health.agree(round, &node("here")).is_err());
        // The next round is free to choose.
        assert_eq!(health.lead(health.round(), &node("there")), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_up_while_all_parts_are_and_reads_have_succeeded_lately() {
        let health = Health::new(2);
        assert!(!health.part_up());
        health.read();
        assert!(!health.is_up());
        assert!(health.part_up());
        assert!(health.is_up());
        tokio::time::advance(READS_LIMIT).await;
        assert!(health.is_up());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!health.is_up());
        health.read();
        assert!(health.is_up());
        assert!(health.part_down());
        assert!(!health.is_up() && !health.part_down());
    }
}
