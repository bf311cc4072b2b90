//! Many clients in one thread.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token};

use super::{
    client::{Client, Desk},
    language::Language,
    ledger::Ledger,
};
use crate::{
    error::BoxError,
    payload::{Clock, StampReader},
};

/// How many connections may be on their way to being open: a server's queue of connections that it has not accepted is
/// 128 with some.
const ON_THE_WAY: usize = 100;
/// How long all of them may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time between two tries of one who comes back.
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// How much one read takes at most: bytes.
const READ: usize = 256 * 1024;

/// Who connects, and which channels they subscribe to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guests {
    pub(crate) connections: usize,
    /// What the channels' names begin with.
    pub(crate) names: &'static str,
    pub(crate) first: u32,
    /// How many channels each connection subscribes to.
    pub(crate) each: u32,
    /// Whether all subscribe to the same channels. Else each has its own.
    pub(crate) together: bool,
}

impl Guests {
    /// The channels' numbers are below this.
    pub(crate) fn channels(&self) -> u32 {
        let own = if self.together { 1 } else { u32::try_from(self.connections).unwrap_or(1) };
        self.first + self.each * own
    }
}

/// Clients of one server, all in one thread, which is to be cheap: it shares its CPU with Valkey.
#[derive(Debug)]
pub(crate) struct Clients {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    guests: Guests,
    address: SocketAddr,
    /// When it was last tried again to come back, if that is wanted.
    tried: Option<Instant>,
    desk: Desk,
}

impl Clients {
    /// Connects all of them.
    pub(crate) fn open(
        address: SocketAddr,
        language: Language,
        guests: Guests,
        clock: Clock,
    ) -> Result<Self, BoxError> {
        let channels = guests.channels();
        let desk = Desk {
            language,
            names: guests.names,
            channels,
            ledger: Ledger::new(clock, channels),
            stamps: StampReader::default(),
            buffer: vec![0; READ],
        };
        let (poll, events) = (Poll::new()?, Events::with_capacity(1024));
        let mut all =
            Self { poll, events, clients: Vec::new(), guests, address, tried: None, desk };
        let deadline = Instant::now() + PATIENCE;
        let mut open = 0;
        while open < guests.connections {
            let on_the_way = all.clients.len() - open;
            let more = (guests.connections - all.clients.len()).min(ON_THE_WAY - on_the_way);
            for _ in 0..more {
                let number = u32::try_from(all.clients.len())?;
                let first = guests.first + if guests.together { 0 } else { number * guests.each };
                let mut client = Client::open(address, language, first..first + guests.each)?;
                let interest = Interest::READABLE | Interest::WRITABLE;
                let token = Token(all.clients.len());
                all.poll.registry().register(&mut client.socket, token, interest)?;
                all.clients.push(client);
            }
            all.turn(Duration::from_millis(100))?;
            open = all.clients.iter().filter(|client| client.is_open()).count();
            if all.desk.ledger.closed > 0 || Instant::now() > deadline {
                return Err(format!("{open} of {} connected", guests.connections).into());
            }
        }
        Ok(all)
    }

    /// All subscribe to all their channels, at once.
    pub(crate) fn subscribe(&mut self) {
        for client in &mut self.clients {
            client.subscribe(&mut self.desk);
        }
    }

    /// From now on, a client whose connection the server closes comes back, and what is refused is tried again: as client
    /// libraries do.
    pub(crate) fn persist(&mut self) {
        self.desk.ledger.refused_channels.clear();
        self.tried = Some(Instant::now());
    }

    fn try_again(&mut self) -> io::Result<()> {
        self.tried = Some(Instant::now());
        let Guests { first, each, together, .. } = self.guests;
        for channel in std::mem::take(&mut self.desk.ledger.refused_channels) {
            let client = if together { 0 } else { (channel - first) / each };
            if let Some(client) = self.clients.get_mut(client as usize) {
                client.subscribe_to(channel, &mut self.desk);
            }
        }
        let gone = self.clients.iter_mut().enumerate().filter(|(_, client)| client.is_closed());
        for (number, client) in gone.take(ON_THE_WAY) {
            if client.reopen(self.address, self.desk.language).is_ok() {
                let interest = Interest::READABLE | Interest::WRITABLE;
                self.poll.registry().register(&mut client.socket, Token(number), interest)?;
            }
        }
        Ok(())
    }

    /// Reads what comes, until `done` or for as long as `limit` says. Answers whether it was done.
    pub(crate) fn read_until(
        &mut self,
        limit: Duration,
        mut done: impl FnMut(&Ledger) -> bool,
    ) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        loop {
            if done(&self.desk.ledger) {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            self.turn(left.min(Duration::from_millis(50)))?;
        }
    }

    /// Reads until `done`, and gives up when nothing new has come for as long as `silence` says. Answers whether it was
    /// done.
    pub(crate) fn read_all(
        &mut self,
        silence: Duration,
        mut done: impl FnMut(&Ledger) -> bool,
    ) -> io::Result<bool> {
        let came = |ledger: &Ledger| ledger.answered() + ledger.received;
        loop {
            let before = came(&self.desk.ledger);
            if self.read_until(silence, &mut done)? {
                return Ok(true);
            }
            if came(&self.desk.ledger) == before {
                return Ok(false);
            }
        }
    }

    /// Reads what is there, and waits for it if need be.
    pub(crate) fn turn(&mut self, limit: Duration) -> io::Result<()> {
        if self.tried.is_some_and(|tried| tried.elapsed() > TRY_AGAIN) {
            self.try_again()?;
        }
        match self.poll.poll(&mut self.events, Some(limit)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let Some(client) = self.clients.get_mut(event.token().0) else { continue };
            if event.is_writable() {
                client.flush(&mut self.desk);
            }
            client.read(&mut self.desk);
        }
        Ok(())
    }

    pub(crate) fn ledger(&mut self) -> &mut Ledger {
        &mut self.desk.ledger
    }
}
