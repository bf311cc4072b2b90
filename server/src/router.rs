//! The typed router: procedures go in, jsonrpsee's methods and the OpenRPC document come out together.
//!
//! There is no other way to serve a procedure, so the document cannot forget one.

use std::{collections::HashMap, fmt, marker::PhantomData, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use jsonrpsee::{
    server::{MethodCallback, Methods},
    types::Params,
};
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use tidings_contract::{
    InvalidContract, Mutation, OnInstances, OpenRpc, Query, Subscription, openrpc::unsubscribe_name,
};

use crate::{
    context::Context,
    engine::Engine,
    error::internal_error,
    handler::{Answer, Handler},
    input,
    service::{Access, Service, call, constant},
    subscription::{self, Open},
};

/// Collects the procedures of a service with their handlers. `S` is the service's own state, which handlers receive in their
/// [`Context`].
///
/// Declare access right after registering a procedure: `.public()` or `.authorize(handler)`. Without it, a server
/// starts only in development mode (`--dev`).
///
/// ```
/// # use schemars::JsonSchema;
/// # use serde::Deserialize;
/// # use tidings::{Channel, Context, ErrorKind, Feed, Mutation, NoInput, Query, Router, RpcError, Subscription};
/// # struct Shop { prices: std::collections::HashMap<String, u64> }
/// # #[derive(Deserialize, JsonSchema)]
/// # struct Symbol { symbol: String }
/// # #[derive(JsonSchema)]
/// # struct GetPrice;
/// # impl Query for GetPrice {
/// #     const NAME: &'static str = "prices.getPrice";
/// #     type Input = Symbol;
/// #     type Output = u64;
/// #     const ERRORS: &'static [ErrorKind] = &[ErrorKind::NOT_FOUND];
/// # }
/// # #[derive(JsonSchema)]
/// # struct OnPrice;
/// # impl Subscription for OnPrice {
/// #     const NAME: &'static str = "prices.onPrice";
/// #     type Input = Symbol;
/// #     type Event = u64;
/// #     const FEED: Feed = Feed::State;
/// #     fn channel(input: &Symbol) -> Channel { Channel::from_parts(&[&input.symbol]) }
/// # }
/// async fn get_price(context: Context<Shop>, input: Symbol) -> Result<u64, RpcError> {
///     let price = context.state.prices.get(&input.symbol).copied();
///     price.ok_or_else(|| RpcError::new(ErrorKind::NOT_FOUND, "no such symbol").at("symbol"))
/// }
///
/// async fn may_follow(context: Context<Shop>, input: Symbol) -> Result<(), RpcError> {
///     let signed_in = context.caller.headers().contains_key("authorization");
///     if signed_in { Ok(()) } else { Err(RpcError::forbidden("sign in to follow prices")) }
/// }
///
/// let router = Router::<Shop>::new("Shop", "1.0.0")
///     .query::<GetPrice>(get_price).public()
///     .subscription::<OnPrice>().authorize(may_follow);
/// ```
#[must_use = "a router is served by a `Server`"]
pub struct Router<S, Last = ()> {
    document: OpenRpc,
    procedures: Vec<Procedure<S>>,
    reports_instances: bool,
    last: PhantomData<fn() -> Last>,
}

/// A registered procedure.
struct Procedure<S> {
    name: &'static str,
    access: Access<S>,
    serve: Serve<S>,
    /// For the `snapshot` event that PROTOCOL.md plans.
    snapshot: Option<Snapshot<S>>,
}

/// Makes a method of a procedure, and says how a subscription is opened.
type Serve<S> =
    Box<dyn FnOnce(Arc<Service<S>>, Access<S>) -> (MethodCallback, Option<Open>) + Send>;

/// Answers a subscription's snapshot, as JSON.
type Snapshot<S> = Arc<
    dyn Fn(Context<S>, &Params<'static>) -> BoxFuture<'static, Answer<Box<RawValue>>> + Send + Sync,
>;

/// The methods and the document of one server.
#[derive(Clone)]
pub(crate) struct Routes {
    /// The methods that jsonrpsee dispatches to.
    pub(crate) methods: Methods,
    /// The subscriptions, by procedure, for the transports that jsonrpsee does not serve.
    pub(crate) subscriptions: Arc<HashMap<&'static str, Open>>,
    /// The OpenRPC document, as JSON.
    pub(crate) document: Arc<str>,
}

impl<S: Send + Sync + 'static> Router<S> {
    /// A router without procedures. Title and version are the service's, and go into its document.
    pub fn new(title: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            document: OpenRpc::new(title, version),
            procedures: Vec::new(),
            reports_instances: false,
            last: PhantomData,
        }
    }
}

