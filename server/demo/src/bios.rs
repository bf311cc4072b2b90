//! Edited bios. Each user's bio is the newest value of a `State` channel, so every replica reads the same.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tidings::{Channel, PublishError, Publisher};
use tidings_demo_contract::{OnBio, OnUpdates, User, users::Bio};

/// Bios that are read at the same time.
const CONCURRENT_READS: usize = 16;

/// Publishes the bio of a user, and keeps it as the newest value of the user's channel.
pub(crate) async fn set(publisher: &Publisher, id: &str, bio: &str) -> Result<(), PublishError> {
    let value = Bio { id: id.to_owned(), bio: bio.to_owned() };
    publisher.publish::<OnBio>(&OnBio::channel_of(id), &value).await.map(drop)
}

/// The users with the bios that were edited.
pub(crate) async fn applied(
    publisher: &Publisher,
    users: &[User],
) -> Result<Vec<User>, PublishError> {
    let read = |user: User| {
        let publisher = publisher.clone();
        async move {
            let newest = publisher.newest::<OnBio>(&OnBio::channel_of(&user.id)).await?;
            Ok(match newest {
                Some(Bio { bio, .. }) => with_bio(user, &bio),
                None => user,
            })
        }
    };
    // Concurrent reads share round trips.
    stream::iter(users.to_vec()).map(read).buffered(CONCURRENT_READS).try_collect().await
}

/// Publishes a list of users with their bios. Two concurrent edits may each miss the other's bio, so it reads the bios
/// again and publishes until they did not change: a limit on the attempts could leave an old list as the last one.
pub(crate) async fn publish_list(
    publisher: &Publisher,
    channel: &Channel,
    users: &[User],
) -> Result<(), PublishError> {
    let mut list = applied(publisher, users).await?;
    loop {
        publisher.publish::<OnUpdates>(channel, &list).await?;
        let again = applied(publisher, users).await?;
        if again == list {
            return Ok(());
        }
        list = again;
    }
}

/// The user with another bio. An empty bio removes it.
pub(crate) fn with_bio(user: User, bio: &str) -> User {
    User { bio: (!bio.is_empty()).then(|| bio.to_owned()), ..user }
}
