//! The users domain.

use std::sync::Arc;

use tidings_schema::{ErrorCode, NoInput, RpcError, User, users::UserByIdInput};

use crate::app::{Answer, App};

pub(super) async fn all_users(app: Arc<App>, _: NoInput) -> Answer<Vec<User>> {
    Ok(app.users.all().await.to_vec())
}

pub(super) async fn user_by_id(app: Arc<App>, input: UserByIdInput) -> Answer<User> {
    let users = app.users.all().await;
    users.iter().find(|user| user.id == input.id).cloned().ok_or_else(|| {
        let shown: String = input.id.chars().take(40).collect();
        RpcError::new(ErrorCode::NotFound, format!("no user has the id {shown:?}")).at("id")
    })
}
