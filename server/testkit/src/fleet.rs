//! A Valkey, replicas, nginx and, if wanted, the publisher.

use std::path::{Path, PathBuf};

use futures_util::future::try_join_all;

use crate::{
    Link, Nginx, NginxOptions, Port, Process, Publisher, Replica, ReplicaOptions, Result,
    Sentinels, ValkeyProcess, load::Place,
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
    /// Further variables of each replica's environment, such as `VALKEY_DURABILITY`. None by default.
    pub replica_environment: Vec<(String, String)>,
    /// Whether `tidings-demo background-updates` publishes to `list-1`. It does not by default.
    pub publisher: bool,
    /// Valkey's port on 127.0.0.1. A free one by default.
    pub valkey_port: Option<u16>,
    /// Further arguments of Valkey, such as `["--appendonly", "yes"]`. None by default: it keeps nothing.
    pub valkey_arguments: Vec<String>,
    /// How many of the replicas, from the first on, reach Valkey through one [`Link`]. None by default.
    pub linked: usize,
    /// Whether a second Valkey is the replica of the first one. There is none by default.
    pub standby: bool,
    /// Whether Sentinels watch over both, and the replicas ask them where the primary is. They do not by default.
    pub sentinels: bool,
    /// The program that the replicas are to be upgraded to. None by default.
    pub upgrade_to: Option<PathBuf>,
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
            replica_environment: Vec::new(),
            publisher: false,
            valkey_port: None,
            valkey_arguments: Vec::new(),
            linked: 0,
            standby: false,
            sentinels: false,
            upgrade_to: None,
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
    /// What the first replicas reach Valkey through, if so wanted.
    pub link: Option<Link>,
    /// They watch over `valkey` and `standby`, if so wanted.
    pub sentinels: Option<Sentinels>,
    /// The replica of `valkey`, if so wanted.
    pub standby: Option<ValkeyProcess>,
    /// The broker. After a failover, the one that takes writes.
    pub valkey: ValkeyProcess,
    /// Whether no replica reaches Valkey by another way than the link.
    all_linked: bool,
    /// The program that the replicas are to be upgraded to, if any.
    pub(crate) upgrade_to: Option<PathBuf>,
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
        let standby = if options.standby {
            let standby = ValkeyProcess::start_with(&options.valkey_arguments).await?;
            standby.follow(&valkey).await?;
            Some(standby)
        } else {
            None
        };
        let sentinels =
            if options.sentinels { Some(Sentinels::start(&valkey).await?) } else { None };
        let link =
            if options.linked > 0 { Some(Link::start(valkey.address()).await?) } else { None };
        let valkey_url = sentinels.as_ref().map_or_else(|| valkey.url(), Sentinels::url);
        let replicas = (1..=options.replicas).map(|number| {
            let replica = ReplicaOptions::new(&options.tidings, format!("replica-{number}"));
            let link = link.as_ref().filter(|_| number <= options.linked).map(Link::url);
            let replica = replica.valkey_url(link.unwrap_or_else(|| valkey_url.clone()));
            let replica = replica.args(&options.replica_arguments);
            Replica::start(replica.envs(options.replica_environment.iter().cloned()))
        });
        let replicas = try_join_all(replicas).await?;
        let addresses = replicas.iter().map(Replica::address).collect::<Vec<_>>();
        let nginx = Nginx::start(&addresses, &options.nginx).await?;
        let all_linked = options.linked >= options.replicas;
        let upgrade_to = options.upgrade_to.clone();
        let publisher = if options.publisher {
            Some(Publisher::start(&options.tidings, &valkey_url)?)
        } else {
            None
        };
        Ok(Self {
            publisher,
            nginx,
            replicas,
            link,
            sentinels,
            standby,
            valkey,
            all_linked,
            upgrade_to,
        })
    }

    /// Where a browser finds it.
    pub fn url(&self) -> String {
        self.nginx.url()
    }

    /// Where a WebSocket client finds it.
    pub fn ws_url(&self) -> String {
        self.nginx.ws_url()
    }

    /// Where publishers find Valkey: as most replicas do.
    pub fn place(&self) -> Place {
        match (&self.sentinels, &self.link) {
            (Some(sentinels), _) => sentinels.into(),
            (None, Some(link)) if self.all_linked => Place::Url(link.url()),
            (None, _) => (&self.valkey).into(),
        }
    }

    /// All its processes, in the order in which they were started.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        [self.valkey.process()]
            .into_iter()
            .chain(self.standby.as_ref().map(ValkeyProcess::process))
            .chain(self.sentinels.iter().flat_map(Sentinels::processes))
            .chain(self.replicas.iter().map(Replica::process))
            .chain([self.nginx.process()])
            .chain(self.publisher.as_ref().map(Publisher::process))
    }

    /// Ends all as a deployment would: the publisher, the replicas (together, so that they drain at the
    /// same time), nginx, the Sentinels, Valkey. What has ended before is left out.
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
        // They would take the end of the primary for a failure.
        drop(self.sentinels);
        if let Some(standby) = &mut self.standby {
            standby.stop().await?;
        }
        self.valkey.stop().await
    }
}
