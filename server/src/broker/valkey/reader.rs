//! Takes what a subscribed connection reads.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;

use crate::broker::Inbox;

/// Takes what a subscribed connection reads: redis-rs calls it as it reads, and nothing waits in between.
#[derive(Debug)]
pub(super) struct Reader {
    inbox: Arc<Inbox>,
    /// Held while a message is put into the inbox: behind [`Reader::close`] none is.
    is_open: Mutex<bool>,
    /// Counts messages and confirmations.
    received: AtomicU64,
    disconnected: Notify,
}

impl Reader {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        let (received, disconnected) = (AtomicU64::new(0), Notify::new());
        Self { inbox, is_open: Mutex::new(true), received, disconnected }
    }

    /// Takes what was read. Never waits.
    pub(super) fn take(&self, push: PushInfo) {
        self.received.fetch_add(1, Ordering::Relaxed);
        match push.kind {
            PushKind::Message => {
                let mut data = push.data.into_iter();
                let (channel, message) = (data.next(), data.next());
                let (Some(Value::BulkString(channel)), Some(Value::BulkString(message))) =
                    (channel, message)
                else {
                    return;
                };
                // Our channels have names of ASCII characters.
                let Ok(channel) = str::from_utf8(&channel) else { return };
                let is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
                if *is_open {
                    // Takes the buffer over, without copying.
                    self.inbox.push(channel, Bytes::from(message));
                }
            }
            PushKind::Disconnection => self.disconnected.notify_one(),
            _ => {}
        }
    }

    /// Drops later messages: they belong to a connection that was given up.
    pub(super) fn close(&self) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }

    /// How many messages and confirmations have come.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Waits until the connection is closed by the other side.
    pub(super) async fn disconnected(&self) {
        self.disconnected.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::broker::{ChannelKey, InboxLimits, Incoming};

    fn message(text: &str) -> PushInfo {
        let data = ["a", text].map(|part| Value::BulkString(part.into())).to_vec();
        PushInfo { kind: PushKind::Message, data }
    }

    #[test]
    fn a_message_goes_into_the_inbox_until_the_connection_is_given_up() {
        let inbox = Arc::new(Inbox::new(InboxLimits { channel_bytes: 1000, total_bytes: 1000 }));
        inbox.subscribe(&ChannelKey::from("a"));
        let reader = Reader::new(inbox.clone());
        reader.take(message("1"));
        let Some(Incoming::Publications(come)) = inbox.next().now_or_never() else { panic!() };
        assert_eq!(come.publications[0].payload, "1");
        reader.close();
        reader.take(message("2"));
        assert_eq!(inbox.next().now_or_never(), None);
    }
}
