//! The router and the server of the demo.

use tidings::{Error, Router, Server};
use tidings_demo_contract::{AllUsers, OnBio, OnUpdates, SetBio, TITLE, UserById, VERSION};

use crate::{background_updates, config::ServeArgs, handlers, user_directory::UserDirectory};

/// Every procedure of the demo. All are public: there is nothing to protect. Clients may publish in development mode only.
pub fn router() -> Router<UserDirectory> {
    Router::<UserDirectory>::new(TITLE, VERSION)
        .query::<AllUsers>(handlers::all_users)
        .public()
        .query::<UserById>(handlers::user_by_id)
        .public()
        .mutation::<SetBio>(handlers::set_bio)
        .public()
        .subscription::<OnUpdates>()
        .allow_publish(handlers::may_publish)
        .public()
        .subscription::<OnBio>()
        .allow_publish(handlers::may_publish)
        .public()
        .instances()
        .public()
}

/// The demo's server, with `--demo` publishing in the same process.
///
/// # Errors
///
/// When it cannot be made from these options.
pub fn server(args: ServeArgs) -> Result<Server<UserDirectory>, Error> {
    let users = UserDirectory::new(args.users)?;
    let server = Server::new(args.tidings, router(), users)?;
    if !args.demo {
        return Ok(server);
    }
    let publisher = server.publisher();
    Ok(server.background(background_updates::demo(publisher)))
}
