//! The library of functions that Valkey runs: its version, and loading it.
//!
//! Replicas of several versions may share one Valkey while a service is upgraded. The newest library serves all of them:
//! a replica loads its own where there is none or an older one, and never in the place of a newer one.

use super::{commands::Commands, failure::Failure};

const LIBRARY: &str = include_str!("functions.lua");

/// The `VERSION` in `functions.lua`.
pub(super) const VERSION: u64 = 3;

/// What a look for the library has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Valkey has this version.
    Current,
    /// Valkey had none or an older one. It has this version now.
    Loaded,
    /// Valkey has a newer version, which can do all that this replica needs.
    Newer,
}

/// Makes sure that Valkey has the library in this version or a newer one.
///
/// # Errors
///
/// When Valkey cannot be reached, or has neither the library nor lets this user load it.
pub(super) async fn ensure(commands: &Commands) -> Result<Found, Failure> {
    if let Some(found) = look(commands).await? {
        return Ok(found);
    }
    load(commands).await?;
    // An older replica may have loaded its own at the same moment.
    match look(commands).await? {
        Some(Found::Newer) => Ok(Found::Newer),
        Some(_) => Ok(Found::Loaded),
        None => Err(Failure::Missing),
    }
}

/// Which version Valkey has, unless that is none or an older one.
async fn look(commands: &Commands) -> Result<Option<Found>, Failure> {
    Ok(match version(commands).await? {
        Some(version) if version > VERSION => Some(Found::Newer),
        Some(VERSION) => Some(Found::Current),
        _ => None,
    })
}

/// The version that Valkey has. The library before version 2 has no function that says it.
async fn version(commands: &Commands) -> Result<Option<u64>, Failure> {
    let mut call = redis::cmd("FCALL_RO");
    call.arg("tidings_version").arg(0);
    match commands.query(&call).await {
        Ok(version) => Ok(Some(version)),
        Err(Failure::Missing) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Loads this version, unless a newer one has come.
async fn load(commands: &Commands) -> Result<(), Failure> {
    let mut load = redis::cmd("FUNCTION");
    load.arg("LOAD").arg(LIBRARY);
    match commands.query::<String>(&load).await {
        Err(Failure::Other(reason)) if reason.contains("already exists") => {}
        loaded => return loaded.map(drop),
    }
    if look(commands).await?.is_some() {
        return Ok(());
    }
    let mut replace = redis::cmd("FUNCTION");
    replace.arg("LOAD").arg("REPLACE").arg(LIBRARY);
    commands.query::<String>(&replace).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_of_the_file() {
        assert!(LIBRARY.contains(&format!("\nlocal VERSION = {VERSION}\n")));
    }
}
