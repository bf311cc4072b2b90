//! Where users come from: an HTTP service, or ten that are built in.

use std::{sync::Arc, time::Instant};

use serde::Deserialize;
use tidings::Error;
use tidings_demo_contract::User;
use tokio::sync::Mutex;

use crate::config::UsersArgs;

/// Why the users service's response cannot be used.
type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The service may not answer with more than this: users are kept in memory.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// All users, fetched when asked for and kept for a while.
#[derive(Debug)]
pub struct UserDirectory {
    config: UsersArgs,
    client: reqwest::Client,
    /// The last answer, a failure's ten users included. Held while fetching: so those who ask meanwhile
    /// share one request.
    last: Mutex<Option<(Instant, Arc<[User]>)>>,
}

/// A user as JSONPlaceholder's `/users` writes one, as far as it matters here.
#[derive(Debug, Deserialize)]
struct RemoteUser {
    id: RemoteId,
    name: String,
    company: Option<RemoteCompany>,
}

/// A number at JSONPlaceholder; a string works, too.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RemoteId {
    Number(u64),
    Text(String),
}

#[derive(Debug, Deserialize)]
struct RemoteCompany {
    #[serde(rename = "catchPhrase")]
    catch_phrase: Option<String>,
}

impl UserDirectory {
    /// A directory that has asked nobody yet.
    ///
    /// # Errors
    ///
    /// When there can be no HTTP client, for want of a source of randomness or of root certificates.
    pub fn new(config: UsersArgs) -> Result<Self, Error> {
        let tls = rustls::crypto::ring::default_provider();
        // Already installed, when another server of this process was first.
        let _ = tls.install_default();
        let client = reqwest::Client::builder()
            .timeout(config.users_timeout)
            .user_agent(concat!("tidings-demo/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::Config(format!("there can be no HTTP client: {e}")))?;
        Ok(Self { config, client, last: Mutex::new(None) })
    }

    /// All users. Never fails: while the service does, these are the ten built-in ones.
    pub async fn all(&self) -> Arc<[User]> {
        let mut last = self.last.lock().await;
        if let Some((fetched, users)) = &*last
            && fetched.elapsed() < self.config.users_ttl
        {
            return users.clone();
        }
        let users = self.fetch_or_built_in().await;
        *last = Some((Instant::now(), users.clone()));
        users
    }

    async fn fetch_or_built_in(&self) -> Arc<[User]> {
        let Some(url) = &self.config.users_url else {
            tracing::debug!(source = "built-in", "users answered");
            return built_in().into();
        };
        match self.fetch(url.clone()).await {
            Ok(users) => {
                tracing::info!(source = "service", users = users.len(), "users fetched");
                users.into()
            }
            Err(error) => {
                tracing::warn!(
                    source = "built-in", %error,
                    "the users service failed; the built-in users are served instead"
                );
                built_in().into()
            }
        }
    }

    async fn fetch(&self, url: reqwest::Url) -> Result<Vec<User>, Fault> {
        // An address may hold a password: errors are told without it.
        let mut response = self
            .client
            .get(url)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(reqwest::Error::without_url)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER_BYTES {
                return Err(format!("its answer is larger than {MAX_ANSWER_BYTES} bytes").into());
            }
        }
        let users: Vec<RemoteUser> = serde_json::from_slice(&body)?;
        Ok(users.into_iter().map(User::from).collect())
    }
}

impl From<RemoteUser> for User {
    fn from(user: RemoteUser) -> Self {
        let id = match user.id {
            RemoteId::Number(id) => id.to_string(),
            RemoteId::Text(id) => id,
        };
        Self { id, name: user.name, bio: user.company.and_then(|company| company.catch_phrase) }
    }
}

/// The users that are served without a service, and that the demo publishes.
pub(crate) fn built_in() -> Vec<User> {
    [
        ("Leanne Graham", "Multi-layered client-server neural-net"),
        ("Ervin Howell", "Proactive didactic contingency"),
        ("Clementine Bauch", "Face to face bifurcated interface"),
        ("Patricia Lebsack", "Multi-tiered zero tolerance productivity"),
        ("Chelsey Dietrich", "User-centric fault-tolerant solution"),
        ("Mrs. Dennis Schulist", "Synchronised bottom-line interface"),
        ("Kurtis Weissnat", "Configurable multimedia task-force"),
        ("Nicholas Runolfsdottir V", "Implemented secondary concept"),
        ("Glenna Reichert", "Switchable contextually-based project"),
        ("Clementina DuBuque", "Centralized empowering task-force"),
    ]
    .into_iter()
    .zip(1..)
    .map(|((name, bio), id): (_, u32)| User {
        id: id.to_string(),
        name: name.to_owned(),
        bio: Some(bio.to_owned()),
    })
    .collect()
}
