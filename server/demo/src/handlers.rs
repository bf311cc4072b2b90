//! The handlers of the demo's queries and mutations.

use tidings::{Channel, Context, ErrorKind, NoInput, RpcError};
use tidings_demo_contract::{
    BioTooLong, User,
    users::{MAX_BIO, SetBioInput, UserByIdInput},
};

use crate::{bios, user_directory::UserDirectory};

type Answer<T> = Result<T, RpcError>;

pub(crate) async fn all_users(context: Context<UserDirectory>, _: NoInput) -> Answer<Vec<User>> {
    Ok(bios::applied(&context.publisher, &context.state.all().await).await?)
}

pub(crate) async fn user_by_id(
    context: Context<UserDirectory>,
    input: UserByIdInput,
) -> Answer<User> {
    let user = find(&context, &input.id).await?;
    let mut users = bios::applied(&context.publisher, &[user]).await?;
    Ok(users.remove(0))
}

/// Keeps the bio in its `State` channel, which every replica reads, and then publishes the new list.
pub(crate) async fn set_bio(context: Context<UserDirectory>, input: SetBioInput) -> Answer<User> {
    let bio = input.bio.trim();
    let length = u32::try_from(bio.chars().count()).unwrap_or(u32::MAX);
    if length > MAX_BIO {
        let message = format!("the bio has {length} characters and may have {MAX_BIO}; shorten it");
        return Err(RpcError::with_details(message, BioTooLong { max: MAX_BIO, length }).at("bio"));
    }
    let user = find(&context, &input.id).await?;
    bios::set(&context.publisher, &user.id, bio).await?;
    let users = context.state.all().await;
    bios::publish_list(&context.publisher, &list_1(), &users).await?;
    Ok(bios::with_bio(user, bio))
}

async fn find(context: &Context<UserDirectory>, id: &str) -> Answer<User> {
    let users = context.state.all().await;
    users.iter().find(|user| user.id == id).cloned().ok_or_else(|| {
        let shown: String = id.chars().take(40).collect();
        RpcError::new(ErrorKind::NOT_FOUND, format!("no user has the id {shown:?}")).at("id")
    })
}

/// The channel that the demo page follows.
pub(crate) fn list_1() -> Channel {
    Channel::from_parts(&["list-1"])
}

/// Until there are tokens, nobody can be told apart: who reaches a development server may publish.
pub(crate) async fn may_publish(context: Context<UserDirectory>, _: Channel) -> Answer<()> {
    if context.dev {
        return Ok(());
    }
    Err(RpcError::forbidden("publishing over HTTP is for development mode only: start with --dev"))
}
