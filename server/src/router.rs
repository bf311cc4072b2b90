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
    Channel, Feed, InvalidContract, Mutation, OnInstances, OpenRpc, Query, RpcError, Subscription,
    openapi,
    openrpc::{PUBLISH, PUBLISH_ERRORS, unsubscribe_name},
};

use crate::{
    context::Context,
    engine::Engine,
    error::internal_error,
    handler::{Answer, Handler, guarded},
    ingress::{Ingress, Intake, MayPublish, PublishInput, PublishOutput, Refusal},
    input,
    json_path::JsonPath,
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
    /// What a subscription is to those who publish to it, and who may do so through the server.
    intake: Option<Intake>,
    may_publish: Option<AuthorizePublish<S>>,
}

/// Answers whether a caller may publish to a channel.
type AuthorizePublish<S> =
    Arc<dyn Fn(Context<S>, Channel) -> BoxFuture<'static, Answer<()>> + Send + Sync>;

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
    /// The OpenAPI document, as JSON.
    pub(crate) openapi: Arc<str>,
    /// Takes the events that clients publish.
    pub(crate) ingress: Arc<Ingress>,
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
        let mut router = self.add(P::NAME, Box::new(serve), OpenRpc::subscription::<P>);
        if let Some(last) = router.procedures.last_mut() {
            last.intake = Some(Intake::of::<P>());
        }
        router
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
        let access = Access::Undeclared;
        let (snapshot, intake, may_publish) = (None, None, None);
        procedures.push(Procedure { name, access, serve, snapshot, intake, may_publish });
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
        let document = self.document.into_document()?;
        let openapi = openapi::document(&document).to_string().into();
        let document = to_raw_value(&document).expect("a document is plain data");
        let publisher = engine.publisher();
        let service = Arc::new(Service { engine: engine.clone(), state, publisher });
        let (mut methods, mut subscriptions) = (Methods::new(), HashMap::new());
        let mut intakes = Vec::new();
        let mut insert = |name: &'static str, callback: MethodCallback| {
            // The document has been checked: names are unique, and none begins with `rpc.`.
            methods.verify_and_insert(name, callback).map(drop).expect("names are unique");
        };
        for Procedure { name, access, serve, intake, may_publish, .. } in self.procedures {
            let may = may_publish.map(|may| may_publish_to(name, service.clone(), may));
            intakes.push((name, intake, may));
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
        let ingress = Arc::new(Ingress::new(engine.clone(), intakes));
        if ingress.is_open() {
            insert(PUBLISH, publish(service, ingress.clone()));
        }
        let subscriptions = Arc::new(subscriptions);
        Ok(Routes { methods, subscriptions, document: text, openapi, ingress })
    }
}

/// Asks a subscription's hook.
fn may_publish_to<S: Send + Sync + 'static>(
    name: &'static str,
    service: Arc<Service<S>>,
    may: AuthorizePublish<S>,
) -> MayPublish {
    Arc::new(move |caller, channel| {
        let context = service.context_of(caller);
        guarded(name, || may(context, channel))
    })
}

/// The callback of [`PUBLISH`]. Hooks answer for each event who may call it.
fn publish<S: Send + Sync + 'static>(
    service: Arc<Service<S>>,
    ingress: Arc<Ingress>,
) -> MethodCallback {
    let run = move |context: Context<S>, input: PublishInput| {
        let ingress = ingress.clone();
        async move {
            let published = ingress.publish(&context.caller, input.events, None).await;
            let ids = published.map_err(|Refusal { error, at }| match at {
                Some(at) => error.at(JsonPath::root().member("events").join(at).to_string()),
                None => error,
            })?;
            Ok::<_, RpcError>(PublishOutput { ids })
        }
        .boxed()
    };
    call(PUBLISH, &PUBLISH_ERRORS, service, Access::Public, run)
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
    /// Lets clients publish events of the subscription that was just registered, through the server: by REST and with the
    /// mutation `tidings.publish`. `handler` answers who may publish to which channel: `Ok(())`, or an error that the client
    /// receives. Without it, nobody may. A handler of yours that publishes is not concerned. Register it before `.public()`
    /// or `.authorize(…)`.
    ///
    /// ```
    /// # use schemars::JsonSchema;
    /// # use tidings::{Channel, Context, Feed, NoInput, Router, RpcError, Subscription};
    /// # #[derive(JsonSchema)]
    /// # struct OnOrder;
    /// # impl Subscription for OnOrder {
    /// #     const NAME: &'static str = "orders.onOrder";
    /// #     type Input = NoInput;
    /// #     type Event = u64;
    /// #     const FEED: Feed = Feed::Log;
    /// # }
    /// async fn may_publish(context: Context<()>, _: Channel) -> Result<(), RpcError> {
    ///     let key = context.caller.headers().get("x-api-key");
    ///     match key.and_then(|key| key.to_str().ok()) {
    ///         Some("from the vault") => Ok(()),
    ///         _ => Err(RpcError::forbidden("only the order service publishes orders")),
    ///     }
    /// }
    ///
    /// let router = Router::<()>::new("Shop", "1.0.0")
    ///     .subscription::<OnOrder>().allow_publish(may_publish).public();
    /// ```
    ///
    /// The handler runs before the event is checked, once for each channel of a request. A panic is answered with
    /// `internalError`. A `Members` feed does not compile here: its members report themselves.
    ///
    /// ```compile_fail,E0080
    /// # use tidings::{Channel, Context, Router};
    /// let router = Router::<()>::new("Shop", "1.0.0")
    ///     .instances().allow_publish(|_: Context<()>, _: Channel| async { Ok(()) }).public();
    /// # let _ = router;
    /// ```
    pub fn allow_publish(mut self, handler: impl Handler<S, Channel, ()>) -> Self {
        const {
            assert!(
                !matches!(P::FEED, Feed::Members),
                "members of a Members feed report themselves: see Publisher::report"
            );
        };
        if let Some(last) = self.procedures.last_mut() {
            last.may_publish =
                Some(Arc::new(move |context, channel| handler.call(context, channel).boxed()));
        }
        Self { document: self.document.publishable::<P>(), ..self }
    }

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
