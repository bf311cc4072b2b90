//! A server in this process.

use std::{net::SocketAddr, time::Duration};

use clap::Parser;
use tidings::{Error, Monitor, PublishError, Publisher, Server, Target};
use tidings_demo::ServeArgs;
use tidings_testkit::{Client, ValkeyProcess};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

/// How long anything may take before the test has failed. Far more than it ever takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server on a port of its own, with its broker. [`TestServer::end`] it at the end of the test: what it
/// checks then is part of every test.
pub(crate) struct TestServer {
    pub(crate) monitor: Monitor,
    pub(crate) publisher: Publisher,
    pub(crate) address: SocketAddr,
    /// Absent on the memory broker.
    pub(crate) valkey: Option<ValkeyProcess>,
    shutdown: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<Result<(), Error>>>,
}

impl TestServer {
    /// On the memory broker, with further arguments of `tidings-demo serve`.
    pub(crate) async fn on_memory(args: &[&str]) -> Self {
        Self::start(args, None).await
    }

    /// On a Valkey of its own.
    pub(crate) async fn on_valkey(args: &[&str]) -> Self {
        Self::on_valkey_with(&[], args).await
    }

    /// On a Valkey of its own, started with further arguments.
    pub(crate) async fn on_valkey_with(valkey: &[&str], args: &[&str]) -> Self {
        let valkey = ValkeyProcess::start_with(valkey).await.unwrap();
        let url = valkey.url();
        let args = [&["--valkey-url", &url], args].concat();
        let server = Self::start(&args, Some(valkey)).await;
        server.until("it is connected", |server| server.monitor.is_ready()).await;
        server
    }

    /// On a Valkey that is not there yet.
    pub(crate) async fn without_valkey_yet(valkey: &ValkeyProcess) -> Self {
        Self::start(&["--valkey-url", &valkey.url()], None).await
    }

    pub(crate) async fn start(args: &[&str], valkey: Option<ValkeyProcess>) -> Self {
        let named = args.contains(&"--instance");
        let name = ["--instance", "test"].into_iter().filter(|_| !named);
        let args = ["serve"].into_iter().chain(name).chain(args.iter().copied());
        let demo = tidings_demo::server(ServeArgs::try_parse_from(args).unwrap()).unwrap();
        Self::serve(demo, valkey).await
    }

    /// A server of any service.
    pub(crate) async fn serve<S: Send + Sync + 'static>(
        server: Server<S>,
        valkey: Option<ValkeyProcess>,
    ) -> Self {
        install_tls();
        let (monitor, publisher) = (server.monitor(), server.publisher());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, requested) = oneshot::channel();
        let running = server.serve(listener, async {
            let _ = requested.await;
        });
        let running = Some(tokio::spawn(running));
        Self { monitor, publisher, address, valkey, shutdown: Some(shutdown), running }
    }

    /// Waits until something about the server is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let wait = async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(timeout(PATIENCE, wait).await.is_ok(), "waited in vain until {what}");
    }

    /// Waits until this replica is subscribed to nothing in Valkey any more, not even to `onInstances`.
    pub(crate) async fn until_valkey_has_no_subscription(&self) {
        let Some(valkey) = &self.valkey else { return };
        let wait = async { while valkey.cli(["PUBSUB", "CHANNELS"]).await.unwrap() != "" {} };
        assert!(timeout(PATIENCE, wait).await.is_ok(), "a subscription was left in Valkey");
    }

    pub(crate) fn ws_url(&self) -> String {
        format!("ws://{}/rpc", self.address)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.ws_url()).await
    }

    /// Publishes bytes to a list's channel, whether they fit it or not, and answers the event's id.
    pub(crate) async fn publish(&self, channel: &str, payload: impl Into<Vec<u8>>) -> String {
        self.try_publish(channel, payload).await.unwrap()
    }

    pub(crate) async fn try_publish(
        &self,
        channel: &str,
        payload: impl Into<Vec<u8>>,
    ) -> Result<String, PublishError> {
        let target = Target {
            namespace: "updates".to_owned(),
            channel: channel.parse().unwrap(),
            state_retention: None,
        };
        let id = self.publisher.publish_raw(&target, payload.into(), None).await?;
        Ok(id.as_str().to_owned())
    }

    /// The value of a metric.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let metrics = self.monitor.metrics();
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no metric {name} in\n{metrics}")).parse().unwrap()
    }

    /// Asks it to leave, without waiting.
    pub(crate) fn leave(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            shutdown.send(()).unwrap();
        }
    }

    /// Waits until it has ended, whatever is left.
    pub(crate) async fn ended(&mut self) {
        let running = self.running.take().unwrap();
        timeout(PATIENCE, running).await.expect("the server did not end").unwrap().unwrap();
    }

    /// Asks it to leave, and checks that nothing of it is left.
    pub(crate) async fn end(mut self) {
        self.leave();
        self.ended().await;
        assert_eq!(self.monitor.resuming(), 0, "the task of a subscription was left");
        assert_eq!(self.monitor.open_tasks(), 0, "a connection was left");
        assert_eq!(self.metric("tidings_subscriptions"), 0);
        assert_eq!(self.metric("tidings_connections"), 0);
        assert_eq!(self.metric("tidings_channels"), 0);
    }
}

/// reqwest needs a TLS provider, also for plain HTTP.
pub(crate) fn install_tls() {
    // Fails when another test has installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Drop for TestServer {
    fn drop(&mut self) {
        assert!(std::thread::panicking() || self.running.is_none(), "call TestServer::end");
    }
}
