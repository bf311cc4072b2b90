//! A publisher that knows exactly what was published.

use std::time::Duration;

use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisResult, aio::MultiplexedConnection};
use tidings_contract::EventId;
use tokio::time::{sleep, timeout};

use super::{Place, payload};

/// The longest pause before another try.
const PAUSE: Duration = Duration::from_millis(200);
/// How long one try may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Publishes the events of one channel, one after the other, each until Valkey has acknowledged it: by the one
/// command that any Redis client can send, with an idempotency key for each event.
#[derive(Debug)]
pub struct Publisher {
    place: Place,
    connection: Option<MultiplexedConnection>,
    key: String,
    published: u64,
    padding: usize,
}

impl Publisher {
    /// A publisher for a channel of `onUpdates`. It connects when it publishes.
    pub fn new(place: impl Into<Place>, channel: &str) -> Self {
        let key = format!("updates:{{{channel}}}");
        Self { place: place.into(), connection: None, key, published: 0, padding: 0 }
    }

    /// Makes each payload so many bytes longer.
    #[must_use]
    pub fn padded(mut self, bytes: usize) -> Self {
        self.padding = bytes;
        self
    }

    /// How many events Valkey has acknowledged: the number of the last one.
    pub fn published(&self) -> u64 {
        self.published
    }

    /// Publishes the next event, and tries until it is acknowledged. This has no limit of its own.
    pub async fn publish(&mut self) -> EventId {
        let number = self.published + 1;
        let payload = payload::write(number, self.padding);
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

    /// Publishes the next so many events in one pipeline, and tries until all are acknowledged. This has no limit of
    /// its own.
    pub async fn publish_together(&mut self, count: usize) {
        let mut pipeline = redis::pipe();
        for number in (self.published + 1..).take(count) {
            let payload = payload::write(number, self.padding);
            pipeline.add_command(self.command(number, &payload)).ignore();
        }
        while self.send(&pipeline).await.is_err() {
            sleep(PAUSE.mul_f64(rand::random())).await;
        }
        self.published += count as u64;
    }

    async fn send(&self, pipeline: &Pipeline) -> RedisResult<()> {
        // The library's half a second is too short for so many, where the machine is busy.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let client = self.place.client().await?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        pipeline.query_async(&mut connection).await
    }

    async fn call(&mut self, number: u64, payload: &str) -> RedisResult<String> {
        let publish = self.command(number, payload);
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                let connection =
                    self.place.client().await?.get_multiplexed_async_connection().await?;
                self.connection.insert(connection)
            }
        };
        publish.query_async(connection).await
    }

    fn command(&self, number: u64, payload: &str) -> Cmd {
        let mut publish = redis::cmd("FCALL");
        publish.arg("tidings_publish").arg(1).arg(&self.key).arg(payload).arg(number);
        publish
    }
}
