//! `tidings health`: a health check for containers whose image has no other program.

use std::time::Duration;

use crate::{config::HealthArgs, error::BoxError};

/// How long the replica may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks a replica whether it is ready.
///
/// # Errors
///
/// When it is not, or does not answer.
pub async fn health(args: HealthArgs) -> Result<(), BoxError> {
    // Another server of this process may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
    let answer = client.get(args.url).send().await?;
    if answer.status().is_success() {
        return Ok(());
    }
    let status = answer.status();
    Err(format!("{status}: {}", answer.text().await?.trim()).into())
}
