//! Those who listen, and who publishes to them.

use tidings_testkit::{
    ValkeyProcess,
    load::{Crowd, Promise, Publisher, Verdict},
};

const CHANNEL: &str = "list-1";

/// Subscribers of one channel, and who publishes to them. Events are numbered from 1.
pub(crate) struct Audience {
    crowd: Crowd,
    publisher: Publisher,
}

impl Audience {
    /// Connects so many subscribers, and waits until all have been told `started`.
    pub(crate) async fn join(url: String, valkey: &ValkeyProcess, subscribers: usize) -> Self {
        let crowd = Crowd::join([url], &[CHANNEL.to_owned()], subscribers).await.unwrap();
        Self { crowd, publisher: Publisher::new(valkey, CHANNEL) }
    }

    /// Publishes the next event, and waits until all have it.
    pub(crate) async fn hear(&mut self) {
        self.publisher.publish().await;
        self.crowd.reached(&[self.publisher.published()]).await.unwrap();
    }

    /// Publishes so many events at once, and waits until all have them.
    pub(crate) async fn hear_together(&mut self, events: usize) {
        self.publisher.publish_together(events).await;
        self.crowd.reached(&[self.publisher.published()]).await.unwrap();
    }

    /// Checks that what was counted is the price of delivering everything to everyone, once.
    pub(crate) async fn leave(self) {
        let seen = self.crowd.leave().await;
        let verdict = Verdict::of(&seen, &[self.publisher.published()]);
        assert!(verdict.broken(Promise::Everything).is_empty(), "{verdict:#?}");
        assert_eq!(verdict.reconnects, 0, "{verdict:#?}");
    }
}