impl<S: Send + Sync + 'static, Last> Router<S, Last> {
    /// Serves a query.
    ///
    /// The handler is dropped when the client's connection closes before it is done. A panic is answered with
    /// `internalError`.
    pub fn query<P: Query>(
        self,
        handler: impl Handler<S, P::Input, P::Output>,
    ) -> Router<S, Call<P::Input>> {
        let serve = move |service: Arc<Service<S>>, access: Access<S>| {
            let run = move |context: Context<S>, input| handler.call(context, input).boxed();
            (call(P::NAME, P::ERRORS, service, access, run), None)
        };
        self.add(P::NAME, Box::new(serve), OpenRpc::query::<P>)
    }

    /// Serves a mutation.
    ///
    /// Once it is authorised, the handler runs to its end even when the client's connection closes before; when the server
    /// leaves, until `--drain-limit`. At `--max-mutations`, a call is answered with `serverBusy` and the handler is not run.
    /// A panic is answered with `internalError`.
    pub fn mutation<P: Mutation>(
        self,
        handler: impl Handler<S, P::Input, P::Output>,
    ) -> Router<S, Call<P::Input>> {
        let serve = move |service: Arc<Service<S>>, access: Access<S>| {
            let engine = service.engine.clone();
            let run = move |context: Context<S>, input| {
                let (engine, handler) = (engine.clone(), handler.clone());
                async move { engine.run_mutation(P::NAME, || handler.call(context, input)).await }
                    .boxed()
            };
            (call(P::NAME, P::ERRORS, service, access, run), None)
        };
        self.add(P::NAME, Box::new(serve), OpenRpc::mutation::<P>)
    }

    /// Serves a subscription. It has no handler: the type determines channel and feed.
    pub fn subscription<P: Subscription>(self) -> Router<S, Follow<P>> {
        let serve = |service: Arc<Service<S>>, access: Access<S>| {
            let engine = service.engine.clone();
            let open = subscription::opens::<P>(engine, move |params, extensions| {
                let (service, access) = (service.clone(), access.clone());
                async move { service.authorize(P::NAME, &access, &params, &extensions).await }
                    .boxed()
            });
            (subscription::subscribe(P::NAME, open.clone()), Some(open))
        };
        self.add(P::NAME, Box::new(serve), OpenRpc::subscription::<P>)
    }

    /// Serves [`OnInstances`]: each replica reports its load every two seconds.
    pub fn instances(self) -> Router<S, Follow<OnInstances>> {
        let router = self.subscription::<OnInstances>();
        Router { reports_instances: true, ..router }
    }

    /// The OpenRPC document of these procedures: what `rpc.discover` and `GET /openrpc.json` answer.
    ///
    /// # Errors
    ///
    /// All mistakes of the contract, see [`OpenRpc::into_document`].
    pub fn document(self) -> Result<serde_json::Value, InvalidContract> {
        self.document.into_document()
    }

    fn add<Now>(
        self,
        name: &'static str,
        serve: Serve<S>,
        describe: impl FnOnce(OpenRpc) -> OpenRpc,
    ) -> Router<S, Now> {
        let Self { document, mut procedures, reports_instances, .. } = self;
        procedures.push(Procedure { name, access: Access::Undeclared, serve, snapshot: None });
        Router { document: describe(document), procedures, reports_instances, last: PhantomData }
    }

    fn declare(mut self, access: Access<S>) -> Router<S> {
        if let Some(last) = self.procedures.last_mut() {
            last.access = access;
        }
        let Self { document, procedures, reports_instances, .. } = self;
        Router { document, procedures, reports_instances, last: PhantomData }
    }

    /// The procedures without `.public()` or `.authorize(…)`.
    pub(crate) fn undeclared(&self) -> Vec<&'static str> {
        let undeclared = |procedure: &&Procedure<S>| matches!(procedure.access, Access::Undeclared);
        self.procedures.iter().filter(undeclared).map(|procedure| procedure.name).collect()
    }

    /// The service's version.
    pub(crate) fn version(&self) -> &str {
        self.document.version()
    }

    /// Whether replicas report themselves to the subscribers of `onInstances`.
    pub(crate) fn reports_instances(&self) -> bool {
        self.reports_instances
    }

    /// Closes the router: its methods with `rpc.discover` and `rpc.ping`, and its document.
    pub(crate) fn routes(
        self,
        engine: &Arc<Engine>,
        state: Arc<S>,
    ) -> Result<Routes, InvalidContract> {
        let document = to_raw_value(&self.document.into_document()?);
        let document = document.expect("a document is plain data");
        let publisher = engine.publisher();
        let service = Arc::new(Service { engine: engine.clone(), state, publisher });
        let (mut methods, mut subscriptions) = (Methods::new(), HashMap::new());
        let mut insert = |name: &'static str, callback: MethodCallback| {
            // The document has been checked: names are unique, and none begins with `rpc.`.
            methods.verify_and_insert(name, callback).map(drop).expect("names are unique");
        };
        for Procedure { name, access, serve, .. } in self.procedures {
            let (callback, open) = serve(service.clone(), access);
            if let Some(open) = open {
                subscriptions.insert(name, open);
                // jsonrpsee keeps names for as long as the process lives; this one is made once for each procedure.
                insert(unsubscribe_name(name).leak(), subscription::unsubscribe());
            }
            insert(name, callback);
        }
        let text = document.get().into();
        insert("rpc.discover", constant(document));
        insert("rpc.ping", constant(to_raw_value(&true).expect("true is plain data")));
        Ok(Routes { methods, subscriptions: Arc::new(subscriptions), document: text })
    }
}

