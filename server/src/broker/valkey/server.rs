//! Where Valkey is, and connections to it.

use std::{fmt, sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, ProtocolVersion,
    RedisResult, ServerErrorKind, TlsCertificates, aio::MultiplexedConnection,
    io::tcp::TcpSettings,
};

use super::{failure::Failure, node::Node, sentinel::Sentinels};
use crate::platform;

/// The kernel gives up a connection on which the other side acknowledges nothing for this long.
const STALL_LIMIT: Duration = Duration::from_secs(10);

/// Where Valkey is, as its URL says (`url.rs`). Nothing is connected by itself.
#[derive(Clone)]
pub(crate) struct Server {
    place: Arc<Place>,
    /// What connections call themselves in Valkey, before their own part of the name.
    client_name: Arc<str>,
}

pub(super) enum Place {
    Node { info: ConnectionInfo, certificates: Option<TlsCertificates> },
    Sentinels(Sentinels),
}

/// A new connection to a primary.
pub(super) struct Connected {
    pub(super) connection: MultiplexedConnection,
    /// `None` where the ACL does not let this user ask: only publishers can do without.
    pub(super) node: Option<Node>,
    /// Host and port, for the log.
    pub(super) address: String,
}

impl Server {
    pub(super) fn new(place: Place) -> Self {
        let client_name = format!("tidings:{}", std::process::id());
        Self { place: Arc::new(place), client_name: client_name.into() }
    }

    /// The same server. Connections are called `tidings:<instance>:…` in its `CLIENT LIST`.
    pub(crate) fn named(mut self, instance: &str) -> Self {
        // Valkey takes no other characters.
        let is_allowed = |c: char| c.is_ascii_graphic();
        let instance = instance.chars().map(|c| if is_allowed(c) { c } else { '-' });
        self.client_name = format!("tidings:{}", instance.collect::<String>()).into();
        self
    }

    /// Where it is, for people. Shows no password.
    pub(crate) fn address(&self) -> String {
        match &*self.place {
            Place::Node { info, .. } => info.addr().to_string(),
            Place::Sentinels(Sentinels { nodes, primary, .. }) => {
                let nodes: Vec<_> = nodes.iter().map(|node| node.addr().to_string()).collect();
                format!("{} ({primary} of Sentinel)", nodes.join(","))
            }
        }
    }

    /// Finds the primary, and connects to it. Takes as long as it takes: the caller sets a limit.
    ///
    /// # Errors
    ///
    /// [`Failure::ReadOnly`] where only a replica was found.
    pub(super) async fn connect(
        &self,
        name: &str,
        config: &AsyncConnectionConfig,
    ) -> Result<Connected, Failure> {
        let name = format!("{}:{name}", self.client_name);
        match &*self.place {
            Place::Node { info, certificates } => {
                let client = open(info.clone(), certificates.as_ref());
                Self::reach(client.map_err(|e| Failure::of(&e))?, &name, config).await
            }
            Place::Sentinels(sentinels) => sentinels.connect(&name, config).await,
        }
    }

    /// Connects to a node, and refuses a replica.
    pub(super) async fn reach(
        client: Client,
        name: &str,
        config: &AsyncConnectionConfig,
    ) -> Result<Connected, Failure> {
        let failure = |error| Failure::of(&error);
        let address = client.get_connection_info().addr().to_string();
        // The caller limits each command.
        let config = config.clone().set_connection_timeout(None).set_response_timeout(None);
        let mut connection =
            client.get_multiplexed_async_connection_with_config(&config).await.map_err(failure)?;
        // Only for operators: an ACL may refuse it.
        let _: RedisResult<()> =
            redis::cmd("CLIENT").arg("SETNAME").arg(name).query_async(&mut connection).await;
        let mut answers = Vec::new();
        for question in Node::question() {
            match question.query_async::<String>(&mut connection).await {
                Ok(answer) => answers.push(answer),
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) => {
                    return Ok(Connected { connection, node: None, address });
                }
                Err(error) => return Err(failure(error)),
            }
        }
        let node = Node::read(&answers)?;
        if !node.is_primary {
            return Err(Failure::ReadOnly);
        }
        let node = Some(node);
        Ok(Connected { connection, node, address })
    }
}

/// A client for one address, set up as all our connections are.
pub(super) fn open(
    info: ConnectionInfo,
    certificates: Option<&TlsCertificates>,
) -> RedisResult<Client> {
    // redis 1.x leaves Nagle's algorithm on, which holds back a small command.
    let tcp = platform::limit_valkey_stall(TcpSettings::default(), STALL_LIMIT).set_nodelay(true);
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let info = info.set_tcp_settings(tcp).set_redis_settings(settings);
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return Client::open(info);
    }
    // redis-rs takes the process's provider, and rustls panics where there is none and it cannot choose one itself. A service
    // that has installed its own keeps it.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only where another thread was faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    match certificates {
        Some(certificates) => Client::build_with_tls(info, certificates.clone()),
        // Trusts whom the system trusts, as valkey-cli does: operators add a company's own authority there, and its list is
        // kept up to date without a new release of the service.
        None => Client::open(info),
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.address()).finish()
    }
}
