//! `tidings health`.

use std::io::{self, Write as _};

use crate::{
    cli::HealthArgs,
    connection,
    failure::{Failure, Result},
};

const READY: &str = "/readyz";

/// Asks a service whether it is ready. Fails if it is not, or does not answer.
pub(crate) async fn health(args: &HealthArgs) -> Result<()> {
    let address = &args.service.url;
    let answer = connection::get(address, READY).await?;
    if !answer.status.is_success() {
        return Err(Failure::new(format!("{} answers {}", address.url(READY), answer.line())));
    }
    writeln!(io::stdout(), "{address} is ready")?;
    Ok(())
}
