//! Starts, serves and ends a server.

use std::{
    future::pending,
    io::{self, Write as _},
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::Arc,
};

use futures_util::{FutureExt, future::BoxFuture};
use jsonrpsee::server::stop_channel;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    broker::IncomingStream,
    config::{Action, Config},
    engine::Engine,
    error::Error,
    health::health,
    http, instance, leaving,
    monitor::Monitor,
    platform,
    publisher::Publisher,
    readiness::Readiness,
    router::{Router, Routes},
    telemetry,
};

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`. A client that finds the
/// queue full tries again after 1 s, 3 s, 7 s: the queue should hold a fleet's clients when all reconnect at once.
const ACCEPT_QUEUE: u32 = 65_535;

/// A server of one service.
///
/// ```no_run
/// use tidings::{Config, Router, Server};
///
/// struct Shop;
///
/// #[tokio::main]
/// async fn main() -> Result<(), tidings::Error> {
///     let router = Router::<Shop>::new("Shop", "1.0.0");
///     Server::new(Config::parse(), router, Shop)?.run().await
/// }
/// ```
#[must_use = "a server does nothing until `run` or `serve`"]
pub struct Server<S> {
    engine: Arc<Engine>,
    incoming: Vec<IncomingStream>,
    state: Arc<S>,
    routes: Routes,
    /// The service's version, where replicas report themselves.
    reports: Option<String>,
    /// Procedures that do not say who may call them.
    undeclared: Vec<&'static str>,
    readiness: Readiness,
    own: axum::Router,
    wraps: Vec<Wrap>,
    background: Vec<BoxFuture<'static, ()>>,
}

/// Puts middleware around all paths.
type Wrap = Box<dyn FnOnce(axum::Router) -> axum::Router + Send>;

