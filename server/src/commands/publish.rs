//! `tidings publish`: one event from the command line.

use bytes::Bytes;
use tidings_schema::OnUpdates;

use crate::{broker::ChannelKey, config::PublishArgs, error::BoxError, hub::decode};

/// Publishes one event, after checking it as the servers will, and prints its id.
///
/// # Errors
///
/// When the payload does not fit the channel's type, or the broker does not take it.
#[expect(clippy::print_stdout, reason = "a command's answer is its output")]
pub async fn publish(args: PublishArgs) -> Result<(), BoxError> {
    decode::<OnUpdates>(args.json.as_bytes()).map_err(|fault| {
        format!("the payload does not fit, at {}: {}", fault.path, fault.reason)
    })?;
    let key = ChannelKey::new::<OnUpdates>(&args.broker.key_prefix, &args.channel);
    let broker = super::valkey(&args.broker)?;
    let once = args.idempotency_key.as_deref();
    let id = broker.publish(&key, Bytes::from(args.json), once).await?;
    println!("{id}");
    Ok(())
}
