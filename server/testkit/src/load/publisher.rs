//! A publisher that knows exactly what was published.

use std::time::Duration;

use redis::{Client, RedisResult, aio::MultiplexedConnection};
use tidings_schema::EventId;
use tokio::time::{sleep, timeout};

use super::payload;
use crate::ValkeyProcess;

/// The longest pause before another try.
const PAUSE: Duration = Duration::from_millis(200);
/// How long one try may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Publishes the events of one channel, one after the other, each until Valkey has acknowledged it: by the one
/// command that any Redis client can send, with an idempotency key for each event.
#[derive(Debug)]
pub struct Publisher {
    client: Client,
    connection: Option<MultiplexedConnection>,
    key: String,
    published: u64,
}

impl Publisher {
    /// A publisher for a channel of `onUpdates`. It connects when it publishes.
    ///
    /// # Panics
    ///
    /// Never: the address of a [`ValkeyProcess`] is one.
    pub fn new(valkey: &ValkeyProcess, channel: &str) -> Self {
        let client = Client::open(valkey.url()).expect("Valkey has an address");
        Self { client, connection: None, key: format!("updates:{{{channel}}}"), published: 0 }
    }

    /// How many events Valkey has acknowledged: the number of the last one.
    pub fn published(&self) -> u64 {
        self.published
    }

    /// Publishes the next event, and tries until it is acknowledged. This has no limit of its own.
    pub async fn publish(&mut self) -> EventId {
        let number = self.published + 1;
        let payload = payload::write(number);
        loop {
            match timeout(ANSWER, self.call(number, &payload)).await {
                Ok(Ok(id)) => {
                    self.published = number;
                    return id.into();
                }
                // Valkey is away, or no replica has brought the function back yet. Whether the event was
                // published is not known; its key sees to it that it is not published twice.
                Ok(Err(_)) | Err(_) => {
                    self.connection = None;
                    sleep(PAUSE.mul_f64(rand::random())).await;
                }
            }
        }
    }

    async fn call(&mut self, number: u64, payload: &str) -> RedisResult<String> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                let connection = self.client.get_multiplexed_async_connection().await?;
                self.connection.insert(connection)
            }
        };
        let mut publish = redis::cmd("FCALL");
        publish.arg("tidings_publish").arg(1).arg(&self.key).arg(payload).arg(number);
        publish.query_async(connection).await
    }
}