/// The last procedure that was registered is a query or a mutation with this input.
#[derive(Debug)]
pub struct Call<Input>(PhantomData<fn() -> Input>);

/// The last procedure that was registered is this subscription.
#[derive(Debug)]
pub struct Follow<P>(PhantomData<fn() -> P>);

/// The input of the last procedure that was registered.
pub trait Registered {
    /// Its input.
    type Input: DeserializeOwned + Send + 'static;
    /// Whether the parameters may contain `lastEventId`.
    const RESUMES: bool;
}

impl<Input: DeserializeOwned + Send + 'static> Registered for Call<Input> {
    type Input = Input;
    const RESUMES: bool = false;
}

impl<P: Subscription> Registered for Follow<P> {
    type Input = P::Input;
    const RESUMES: bool = P::FEED.is_resumable();
}

/// Reads the input of a procedure, without the framework's own member.
fn read<P: Registered>(params: &Params<'_>) -> Answer<P::Input> {
    if P::RESUMES {
        return input::parse_with_cursor(params).map(|(input, _)| input);
    }
    input::parse(params)
}

impl<S: Send + Sync + 'static, Last: Registered> Router<S, Last> {
    /// Lets every client call the procedure that was just registered.
    pub fn public(self) -> Router<S> {
        self.declare(Access::Public)
    }

    /// Runs `handler` before each call of the procedure that was just registered. It receives the same input as the
    /// procedure, and returns `Ok(())` to allow the call, or an error that the client receives, such as
    /// [`crate::RpcError::forbidden`].
    ///
    /// When the client's connection closes first, the handler is dropped and the procedure does not run. A panic is
    /// answered with `internalError`. Other calls of the connection proceed while it runs.
    pub fn authorize(self, handler: impl Handler<S, Last::Input, ()>) -> Router<S> {
        self.declare(Access::Authorize(Arc::new(move |context, params| {
            match read::<Last>(params) {
                Ok(input) => handler.call(context, input).boxed(),
                Err(error) => std::future::ready(Err(error)).boxed(),
            }
        })))
    }
}

impl<S: Send + Sync + 'static, P: Subscription> Router<S, Follow<P>> {
    /// Registers a handler that returns the event from which a new subscriber starts. Register it before `.public()` or
    /// `.authorize(…)`.
    ///
    /// Not called yet: the protocol has no `snapshot` event.
    pub fn snapshot(mut self, handler: impl Handler<S, P::Input, P::Event>) -> Self {
        if let Some(last) = self.procedures.last_mut() {
            last.snapshot =
                Some(Arc::new(move |context, params| match read::<Follow<P>>(params) {
                    Ok(input) => {
                        let answer = handler.call(context, input);
                        async move { to_raw_value(&answer.await?).map_err(|_| internal_error()) }
                            .boxed()
                    }
                    Err(error) => std::future::ready(Err(error)).boxed(),
                }));
        }
        self
    }
}

impl<S, Last> fmt::Debug for Router<S, Last> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.procedures.iter().map(|procedure| procedure.name)).finish()
    }
}
