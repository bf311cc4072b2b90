//! What clients with many subscriptions say, and what they understand of the answers.

use std::ops::Range;

use memchr::memmem;

use crate::{
    payload::{Stamp, StampReader},
    server::Server,
};

/// The id of the call that subscribes to channel 0. Centrifugo's greeting has 1.
const FIRST_ID: u32 = 2;

/// How a server's clients talk to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Tidings,
    /// Centrifugo's JSON protocol.
    Centrifugo,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// From now on, channels can be subscribed to.
    Welcome,
    /// A subscription is live.
    Live,
    /// A subscribe call is refused: the channel, where it says so, and the reason.
    Refused(Option<u32>, &'a [u8]),
    Event(Stamp),
    /// Events may be missing.
    Gap,
    /// The broker is gone, or back.
    Down,
    Up,
    /// The server has ended a subscription: to this channel, where it says so.
    Ended(Option<u32>),
    /// Is to be answered with the same.
    Ping,
    Nothing,
}

impl Language {
    pub(crate) fn of(server: Server) -> Self {
        match server {
            Server::Centrifugo => Self::Centrifugo,
            _ => Self::Tidings,
        }
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Tidings => "/rpc",
            Self::Centrifugo => "/connection/websocket",
        }
    }

    /// What a client says before it subscribes.
    pub(crate) fn greeting(self) -> Option<&'static str> {
        match self {
            Self::Tidings => None,
            Self::Centrifugo => Some(r#"{"id":1,"connect":{}}"#),
        }
    }

    /// A subscribe call.
    pub(crate) fn subscribe(self, channels: &str, number: u32) -> String {
        let id = number + FIRST_ID;
        match self {
            Self::Tidings => format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"onUpdates","params":{{"channel":"{channels}{number}"}}}}"#
            ),
            Self::Centrifugo => {
                format!(r#"{{"id":{id},"subscribe":{{"channel":"{channels}{number}"}}}}"#)
            }
        }
    }

    /// Where the next message of a frame is. Centrifugo puts several in one, a line each.
    pub(crate) fn next(self, frame: &[u8], from: usize) -> Range<usize> {
        let end = match self {
            Self::Tidings => None,
            Self::Centrifugo => memchr::memchr(b'\n', &frame[from..]),
        };
        from..end.map_or(frame.len(), |length| from + length)
    }

    pub(crate) fn hear<'a>(self, message: &'a [u8], stamps: &mut StampReader) -> Said<'a> {
        if let Some(stamp) = stamps.read(message) {
            return Said::Event(stamp);
        }
        match self {
            Self::Tidings => tidings(message),
            Self::Centrifugo => centrifugo(message),
        }
    }
}

fn tidings(message: &[u8]) -> Said<'_> {
    match after(message, br#""type":""#) {
        None => after(message, br#""error":"#).map_or(Said::Nothing, |error| {
            let reason = after(error, br#""name":""#).map_or(&b"unknown"[..], word);
            Said::Refused(answered(message), reason)
        }),
        Some(kind) => match word(kind) {
            b"started" => Said::Live,
            b"gap" => Said::Gap,
            b"status" => match after(kind, br#""broker":""#) {
                Some(broker) if broker.starts_with(b"up") => Said::Up,
                _ => Said::Down,
            },
            b"stopped" => Said::Ended(None),
            _ => Said::Nothing,
        },
    }
}

fn centrifugo(message: &[u8]) -> Said<'_> {
    if message == b"{}" {
        return Said::Ping;
    }
    let has = |text: &[u8]| memmem::find(message, text).is_some();
    if let Some(error) = after(message, br#""error":"#) {
        let reason = after(error, br#""message":""#).map_or(&b"unknown"[..], word);
        return Said::Refused(answered(message), reason);
    }
    if message.starts_with(br#"{"push":"#) {
        return match has(br#""unsubscribe":"#) {
            true => Said::Ended(after(message, br#""channel":""#).and_then(|c| number(word(c)))),
            false => Said::Nothing,
        };
    }
    match () {
        () if has(br#""connect":"#) => Said::Welcome,
        () if has(br#""subscribe":"#) => Said::Live,
        () => Said::Nothing,
    }
}

/// The channel whose subscribe call is answered.
fn answered(message: &[u8]) -> Option<u32> {
    let id = after(message, br#""id":"#)?;
    let digits = id.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let id = std::str::from_utf8(&id[..digits]).ok()?.parse::<u32>().ok()?;
    id.checked_sub(FIRST_ID)
}

/// What stands behind a text.
fn after<'a>(message: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    Some(&message[memmem::find(message, text)? + text.len()..])
}

/// What comes before the closing quotation mark.
fn word(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b'"', text).unwrap_or(text.len())]
}

/// The number at the end of a channel's name.
fn number(name: &[u8]) -> Option<u32> {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&name[name.len() - digits..]).ok()?.parse().ok()
}
