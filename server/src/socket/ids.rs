//! Which subscription ids a connection has used.

use tidings_contract::SubscriptionId;

use super::calls::MessageId;

/// How many ids of either kind one connection remembers.
const REMEMBERED: usize = 128;

/// The shared ids that a connection may not be given, besides those of its live subscriptions.
///
/// A channel's shared id is worth having: the subscription shares the channel's encoding. But a client may still use an id
/// that the server has ended, for example in an unsubscribe call that it has already sent. That call must not end another
/// subscription.
///
/// An id that is not shared comes from a counter and is given once, so it needs no place here. At most 128 ids of each
/// kind are remembered; a connection that would need more is given ids of its own from then on.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Those that the server has ended, or may have: not given again.
    retired: Vec<SubscriptionId>,
    /// Those that the client has ended in a message that is not answered yet: given again when it is.
    ending: Vec<(SubscriptionId, MessageId)>,
    /// More were ended than are remembered.
    exhausted: bool,
}

impl Ids {
    /// Whether a subscription may have this shared id, if no live one has it.
    pub(super) fn may_share(&self, id: SubscriptionId) -> bool {
        !self.exhausted
            && !self.retired.contains(&id)
            && !self.ending.iter().any(|(ending, _)| *ending == id)
    }

    /// The server has ended the subscription of this shared id.
    pub(super) fn retire(&mut self, id: SubscriptionId) {
        if self.retired.len() < REMEMBERED {
            self.retired.push(id);
        } else {
            self.exhaust();
        }
    }

    /// The client has ended the subscription of this shared id, by `message`.
    pub(super) fn end(&mut self, id: SubscriptionId, message: MessageId) {
        if self.ending.len() < REMEMBERED {
            self.ending.push((id, message));
        } else {
            self.exhaust();
        }
    }

    /// `message` has been answered.
    pub(super) fn answered(&mut self, message: MessageId) {
        if self.ending.is_empty() {
            return;
        }
        self.ending.retain(|(_, by)| *by != message);
        if self.ending.is_empty() {
            // A page that leaves once costs its connection nothing afterwards.
            self.ending = Vec::new();
        }
    }

    fn exhaust(&mut self) {
        *self = Self { exhausted: true, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        sample::OnProducts,
        socket::{Call, Claim, Connection, Lane, Tape, Transport},
    };

    const CHANNELS: u64 = 4;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// A client subscribes to a channel.
        Join(u64),
        /// It does, and the call fails before it is answered.
        Fail(u64),
        /// It unsubscribes from a live subscription, if there is one. The call is answered later.
        Leave(usize),
        /// The server answers an unsubscribe call.
        Answer(usize),
        /// The server ends a live subscription.
        Stop(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..CHANNELS).prop_map(Step::Join),
            1 => (0..CHANNELS).prop_map(Step::Fail),
            2 => any::<usize>().prop_map(Step::Leave),
            2 => any::<usize>().prop_map(Step::Answer),
            1 => any::<usize>().prop_map(Step::Stop),
        ]
    }

    struct Model {
        connection: Arc<Connection>,
        next: u64,
        live: Vec<(u64, Lane)>,
        /// With the calls that have ended them.
        ending: Vec<(u64, Call)>,
        stopped: BTreeSet<u64>,
    }

    impl Model {
        fn new() -> Self {
            let connection = Tape::new(usize::MAX).connection(1000);
            let (live, ending, stopped) = (Vec::new(), Vec::new(), BTreeSet::new());
            Self { connection, next: 1000, live, ending, stopped }
        }

        /// As `subscription::open` does it. Channels are named by their shared ids.
        fn claim(&mut self, channel: u64) -> Option<Claim> {
            let Ok(opening) = self.connection.open(Transport::WebSocket) else {
                assert_eq!(self.live.len(), self.connection.terms().max_subscriptions);
                return None;
            };
            let next = &mut self.next;
            let claim = opening.claim::<OnProducts>(SubscriptionId(channel), || {
                *next += 1;
                SubscriptionId(*next)
            });
            let SubscriptionId(id) = claim.id;
            let is_used = |id| {
                self.live.iter().any(|(live, _)| *live == id)
                    || self.ending.iter().any(|(ending, _)| *ending == id)
                    || self.stopped.contains(&id)
            };
            assert!(!is_used(id), "{id} is still in use");
            assert_eq!(id != channel, is_used(channel), "the shared id is worth having");
            Some(claim)
        }

        fn run(&mut self, step: Step) {
            let nth = |n: usize, of: usize| n.checked_rem(of);
            match step {
                Step::Join(channel) => {
                    let Some(mut claim) = self.claim(channel) else { return };
                    claim.tell();
                    self.live.push((claim.id.0, claim.lane().clone()));
                    claim.hold(Box::new(()));
                }
                Step::Fail(channel) => drop(self.claim(channel)),
                Step::Leave(n) => {
                    let Some(n) = nth(n, self.live.len()) else { return };
                    let (id, _) = self.live.swap_remove(n);
                    let call = self.connection.call();
                    assert!(self.connection.end(SubscriptionId(id), call.id()));
                    self.ending.push((id, call));
                }
                Step::Answer(n) => {
                    let Some(n) = nth(n, self.ending.len()) else { return };
                    self.ending.swap_remove(n);
                }
                Step::Stop(n) => {
                    let Some(n) = nth(n, self.live.len()) else { return };
                    let (id, lane) = self.live.swap_remove(n);
                    lane.release();
                    assert!(!self.connection.end(SubscriptionId(id), self.connection.call().id()));
                    self.stopped.insert(id);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_id_is_given_again_when_the_client_knows_that_it_is_free(
            steps in prop::collection::vec(step(), 1..60),
        ) {
            let mut model = Model::new();
            for step in steps {
                model.run(step);
            }
        }
    }

    #[test]
    fn remembers_so_many_and_shares_none_beyond_that() {
        let call = Tape::new(usize::MAX).connection(1000).call();
        let ids = || (0..=REMEMBERED as u64).map(SubscriptionId);
        let (mut retired, mut ending) = (Ids::default(), Ids::default());
        for id in ids() {
            assert!(retired.may_share(id) && ending.may_share(id));
            retired.retire(id);
            ending.end(id, call.id());
            assert!(!retired.may_share(id) && !ending.may_share(id));
        }
        ending.answered(call.id());
        for ids in [retired, ending] {
            assert!(ids.retired.is_empty() && ids.ending.is_empty());
            assert!(!ids.may_share(SubscriptionId(1000)));
        }
    }
}
