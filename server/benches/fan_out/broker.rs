//! The bench's Valkey.

use redis::{Commands as _, Connection};
use tidings_testkit::ValkeyProcess;

use crate::error::BoxError;

/// What Tidings calls the channel `list-1` of `onUpdates` there.
pub(crate) const CHANNEL: &str = "updates:{list-1}";
/// What the bench's own connections are called there.
pub(crate) const NAME: &str = "bench";

/// A connection that is known as the bench's.
pub(crate) fn connect(valkey: &ValkeyProcess) -> Result<Connection, BoxError> {
    let mut connection = redis::Client::open(valkey.url())?.get_connection()?;
    redis::cmd("CLIENT").arg("SETNAME").arg(NAME).exec(&mut connection)?;
    Ok(connection)
}

/// How many connections others have.
pub(crate) fn connections_of_others(connection: &mut Connection) -> Result<usize, BoxError> {
    let list = redis::cmd("CLIENT").arg("LIST").query::<String>(connection)?;
    let ours = format!(" name={NAME} ");
    Ok(list.lines().filter(|line| !line.is_empty() && !line.contains(&ours)).count())
}

/// Forgets all channels, so that each run begins alike.
pub(crate) fn forget(connection: &mut Connection) -> Result<(), BoxError> {
    Ok(connection.flushall()?)
}
