//! Each proxy whose configuration this repository ships, in front of two replicas and one Valkey: the tests of the page
//! `nginx/proxies/README.md`.
//!
//! `make test` runs nginx and HAProxy; `make test-proxies` installs and runs the others.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checks;
mod stage;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tidings_testkit::Proxy;

use crate::{checks::CHECKS, stage::Stage};

/// What a proxy does while one of two replicas cannot serve a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Skips {
    /// With a WebSocket, when a replica does not listen.
    dead: Skip,
    /// With a POST, when a replica does not listen.
    dead_post: Skip,
    /// With a WebSocket, when a replica answers 503.
    full: Skip,
}

/// When a proxy gives a client another replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skip {
    /// In the same request: the client notices nothing.
    AtOnce,
    /// Once it has noticed. Until then some clients are refused, and have to try again.
    Soon,
    /// Never: some clients are refused, and have to try again.
    ByRetry,
}

/// Runs every check, and names all that fail.
async fn check(proxy: Proxy, skips: Skips) {
    let mut stage = Stage::start(proxy, skips).await;
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        stage.repair().await;
        if AssertUnwindSafe(check(&mut stage)).catch_unwind().await.is_err() {
            failed.push(*name);
        }
    }
    let log = stage.front.process().log().tail();
    assert!(failed.is_empty(), "{proxy:?} fails {failed:?}{log}");
    stage.stop().await;
}

macro_rules! behind {
    ($($(#[$attribute:meta])* $name:ident: $proxy:ident, $dead:ident, $dead_post:ident, $full:ident;)+) => {
        $($(#[$attribute])* #[tokio::test] async fn $name() {
            let (dead, dead_post, full) = (Skip::$dead, Skip::$dead_post, Skip::$full);
            check(Proxy::$proxy, Skips { dead, dead_post, full }).await;
        })+
    };
}

// The name of the test, the proxy, and what it does when a replica is: dead, dead and the request a POST, full.
behind! {
    nginx: Nginx, AtOnce, AtOnce, AtOnce;
    haproxy: HaProxy, AtOnce, AtOnce, AtOnce;
    #[ignore = "make test-proxies"]
    caddy: Caddy, AtOnce, Soon, ByRetry;
    #[ignore = "make test-proxies"]
    apache: Apache, AtOnce, AtOnce, ByRetry;
    #[ignore = "make test-proxies"]
    envoy: Envoy, AtOnce, AtOnce, AtOnce;
    #[ignore = "make test-proxies"]
    varnish: Varnish, Soon, Soon, Soon;
    #[ignore = "make test-proxies"]
    h2o: H2o, AtOnce, AtOnce, AtOnce;
    #[ignore = "make test-proxies"]
    lighttpd: Lighttpd, Soon, Soon, ByRetry;
}
