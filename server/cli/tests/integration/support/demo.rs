//! The demo's server, in this process.

use std::time::Duration;

use clap::Parser as _;
use serde_json::Value;
use tidings::{Error, Publisher};
use tidings_demo::ServeArgs;
use tidings_demo_contract::OnUpdates;
use tidings_testkit::{Port, ValkeyProcess};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

/// How long any step may take before the test fails: far longer than it takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The demo's server on a port that it keeps, with its broker.
pub(crate) struct Demo {
    port: Port,
    /// Absent on the memory broker.
    pub(crate) valkey: Option<ValkeyProcess>,
    pub(crate) publisher: Publisher,
    shutdown: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), Error>>,
}

impl Demo {
    /// On the memory broker.
    pub(crate) async fn on_memory() -> Self {
        Self::start(Port::reserve().unwrap(), None).await
    }

    /// On a new Valkey.
    pub(crate) async fn on_valkey() -> Self {
        let valkey = ValkeyProcess::start().await.unwrap();
        Self::start(Port::reserve().unwrap(), Some(valkey)).await
    }

    async fn start(port: Port, valkey: Option<ValkeyProcess>) -> Self {
        // A replica that leaves asks its clients to come back within a part of this.
        let mut args =
            ["demo", "--instance", "test", "--drain-limit", "1s"].map(str::to_owned).to_vec();
        if let Some(valkey) = &valkey {
            args.extend(["--valkey-url".to_owned(), valkey.url()]);
        }
        let server = tidings_demo::server(ServeArgs::try_parse_from(args).unwrap()).unwrap();
        let (publisher, monitor) = (server.publisher(), server.monitor());
        let listener = TcpListener::bind(port.address()).await.unwrap();
        let (shutdown, requested) = oneshot::channel();
        let running = tokio::spawn(server.serve(listener, async {
            let _ = requested.await;
        }));
        let ready = async {
            while !monitor.is_ready() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, ready).await.expect("the server becomes ready");
        Self { port, valkey, publisher, shutdown: Some(shutdown), running }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.port.address())
    }

    pub(crate) fn valkey_url(&self) -> String {
        self.valkey.as_ref().unwrap().url()
    }

    /// Publishes a list of one user to `list-1`, and answers the event's id.
    pub(crate) async fn publish(&self, name: &str) -> String {
        publish(&self.publisher, name).await
    }

    /// Shuts the server down, calls `meanwhile`, and starts another server on the same port.
    pub(crate) async fn restart(mut self, meanwhile: impl AsyncFnOnce(&Publisher)) -> Self {
        let _ = self.shutdown.take().unwrap().send(());
        timeout(PATIENCE, &mut self.running).await.expect("the server leaves").unwrap().unwrap();
        let publisher = Publisher::connect(&self.valkey_url()).await.unwrap();
        meanwhile(&publisher).await;
        Self::start(self.port, self.valkey).await
    }
}

/// Publishes a list of one user to `list-1`, and answers the event's id.
pub(crate) async fn publish(publisher: &Publisher, name: &str) -> String {
    let users = serde_json::json!([{"id": "1", "name": name}]);
    let users = serde_json::from_value(Value::clone(&users)).unwrap();
    let channel = "list-1".parse().unwrap();
    publisher.publish::<OnUpdates>(&channel, &users).await.unwrap().as_str().to_owned()
}