impl<S: Send + Sync + 'static> Server<S> {
    /// A server with this configuration, these procedures, and the state that their handlers receive. Nothing is connected
    /// and no task is started yet.
    ///
    /// # Errors
    ///
    /// When the configuration cannot work, the contract is not valid, or procedures have neither `.public()` nor
    /// `.authorize(…)` and this is not development mode.
    pub fn new<Last>(config: Config, router: Router<S, Last>, state: S) -> Result<Self, Error> {
        let undeclared = router.undeclared();
        if !undeclared.is_empty() && !config.dev && config.action == Action::Serve {
            return Err(Error::Undeclared(undeclared));
        }
        config.check()?;
        if config.dev {
            only_loopback(config.listen)?;
        }
        let version = router.version().to_owned();
        let (engine, incoming) = Engine::new(config)?;
        let state = Arc::new(state);
        let reports_instances = router.reports_instances();
        let routes = router.routes(&engine, state.clone())?;
        let readiness = Readiness::new(engine.broker.clone());
        Ok(Self {
            engine,
            incoming,
            state,
            routes,
            reports: reports_instances.then_some(version),
            undeclared,
            readiness,
            own: axum::Router::new(),
            wraps: Vec::new(),
            background: Vec::new(),
        })
    }

    /// The service's state, as handlers receive it.
    pub fn state(&self) -> Arc<S> {
        self.state.clone()
    }

    /// Publishes events of this service.
    pub fn publisher(&self) -> Publisher {
        self.engine.publisher()
    }

    /// The OpenRPC document, as JSON: what `GET /openrpc.json` answers.
    pub fn document(&self) -> &str {
        &self.routes.document
    }

    /// Reads readiness and metrics of the server while it runs.
    pub fn monitor(&self) -> Monitor {
        Monitor::new(self.readiness.clone(), self.engine.clone())
    }

    /// Adds the service's HTTP routes, on the same port. A request is matched in this order:
    ///
    /// 1. Tidings' paths: `/rpc`, `/sse`, `/poll`, `/publish`, `/openrpc.json`, `/openapi.json`, `/healthz`, `/readyz`.
    /// 2. The service's routes.
    /// 3. The files of `--static-dir`.
    /// 4. The service's fallback.
    ///
    /// ```no_run
    /// use tidings::{Config, Router, Server, axum, axum::routing::get};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tidings::Error> {
    /// # let router = Router::<()>::new("Shop", "1.0.0");
    /// let routes = axum::Router::new().route("/version", get(async || "1.0.0"));
    /// Server::new(Config::parse(), router, ())?.routes(routes).run().await
    /// # }
    /// ```
    pub fn routes(mut self, own: axum::Router) -> Self {
        self.own = self.own.merge(own);
        self
    }

    /// Wraps middleware around all paths, `/rpc` included. Handlers find the request's extensions in
    /// [`crate::Caller::extensions`].
    ///
    /// ```no_run
    /// # use tidings::{Config, Router, Server, axum};
    /// use axum::{extract::Request, middleware::{Next, from_fn}, response::Response};
    ///
    /// #[derive(Clone)]
    /// struct SignedIn(String);
    ///
    /// async fn sign_in(mut request: Request, next: Next) -> Response {
    ///     let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
    ///     if let Some(user) = user.map(|user| SignedIn(user.to_owned())) {
    ///         request.extensions_mut().insert(user);
    ///     }
    ///     next.run(request).await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tidings::Error> {
    /// # let router = Router::<()>::new("Shop", "1.0.0");
    /// let server = Server::new(Config::parse(), router, ())?;
    /// server.wrap(|router| router.layer(from_fn(sign_in))).run().await
    /// # }
    /// ```
    pub fn wrap(
        mut self,
        wrap: impl FnOnce(axum::Router) -> axum::Router + Send + 'static,
    ) -> Self {
        self.wraps.push(Box::new(wrap));
        self
    }

    /// Runs a task while the server serves. It starts with the server, and is dropped when the server starts to drain, which
    /// is after `--lame-duck`.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use schemars::JsonSchema;
    /// # use tidings::{Channel, Config, Feed, NoInput, Router, Server, Subscription};
    /// # #[derive(JsonSchema)]
    /// # struct OnTick;
    /// # impl Subscription for OnTick {
    /// #     const NAME: &'static str = "clock.onTick";
    /// #     type Input = NoInput;
    /// #     type Event = u64;
    /// #     const FEED: Feed = Feed::State;
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tidings::Error> {
    /// let router = Router::<()>::new("Clock", "1.0.0").subscription::<OnTick>().public();
    /// let server = Server::new(Config::parse(), router, ())?;
    /// let publisher = server.publisher();
    /// let ticking = async move {
    ///     for tick in 0.. {
    ///         if let Err(error) = publisher.publish::<OnTick>(&Channel::default(), &tick).await {
    ///             eprintln!("a tick was not published: {error}");
    ///         }
    ///         tokio::time::sleep(Duration::from_secs(1)).await;
    ///     }
    /// };
    /// server.background(ticking).run().await
    /// # }
    /// ```
    pub fn background(mut self, task: impl Future<Output = ()> + Send + 'static) -> Self {
        self.background.push(Box::pin(task));
        self
    }

    /// Sets up the log, listens on `--listen`, and serves until the process is asked to end; or runs the
    /// other action of [`Config::action`].
    ///
    /// # Errors
    ///
    /// When an address to listen on is taken, the log's filter cannot be read, or the command `health` finds the server
    /// not ready.
    pub async fn run(self) -> Result<(), Error> {
        match self.engine.config.action {
            Action::Serve => {}
            Action::PrintDocument => {
                // An error says that nobody reads it, as in `my-service openrpc | head`.
                let _ = writeln!(io::stdout(), "{}", pretty(self.document()));
                return Ok(());
            }
            Action::CheckHealth => return health(self.engine.config.listen).await,
        }
        telemetry::init_log(&self.engine.config.log)?;
        // Catches signals before listening: a supervisor may send SIGTERM as soon as the port is open.
        let shutdown = platform::shutdown_requested()?;
        let mut requests = platform::ShutdownRequests::catch()?;
        let again = async move {
            requests.next().await;
            requests.next().await;
        };
        let listener = listen(self.engine.config.listen)?;
        self.serve_until(listener, shutdown, again).await
    }

    /// Serves on `listener` until `shutdown` resolves, and then leaves:
    ///
    /// 1. `/readyz` answers 503. All goes on for `--lame-duck`, new connections included.
    /// 2. No more connections are accepted, and every subscription gets `stopped { draining }`.
    /// 3. Connections are closed, at the latest after `--drain-limit`.
    ///
    /// With [`Server::run`], a second signal ends the first step at once.
    ///
    /// # Errors
    ///
    /// When the address of the metrics is taken, procedures have neither `.public()` nor `.authorize(…)`, or this is
    /// development mode and the listener is not on loopback.
    ///
    /// # Cancel safety
    ///
    /// When dropped, connection tasks keep running. Resolve `shutdown` instead.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        self.serve_until(listener, shutdown, pending()).await
    }

    /// As [`Server::serve`]. `again` ends the lame-duck time.
    async fn serve_until(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
        again: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let Self { engine, incoming, routes, reports, readiness, .. } = self;
        let address = listener.local_addr()?;
        if engine.config.dev {
            only_loopback(address)?;
        } else if !self.undeclared.is_empty() {
            return Err(Error::Undeclared(self.undeclared));
        }
        // Binds before any task starts, since it may fail.
        let admin = match engine.config.admin_listen {
            Some(address) => {
                let bound = TcpListener::bind(address).await;
                Some(bound.map_err(|source| Error::Listen { address, source })?)
            }
            None => None,
        };
        let (stop, server) = stop_channel();
        let router = http::public(&engine, routes, self.own, readiness.clone(), stop.clone());
        let router = self.wraps.into_iter().fold(router, |router, wrap| wrap(router));

        // `leave` stops accepting and reporting; `end` stops the hub and the metrics after the drain.
        let (leave, end) = (CancellationToken::new(), engine.end.clone());
        let tasks = TaskTracker::new();
        tasks.spawn(engine.hub.clone().run(incoming));
        if let Some(version) = reports {
            tasks.spawn(instance::report(engine.clone(), version, leave.clone()));
        }
        if let Some(admin) = admin {
            tracing::info!(address = %admin.local_addr()?, "serving metrics");
            let service = axum::serve(admin, http::admin(engine.clone()));
            let end = end.clone().cancelled_owned();
            tasks.spawn(async move {
                if let Err(error) = service.with_graceful_shutdown(end).await {
                    tracing::error!(%error, "the metrics are no longer served");
                }
            });
        }
        for task in self.background {
            let task = AssertUnwindSafe(task).catch_unwind();
            let leave = leave.clone();
            tasks.spawn(async move {
                if let Some(Err(_)) = leave.run_until_cancelled_owned(task).await {
                    tracing::error!("a background task panicked; the server goes on without it");
                }
            });
        }
        let instance = &engine.config.instance;
        if engine.config.broker.server()?.is_some() {
            tracing::info!(%address, instance, broker = "valkey", "listening");
        } else {
            tracing::info!(%address, instance, broker = "memory", "listening");
            tracing::warn!(
                "there is no --valkey-url (VALKEY_URL): channels live in this process, and events do not reach other replicas"
            );
        }
        if engine.config.dev {
            tracing::warn!(
                "DEVELOPMENT MODE (--dev, TIDINGS_DEV): procedures that do not say who may call them are open to everybody on \
                 this machine; never use it in production"
            );
        }
        if engine.config.static_dir.is_some() {
            tracing::info!("the page is at http://{address}/");
        }
        tasks.spawn(http::accept(engine.clone(), listener, router, stop, leave.clone()));

        shutdown.await;

        tracing::info!("leaving");
        readiness.leave();
        leaving::lame_duck(engine.config.limits.lame_duck, again).await;
        leave.cancel();
        leaving::drain(&engine, &server).await;
        end.cancel();
        tasks.close();
        tasks.wait().await;
        tracing::info!("left");
        Ok(())
    }
}

impl<S> std::fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("config", &self.engine.config).finish_non_exhaustive()
    }
}

/// Listens on an address.
fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let bind = || -> io::Result<TcpListener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        platform::reuse_address(&socket)?;
        socket.bind(address)?;
        socket.listen(ACCEPT_QUEUE)
    };
    bind().map_err(|source| Error::Listen { address, source })
}

fn only_loopback(address: SocketAddr) -> Result<(), Error> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(Error::Config(format!(
        "development mode (--dev, TIDINGS_DEV) serves undeclared procedures, so it listens on loopback only, and not on \
         {address}: listen on 127.0.0.1, or say in the router who may call each procedure"
    )))
}

fn pretty(document: &str) -> String {
    let document: serde_json::Value = serde_json::from_str(document).expect("a document is JSON");
    format!("{document:#}")
}
