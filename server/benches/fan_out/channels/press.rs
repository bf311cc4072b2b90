//! Who publishes to many channels.

use std::{
    thread,
    time::{Duration, Instant},
};

use redis::{Connection, Pipeline};

use super::language::Language;
use crate::{
    error::BoxError,
    payload::{Clock, Payload},
    publisher::Plan,
};

/// Events in a row go to channels that are far apart, and so to different connections: this many channels further each
/// time. It is prime, and greater than any number of channels, so that every channel has its turn before any has two.
const STRIDE: u64 = 1_299_709;

/// What Centrifugo's nodes do in Redis when they publish with history.
const CENTRIFUGO: &str = "
local epoch = redis.call('HGET', KEYS[2], 'e')
if not epoch then
  epoch = 'bench'
  redis.call('HSET', KEYS[2], 'e', epoch)
end
local offset = redis.call('HINCRBY', KEYS[2], 's', 1)
redis.call('EXPIRE', KEYS[2], 2592000)
redis.call('XADD', KEYS[1], 'MAXLEN', 1000, offset, 'd', ARGV[1])
redis.call('EXPIRE', KEYS[1], 3600)
redis.call('PUBLISH', ARGV[2], '__p1:' .. offset .. ':' .. epoch .. '__' .. ARGV[1])
return offset
";

/// Publishes as the server's own publishers do: one function call in Valkey for each event, many in a write.
pub(crate) struct Press {
    valkey: Connection,
    language: Language,
    /// What the channels' names begin with.
    names: &'static str,
    channels: u64,
    payload: Payload,
    clock: Clock,
    /// The script's name in Valkey, where there is one.
    script: String,
}

impl Press {
    pub(crate) fn new(
        mut valkey: Connection,
        language: Language,
        (names, channels): (&'static str, u32),
        bytes: usize,
        clock: Clock,
    ) -> Result<Self, BoxError> {
        let script = match language {
            Language::Tidings => String::new(),
            Language::Centrifugo => {
                redis::cmd("SCRIPT").arg("LOAD").arg(CENTRIFUGO).query(&mut valkey)?
            }
        };
        let (channels, payload) = (u64::from(channels), Payload::new(bytes));
        Ok(Self { valkey, language, names, channels, payload, clock, script })
    }

    /// The number of the event that comes at this place in a plan.
    fn number(&self, place: u64) -> u64 {
        let turn = place / self.channels;
        turn * self.channels + (place % self.channels) * STRIDE % self.channels
    }

    /// Publishes by plan, whose numbers are places. Who is late goes on at once. Answers how long it took.
    pub(crate) fn publish(&mut self, plan: Plan) -> Result<Duration, BoxError> {
        let start = Instant::now();
        for burst in 0..plan.events.div_ceil(plan.burst) {
            let due = plan.every * u32::try_from(burst)?;
            thread::sleep(due.saturating_sub(start.elapsed()));
            let first = burst * plan.burst;
            let places = first..plan.events.min(first + plan.burst);
            let numbers = places.map(|place| self.number(plan.from + place)).collect::<Vec<_>>();
            self.pipeline(numbers).exec(&mut self.valkey)?;
        }
        Ok(start.elapsed())
    }

    /// Publishes an event to each of these channels, their event number `event`. Answers whether all of them were taken.
    pub(crate) fn probe(
        &mut self,
        channels: impl IntoIterator<Item = u32>,
        event: u64,
    ) -> Result<bool, BoxError> {
        let numbers =
            channels.into_iter().map(|channel| event * self.channels + u64::from(channel));
        let numbers = numbers.collect::<Vec<_>>();
        let calls = self.pipeline(numbers);
        match calls.exec(&mut self.valkey) {
            Ok(()) => Ok(true),
            // The server has not put its functions back yet.
            Err(error) if error.is_io_error() => Err(error.into()),
            Err(_) => Ok(false),
        }
    }

    fn pipeline(&mut self, numbers: Vec<u64>) -> Pipeline {
        let mut calls = redis::pipe();
        for number in numbers {
            let (names, channel) = (self.names, number % self.channels);
            let json = self.payload.stamp(number, self.clock);
            match self.language {
                Language::Tidings => {
                    let key = format!("updates:{{{names}{channel}}}");
                    calls.cmd("FCALL").arg("tidings_publish").arg(1).arg(key).arg(json)
                }
                Language::Centrifugo => calls
                    .cmd("EVALSHA")
                    .arg(&self.script)
                    .arg(2)
                    .arg(format!("centrifugo.stream.{names}{channel}"))
                    .arg(format!("centrifugo.stream.meta.{names}{channel}"))
                    .arg(publication(json))
                    .arg(format!("centrifugo.client.{names}{channel}")),
            };
            calls.ignore();
        }
        calls
    }
}

/// Centrifugo's message in Redis: a protocol buffer with the payload as its field 4, and the time as its field 9.
fn publication(json: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(json.len() + 16);
    message.push(4 << 3 | 2);
    varint(&mut message, json.len() as u64);
    message.extend_from_slice(json);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    message.push(9 << 3);
    varint(&mut message, u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or_default());
    message
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
