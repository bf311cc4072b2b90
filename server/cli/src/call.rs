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
    let name = &args.procedure;
    // The document does not list the methods of every service, such as rpc.discover.
    if !name.starts_with("rpc.") {
        let document = Document::of(address).await?;
        if document.procedure(name)?.kind == Kind::Subscription {
            let text = format!("`{name}` is a subscription: use `tidings tail {name}`");
            return Err(Failure::new(text));
        }
    }
    let result = connection::call(address, name, &input).await?;
    writeln!(io::stdout(), "{result:#}")?;
    Ok(())
}
