//! Edited bios. Each user's bio is the newest value of a `State` channel, so every replica reads the same.

use tidings::{Channel, PublishError, Publisher};
use tidings_demo_contract::{OnBio, OnUpdates, User, users::Bio};

/// How often a list is published before the publisher gives up on bios that keep changing.
const ATTEMPTS: usize = 3;

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
    // Reads concurrently, so that all reads share one round trip.
    let reading: Vec<_> = users
        .iter()
        .map(|user| {
            let (publisher, channel) = (publisher.clone(), OnBio::channel_of(&user.id));
            tokio::spawn(async move { publisher.newest::<OnBio>(&channel).await })
        })
        .collect();
    let mut applied = Vec::with_capacity(users.len());
    for (user, newest) in users.iter().zip(reading) {
        let newest = newest.await.map_err(|e| PublishError::Json(e.to_string()))??;
        applied.push(match newest {
            Some(Bio { bio, .. }) => with_bio(user.clone(), &bio),
            None => user.clone(),
        });
    }
    Ok(applied)
}

/// Publishes a list of users with their bios. Two concurrent edits may each miss the other's bio, so it reads the bios
/// again and publishes once more if they changed.
pub(crate) async fn publish_list(
    publisher: &Publisher,
    channel: &Channel,
    users: &[User],
) -> Result<(), PublishError> {
    let mut list = applied(publisher, users).await?;
    for _ in 0..ATTEMPTS {
        publisher.publish::<OnUpdates>(channel, &list).await?;
        let again = applied(publisher, users).await?;
        if again == list {
            break;
        }
        list = again;
    }
    Ok(())
}

/// The user with another bio. An empty bio removes it.
pub(crate) fn with_bio(user: User, bio: &str) -> User {
    User { bio: (!bio.is_empty()).then(|| bio.to_owned()), ..user }
}
