//! Where publishers find Valkey.

use std::net::SocketAddr;

use redis::{Client, ErrorKind, RedisResult, aio::MultiplexedConnection};

use crate::{Sentinels, ValkeyProcess};

/// Where publishers find Valkey.
#[derive(Clone, Debug)]
pub enum Place {
    /// At this URL.
    Url(String),
    /// Where one of these Sentinels says that the primary is.
    Sentinels(Vec<SocketAddr>),
}

impl From<&ValkeyProcess> for Place {
    fn from(valkey: &ValkeyProcess) -> Self {
        Self::Url(valkey.url())
    }
}

impl From<&Sentinels> for Place {
    fn from(sentinels: &Sentinels) -> Self {
        Self::Sentinels(sentinels.addresses())
    }
}

impl Place {
    /// The server there, now.
    pub(super) async fn client(&self) -> RedisResult<Client> {
        let sentinels = match self {
            Self::Url(url) => return Client::open(url.as_str()),
            Self::Sentinels(sentinels) => sentinels,
        };
        for sentinel in sentinels {
            if let Ok(url) = ask(*sentinel).await {
                return Client::open(url);
            }
        }
        Err((ErrorKind::Io, "no Sentinel answers").into())
    }
}

async fn ask(sentinel: SocketAddr) -> RedisResult<String> {
    let client = Client::open(format!("redis://{sentinel}"))?;
    let mut connection: MultiplexedConnection = client.get_multiplexed_async_connection().await?;
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(Sentinels::NAME);
    let (host, port) = question.query_async::<(String, u16)>(&mut connection).await?;
    Ok(format!("redis://{host}:{port}"))
}
