//! The broker that the servers of one test share.

use tidings::{Config, Router, Server};
use tidings_testkit::ValkeyProcess;

use super::TestServer;

/// The broker that the servers of one test share. Servers of a memory broker share nothing.
pub(crate) struct TestBroker(Option<ValkeyProcess>);

impl TestBroker {
    pub(crate) fn memory() -> Self {
        Self(None)
    }

    pub(crate) async fn valkey() -> Self {
        Self::valkey_with(&[]).await
    }

    /// A Valkey that is started with further arguments.
    pub(crate) async fn valkey_with(args: &[&str]) -> Self {
        Self(Some(ValkeyProcess::start_with(args).await.unwrap()))
    }

    /// A Valkey that keeps every write that it has acknowledged.
    pub(crate) async fn durable_valkey() -> Self {
        Self::valkey_with(&["--appendonly", "yes", "--appendfsync", "always"]).await
    }

    /// The options of a server on it.
    pub(crate) fn config(&self, args: &[&str]) -> Config {
        let url = self.0.as_ref().map(|valkey| format!("--valkey-url={}", valkey.url()));
        let named = args.contains(&"--instance");
        let name = ["--instance", "test"].into_iter().filter(|_| !named);
        let service = ["service"].into_iter().chain(name).chain(url.as_deref());
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
        self.0.as_mut().unwrap()
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
