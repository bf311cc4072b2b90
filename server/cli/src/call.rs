//! `tidings call`.

use std::io::{self, Write as _};

use crate::{
    cli::CallArgs,
    connection,
    document::{Document, Kind},
    failure::{Failure, Result},
    input,
};

/// Calls a query or a mutation, and prints its result.
pub(crate) async fn call(args: &CallArgs) -> Result<()> {
    let input = input::object(&args.input)?;
    let address = &args.service.url;
    let document = Document::of(address).await?;
    let name = &document.procedure(&args.procedure)?.name;
    if document.procedure(name)?.kind == Kind::Subscription {
        return Err(Failure::new(format!("`{name}` is a subscription: use `tidings tail {name}`")));
    }
    let result = connection::call(address, name, &input).await?;
    writeln!(io::stdout(), "{result:#}")?;
    Ok(())
}
