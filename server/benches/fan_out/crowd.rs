//! Many subscribers in one thread.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token};

use crate::{
    connection::{Connection, Desk, Stage},
    error::BoxError,
    payload::{Clock, StampReader},
    protocol::Protocol,
    tally::Tally,
};

/// How many connections may be on their way to being subscribed. More would overrun a server's queue of connections that
/// it has not yet accepted, which is 128 with some.
const ON_THE_WAY: usize = 100;
/// How long all of them may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How much one read takes at most: bytes.
const READ: usize = 256 * 1024;

/// Subscribers of one server, all in one thread, which is to be cheap: it shares its CPU with Valkey.
#[derive(Debug)]
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    desk: Desk,
}

/// Who subscribes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subscribers {
    pub(crate) count: usize,
    /// How many of them have a small receive buffer, and may later be told to read nothing.
    pub(crate) lazy: usize,
}

/// What the kernel keeps for a lazy subscriber: bytes. It doubles that.
const LAZY_RECEIVE_BUFFER: usize = 4 * 1024;

impl Crowd {
    /// Connects all of them, and returns when each is subscribed.
    pub(crate) fn subscribe(
        address: SocketAddr,
        protocol: Protocol,
        subscribers: Subscribers,
        clock: Clock,
    ) -> Result<Self, BoxError> {
        let desk = Desk {
            clock,
            tally: Tally::new(),
            stamps: StampReader::default(),
            buffer: vec![0; READ],
        };
        let mut crowd = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            connections: Vec::new(),
            desk,
        };
        let deadline = Instant::now() + PATIENCE;
        let mut subscribed = 0;
        while subscribed < subscribers.count {
            let on_the_way = crowd.connections.len() - subscribed;
            let more = (subscribers.count - crowd.connections.len()).min(ON_THE_WAY - on_the_way);
            for _ in 0..more {
                let lazy = crowd.connections.len() < subscribers.lazy;
                crowd.open(address, protocol, lazy.then_some(LAZY_RECEIVE_BUFFER))?;
            }
            crowd.turn(Duration::from_millis(100))?;
            subscribed = crowd.subscribed();
            if crowd.desk.tally.closed > 0 {
                return Err("the server refused a subscriber".into());
            }
            if Instant::now() > deadline {
                let count = subscribers.count;
                return Err(format!("{subscribed} of {count} were subscribed in time").into());
            }
        }
        Ok(crowd)
    }

    fn open(
        &mut self,
        address: SocketAddr,
        protocol: Protocol,
        receive_buffer: Option<usize>,
    ) -> io::Result<()> {
        let mut connection = Connection::open(address, protocol, receive_buffer)?;
        let token = Token(self.connections.len());
        self.poll.registry().register(&mut connection.socket, token, Interest::READABLE)?;
        connection.upgrade(address)?;
        self.connections.push(connection);
        Ok(())
    }

    fn subscribed(&self) -> usize {
        self.connections.iter().filter(|c| c.stage == Stage::Subscribed).count()
    }

    /// Lets the first ones read no more.
    pub(crate) fn stop_reading(&mut self, count: usize) -> io::Result<()> {
        for connection in self.connections.iter_mut().take(count) {
            self.poll.registry().deregister(&mut connection.socket)?;
        }
        Ok(())
    }

    /// Reads what comes, until `done` or for as long as `limit` says. Answers whether it was done.
    pub(crate) fn read_until(
        &mut self,
        limit: Duration,
        mut done: impl FnMut(&Tally) -> bool,
    ) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        loop {
            if done(&self.desk.tally) {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            self.turn(left.min(Duration::from_millis(50)))?;
        }
    }

    fn turn(&mut self, limit: Duration) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(limit)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let Some(connection) = self.connections.get_mut(event.token().0) else { continue };
            connection.read(&mut self.desk);
        }
        Ok(())
    }

    pub(crate) fn tally(&mut self) -> &mut Tally {
        &mut self.desk.tally
    }
}
