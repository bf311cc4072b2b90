//! A Valkey, replicas, nginx and, if wanted, the publisher.

use std::path::{Path, PathBuf};

use futures_util::future::try_join_all;

use crate::{
    Link, Nginx, NginxOptions, Port, Process, Publisher, Replica, ReplicaOptions, Result,
    ValkeyProcess,
};

/// How a fleet is started.
#[derive(Clone, Debug)]
pub struct FleetOptions {
    /// The `tidings-demo` binary: in the tests of that package, `env!("CARGO_BIN_EXE_tidings-demo")`.
    pub tidings: PathBuf,
    /// How many replicas. They are named `replica-1`, `replica-2` and so on. 3 by default.
    pub replicas: usize,
    /// Further arguments of each replica, such as `["--key-prefix", "test"]`. None by default.
    pub replica_arguments: Vec<String>,
    /// Whether `tidings-demo background-updates` publishes to `list-1`. It does not by default.
    pub publisher: bool,
    /// Valkey's port on 127.0.0.1. A free one by default.
    pub valkey_port: Option<u16>,
    /// Further arguments of Valkey, such as `["--appendonly", "yes"]`. None by default: it keeps nothing.
    pub valkey_arguments: Vec<String>,
    /// Whether `replica-1` reaches Valkey through a [`Link`], which can be cut. It does not by default.
    pub link: bool,
    /// Where nginx listens, and the page that it serves.
    pub nginx: NginxOptions,
}

impl FleetOptions {
    /// Three replicas behind nginx, without publisher or page, on free ports.
    pub fn new(tidings: impl AsRef<Path>) -> Self {
        Self {
            tidings: tidings.as_ref().into(),
            replicas: 3,
            replica_arguments: Vec::new(),
            publisher: false,
            valkey_port: None,
            valkey_arguments: Vec::new(),
            link: false,
            nginx: NginxOptions::default(),
        }
    }
}

/// What `compose.yaml` describes, as plain processes of this machine: a Valkey, replicas, nginx and, if
/// wanted, the publisher. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Fleet {
    /// `tidings-demo background-updates`.
    pub publisher: Option<Publisher>,
    /// The front.
    pub nginx: Nginx,
    /// `replica-1`, `replica-2` and so on.
    pub replicas: Vec<Replica>,
    /// What `replica-1` reaches Valkey through, if so wanted.
    pub link: Option<Link>,
    /// The broker.
    pub valkey: ValkeyProcess,
}

impl Fleet {
    /// Starts all, and waits until every replica is ready and nginx accepts connections.
    ///
    /// # Errors
    ///
    /// When one of them does not start.
    pub async fn start(options: &FleetOptions) -> Result<Self> {
        let port = options.valkey_port.map_or_else(Port::reserve, Port::exactly)?;
        let valkey = ValkeyProcess::start_on(port, &options.valkey_arguments).await?;
        let link = if options.link { Some(Link::start(valkey.address()).await?) } else { None };
        let replicas = (1..=options.replicas).map(|number| {
            let replica = ReplicaOptions::new(&options.tidings, format!("replica-{number}"));
            let link = link.as_ref().filter(|_| number == 1).map(Link::url);
            let valkey_url = link.unwrap_or_else(|| valkey.url());
            Replica::start(replica.valkey_url(valkey_url).args(&options.replica_arguments))
        });
        let replicas = try_join_all(replicas).await?;
        let addresses = replicas.iter().map(Replica::address).collect::<Vec<_>>();
        let nginx = Nginx::start(&addresses, &options.nginx).await?;
        let publisher = if options.publisher {
            Some(Publisher::start(&options.tidings, &valkey.url())?)
        } else {
            None
        };
        Ok(Self { publisher, nginx, replicas, link, valkey })
    }

    /// Where a browser finds it.
    pub fn url(&self) -> String {
        self.nginx.url()
    }

    /// Where a WebSocket client finds it.
    pub fn ws_url(&self) -> String {
        self.nginx.ws_url()
    }

    /// All its processes, in the order in which they were started.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        [self.valkey.process()]
            .into_iter()
            .chain(self.replicas.iter().map(Replica::process))
            .chain([self.nginx.process()])
            .chain(self.publisher.as_ref().map(Publisher::process))
    }

    /// Ends all as a deployment would: the publisher, the replicas (together, so that they drain at the
    /// same time), nginx, Valkey. What has ended before is left out.
    ///
    /// # Errors
    ///
    /// The first of those that did not end by themselves. All have ended in any case.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(publisher) = &mut self.publisher {
            publisher.stop().await?;
        }
        try_join_all(self.replicas.iter_mut().map(Replica::stop)).await?;
        self.nginx.stop().await?;
        self.valkey.stop().await
    }
}
