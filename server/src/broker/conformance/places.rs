//! Where the suite runs: in memory, with Valkey, with Valkey and TLS, and through Sentinel, with a failover.

use std::collections::HashMap;

use tidings_testkit::{Certificates, ClientCertificates, Sentinels, ValkeyPair};
use tokio::task::JoinSet;

use super::*;

impl Replica {
    pub(super) async fn in_memory() -> Self {
        let (broker, streams) = MemoryBroker::new(RETENTION, PARTS);
        let forget = Forget::Memory(broker.clone());
        Self::new(broker, streams, forget).await
    }

    pub(super) async fn with_valkey() -> Self {
        let valkey = ValkeyProcess::start().await.unwrap();
        Self::at(&valkey.url(), "", Durability::None, Arc::new(valkey)).await
    }

    /// Trusts the authority that has signed Valkey's certificate, and no other.
    pub(super) async fn with_tls() -> Self {
        let certificates = Certificates::issue().unwrap();
        let clients = ClientCertificates::NotRequired;
        let valkey = ValkeyProcess::start_with_tls(&certificates, clients, [""; 0]).await.unwrap();
        let url = format!("{}?ca={}", valkey.url(), certificates.authority().display());
        Self::at(&url, "", Durability::None, Arc::new(valkey)).await
    }

    async fn at(
        url: &str,
        prefix: &str,
        durability: Durability,
        forgets: Arc<ValkeyProcess>,
    ) -> Self {
        let settings = Settings { retention: RETENTION, durability };
        let (broker, streams) = ValkeyBroker::new(&url.parse().unwrap(), prefix, settings, PARTS);
        let replica = Self::new(broker, streams, Forget::Valkey(forgets)).await;
        Self { prefix: prefix.to_owned(), ..replica }
    }
}

/// All tests share one failover, which happens when each of them has come to it. Where nothing is lost and that is declared, it
/// comes in the middle of each test of the suite; where nothing is declared, it comes before them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinel() {
    let ValkeyPair { mut primary, standby } = ValkeyPair::start().await.unwrap();
    let sentinels = Sentinels::start(&primary).await.unwrap();
    let standby = Arc::new(standby);
    let (not_yet, mut all) = mpsc::channel::<Infallible>(1);
    let (mut running, mut names) = (JoinSet::new(), HashMap::new());
    let mut run = |name: &str, durability, before, test: Test| {
        let (name, url) = (format!("{name}-{durability}"), sentinels.url());
        let (standby, not_yet) = (standby.clone(), not_yet.clone());
        let prefix = format!("{name}:");
        let run = async move {
            let mut replica = Replica::at(&url, &prefix, durability, standby).await;
            replica.not_yet = Some(not_yet);
            if before {
                replica.fail_over().await;
            }
            test(replica).await;
        };
        names.insert(running.spawn(run).id(), name);
    };
    for (name, test) in suite() {
        run(name, Durability::Failover, false, test);
        run(name, Durability::None, true, test);
    }
    for durability in [Durability::None, Durability::Restart] {
        run("another_count", durability, false, |replica| {
            failover::another_count_begins_where_events_may_have_been_lost(replica).boxed()
        });
    }
    drop(not_yet);
    // Ends when the last of them has come to the failover, or has failed before.
    let _: Option<Infallible> = all.recv().await;
    standby.caught_up_with(&primary).await.unwrap();
    let switched = sentinels.switches();
    primary.kill();
    switched.await.unwrap();
    let mut failed = Vec::new();
    while let Some(ended) = running.join_next().await {
        failed.extend(ended.err().map(|error| names[&error.id()].clone()));
    }
    assert_eq!(failed, [""; 0]);
}
