//! The broker that the servers of one test share.

use tidings::{Config, Router, Server};
use tidings_testkit::ValkeyProcess;

use super::TestServer;

/// The broker that the servers of one test share. Servers of a memory broker share nothing.
pub(crate) struct TestBroker {
    valkey: Option<ValkeyProcess>,
    /// It keeps what it has acknowledged, and servers are told so.
    durable: bool,
}

impl TestBroker {
    pub(crate) fn memory() -> Self {
        Self { valkey: None, durable: false }
    }

    pub(crate) async fn valkey() -> Self {
        Self::valkey_with(&[]).await
    }

    /// A Valkey that is started with further arguments.
    pub(crate) async fn valkey_with(args: &[&str]) -> Self {
        // Tests look there which functions were called.
        let logs = ["--slowlog-log-slower-than", "0", "--slowlog-max-len", "100000"];
        let valkey = ValkeyProcess::start_with([args, &logs].concat()).await.unwrap();
        Self { valkey: Some(valkey), durable: false }
    }

    /// A Valkey that keeps every write that it has acknowledged.
    pub(crate) async fn durable_valkey() -> Self {
        let keeps = ["--appendonly", "yes", "--appendfsync", "always"];
        Self { durable: true, ..Self::valkey_with(&keeps).await }
    }

    /// The options of a server on it.
    pub(crate) fn config(&self, args: &[&str]) -> Config {
        let url = self.valkey.as_ref().map(|valkey| format!("--valkey-url={}", valkey.url()));
        let named = args.contains(&"--instance");
        let name = ["--instance", "test"].into_iter().filter(|_| !named);
        let durable = self.durable.then_some("--valkey-durability=restart");
        let service = ["service"].into_iter().chain(name).chain(url.as_deref()).chain(durable);
        Config::try_parse_from(service.chain(args.iter().copied())).unwrap()
    }

    /// One more server on it.
    pub(crate) async fn serve<S: Send + Sync + 'static>(
        &self,
        args: &[&str],
        router: Router<S>,
        state: S,
    ) -> TestServer {
        let server = Server::new(self.config(args), router, state).unwrap();
        let server = TestServer::serve(server, None).await;
        server.until("it is connected", |server| server.monitor.is_ready()).await;
        server
    }

    /// The process behind it.
    pub(crate) fn process(&mut self) -> &mut ValkeyProcess {
        self.valkey.as_mut().unwrap()
    }
}

/// Makes each async function a test on both brokers: it receives the broker.
macro_rules! with_both_brokers {
    ($($name:ident),+ $(,)?) => {
        mod on_memory {
            $(#[tokio::test] async fn $name() {
                super::$name(crate::support::TestBroker::memory()).await;
            })+
        }
        mod on_valkey {
            $(#[tokio::test] async fn $name() {
                super::$name(crate::support::TestBroker::valkey().await).await;
            })+
        }
    };
}
pub(crate) use with_both_brokers;
