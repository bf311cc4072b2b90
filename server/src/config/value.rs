//! Parses the values of options, and checks those that a program filled in.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::error::Error;

/// The shortest time of an option: Valkey and the protocol count in milliseconds.
const LEAST_TIME: Duration = Duration::from_millis(1);

/// Reads an IP address and a port.
pub(super) fn address(address: &str) -> Result<SocketAddr, String> {
    address.parse().map_err(|_| {
        let example = if address.bytes().all(|b| b.is_ascii_digit()) { address } else { "3001" };
        format!("give an IP address and a port, such as 127.0.0.1:{example}")
    })
}

/// Reads a time, such as `3s` or `0s`.
pub(super) fn time(time: &str) -> Result<Duration, String> {
    humantime::parse_duration(time).map_err(|e| format!("{e}; write it like 3s, 500ms or 2min"))
}

/// Reads a time of at least [`LEAST_TIME`], such as `3s`.
pub(super) fn positive(text: &str) -> Result<Duration, String> {
    match time(text)? {
        time if time < LEAST_TIME => Err("must be 1ms or more".to_owned()),
        time => Ok(time),
    }
}

/// Reads the path of a folder with a page in it.
pub(super) fn folder(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    if path.join("index.html").is_file() {
        Ok(path)
    } else {
        Err("there is no index.html in it; build the page first".to_owned())
    }
}

/// Refuses a time that [`positive`] would refuse.
pub(super) fn check_time(name: &str, time: Duration) -> Result<(), Error> {
    if time >= LEAST_TIME {
        return Ok(());
    }
    Err(Error::Config(format!("{name} is {time:?}, and must be 1 ms or more")))
}

/// Refuses a number below the option's range.
pub(super) fn check_number(name: &str, number: u32, least: u32) -> Result<(), Error> {
    if number >= least {
        return Ok(());
    }
    Err(Error::Config(format!("{name} is {number}, and must be {least} or more")))
}
