//! What this server serves: each procedure of the contract with its handler.

use std::sync::Arc;

use tidings_schema::{AllUsers, OnInstances, OnUpdates, UserById};

use crate::{
    app::App,
    router::{Router, Routes},
};

mod users;

/// Every procedure.
pub fn routes(app: Arc<App>) -> Routes {
    Router::new(app)
        .query::<AllUsers, _, _>(users::all_users)
        .query::<UserById, _, _>(users::user_by_id)
        .subscription::<OnUpdates>()
        .subscription::<OnInstances>()
        .routes()
}
