//! A port that stays ours while its process restarts.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use crate::{Error, Result};

/// Below 32768 the kernel gives no port away by itself, neither to a listener on port 0 nor to an outgoing
/// connection, so a port from here is still free when a killed process comes back to it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A TCP port of 127.0.0.1 for one process, kept over the process's restarts.
///
/// A UDP socket on the same number is what reserves it: every other fixture, in this process or another,
/// sees that the number is taken, and the kernel gives it back however the owner ends.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _reservation: Option<UdpSocket>,
}

impl Port {
    /// Reserves a free port.
    ///
    /// # Errors
    ///
    /// When none of the range is free.
    pub fn reserve() -> Result<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Test processes that run at the same time begin at different places.
        let start = process::id().wrapping_mul(89);
        for _ in 0..COUNT {
            let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            let offset = start.wrapping_add(step) % u32::from(COUNT);
            let number = FIRST + u16::try_from(offset).unwrap_or_default();
            let Ok(reservation) = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)) else { continue };
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _reservation: Some(reservation) });
            }
        }
        Err(Error::Failed {
            command: "looking for a free port".into(),
            output: format!("none from {FIRST} to {}", FIRST + COUNT - 1),
        })
    }

    /// Takes a port that a person chose.
    ///
    /// # Errors
    ///
    /// When something listens there.
    pub fn exactly(number: u16) -> Result<Self> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, number))
            .map_err(Error::io(format!("port {number} cannot be used")))?;
        Ok(Self { number, _reservation: None })
    }

    /// The port's number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// 127.0.0.1 with this port.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}
