//! Asks Sentinel where the primary is.

use std::{collections::HashSet, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    RedisConnectionInfo, RedisResult, TlsCertificates,
};
use tokio::time::timeout;

use super::{
    failure::Failure,
    server::{Connected, Server, open},
};

/// How long one Sentinel may take to answer, and one node to be connected to.
const LIMIT: Duration = Duration::from_secs(1);

/// A primary, and the Sentinels that know its address.
#[derive(Clone)]
pub(super) struct Sentinels {
    pub(super) nodes: Vec<ConnectionInfo>,
    /// What Sentinel calls the primary.
    pub(super) primary: String,
    /// Who this client is, to the primary.
    pub(super) settings: RedisConnectionInfo,
    /// Whether Valkey speaks TLS.
    pub(super) tls: bool,
    pub(super) certificates: Option<TlsCertificates>,
}

impl Sentinels {
    /// Asks all Sentinels at once, and connects to the first node that one of them names and that is a primary. So neither a
    /// Sentinel that is gone nor one that has missed a failover holds up the others.
    pub(super) async fn connect(
        &self,
        name: &str,
        config: &AsyncConnectionConfig,
    ) -> Result<Connected, Failure> {
        let mut answers: FuturesUnordered<_> =
            self.nodes.iter().map(|node| self.ask(node)).collect();
        let mut tried = HashSet::new();
        let mut failure = None;
        while let Some(answer) = answers.next().await {
            let (host, port) = match answer {
                Ok(address) if tried.insert(address.clone()) => address,
                Ok(_) => continue,
                Err(error) => {
                    failure.get_or_insert(error);
                    continue;
                }
            };
            let attempt = async { Server::reach(self.node(host, port)?, name, config).await };
            match timeout(LIMIT, attempt).await {
                Ok(Ok(connected)) => return Ok(connected),
                // Says more than a Sentinel that is gone.
                Ok(Err(error)) => failure = Some(error),
                Err(_) => failure = Some(Failure::late(LIMIT)),
            }
        }
        Err(failure.unwrap_or_else(|| Failure::Other("there is no Sentinel".to_owned())))
    }

    async fn ask(&self, node: &ConnectionInfo) -> Result<(String, u16), Failure> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(LIMIT))
            .set_response_timeout(Some(LIMIT));
        let ask = async {
            let mut connection = open(node.clone(), self.certificates.as_ref())?
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            let mut question = redis::cmd("SENTINEL");
            question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.primary);
            question.query_async::<Option<(String, u16)>>(&mut connection).await
        };
        let at = node.addr();
        match timeout(LIMIT, ask).await {
            Ok(Ok(Some(address))) => Ok(address),
            Ok(Ok(None)) => Err(Failure::Other(format!(
                "Sentinel at {at} knows no primary called {:?}",
                self.primary
            ))),
            Ok(Err(error)) => {
                let reason = crate::broker::BrokerUnavailable::from(Failure::of(&error));
                Err(Failure::Other(format!("Sentinel at {at}: {}", reason.0)))
            }
            Err(_) => Err(Failure::Other(format!("Sentinel at {at}: no answer within {LIMIT:?}"))),
        }
    }

    fn node(&self, host: String, port: u16) -> Result<Client, Failure> {
        let address = if self.tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        let client = || -> RedisResult<Client> {
            let info = address.into_connection_info()?.set_redis_settings(self.settings.clone());
            open(info, self.certificates.as_ref())
        };
        client().map_err(|error| Failure::of(&error))
    }
}
