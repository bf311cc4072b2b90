//! A server in this process.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tidings_schema::OnUpdates;
use tidings_server::{App, BoxError, Cli, broker::ChannelKey, serve};
use tidings_testkit::{Client, ValkeyProcess};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

/// How long anything may take before the test has failed. Far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on a port of its own, with its broker. [`TestServer::end`] it at the end of the test: what it
/// checks then is part of every test.
pub(crate) struct TestServer {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    /// Absent on the memory broker.
    pub(crate) valkey: Option<ValkeyProcess>,
    shutdown: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<Result<(), BoxError>>>,
}

impl TestServer {
    /// On the memory broker, with further arguments of `tidings serve`.
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
        server.until("it is connected", |app| app.broker.is_up()).await;
        server
    }

    /// On a Valkey that is not there yet.
    pub(crate) async fn without_valkey_yet(valkey: &ValkeyProcess) -> Self {
        Self::start(&["--valkey-url", &valkey.url()], None).await
    }

    pub(crate) async fn start(args: &[&str], valkey: Option<ValkeyProcess>) -> Self {
        let named = args.contains(&"--instance");
        let name = ["--instance", "test"].into_iter().filter(|_| !named);
        let (app, incoming) =
            App::new(Cli::serve_args(name.chain(args.iter().copied())).unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, requested) = oneshot::channel();
        let running = serve(listener, app.clone(), incoming, async {
            let _ = requested.await;
        });
        let running = Some(tokio::spawn(running));
        Self { app, address, valkey, shutdown: Some(shutdown), running }
    }

    /// Waits until something about the server is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&App) -> bool) {
        let wait = async {
            while !is_so(&self.app) {
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

    /// What the broker calls a list's channel.
    pub(crate) fn key(&self, channel: &str) -> ChannelKey {
        let prefix = &self.app.config.broker.key_prefix;
        ChannelKey::new::<OnUpdates>(prefix, &channel.parse().unwrap())
    }

    /// Publishes bytes to a list's channel, whether they fit it or not, and answers the event's id.
    pub(crate) async fn publish(&self, channel: &str, payload: impl Into<Vec<u8>>) -> String {
        let payload = payload.into().into();
        self.app.broker.publish(&self.key(channel), payload, None).await.unwrap().to_string()
    }

    /// The value of a metric.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        metric(&self.app, name)
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
        assert!(self.app.hub.is_empty(), "a channel was left in the hub");
        assert!(self.app.subscriptions.is_empty(), "the task of a subscription was left");
        assert!(self.app.tasks.is_empty(), "a connection was left");
        assert_eq!(self.metric("tidings_subscriptions"), 0);
        assert_eq!(self.metric("tidings_connections"), 0);
        assert_eq!(self.metric("tidings_channels"), 0);
    }
}

pub(crate) fn metric(app: &App, name: &str) -> u64 {
    let metrics = app.metrics.render();
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no metric {name} in\n{metrics}")).parse().unwrap()
}

impl Drop for TestServer {
    fn drop(&mut self) {
        assert!(std::thread::panicking() || self.running.is_none(), "call TestServer::end");
    }
}
