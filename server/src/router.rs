//! The typed router: procedures go in, jsonrpsee's methods and the OpenRPC document come out together.
//!
//! There is no other way to serve a procedure, so the document cannot forget one.

use std::sync::Arc;

use futures_util::FutureExt;
use jsonrpsee::{
    ResponsePayload,
    server::{MethodCallback, MethodResponse, Methods},
    types::{Id, Params},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};
use tidings_schema::{
    ErrorCode, Mutation, OpenRpc, Query, RpcError, Subscription, openrpc::unsubscribe_name,
};

use crate::{
    app::{Answer, App},
    input::{self, error_object},
    subscription,
};

/// Collects procedures with their handlers.
#[derive(Debug)]
pub struct Router {
    app: Arc<App>,
    methods: Methods,
    document: OpenRpc,
    namespaces: Vec<&'static str>,
}

/// What a server serves.
#[derive(Clone, Debug)]
pub struct Routes {
    /// What jsonrpsee dispatches to.
    pub methods: Methods,
    /// The OpenRPC document, as JSON.
    pub document: Arc<str>,
}

impl Router {
    /// A router without procedures, whose handlers will be given `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self { app, methods: Methods::new(), document: OpenRpc::new(), namespaces: Vec::new() }
    }

    /// Serves a query.
    ///
    /// The handler is dropped when the client's connection closes before it is done.
    ///
    /// # Panics
    ///
    /// When a procedure of this name is served already.
    #[must_use]
    pub fn query<P, H, F>(mut self, handler: H) -> Self
    where
        P: Query,
        H: Fn(Arc<App>, P::Input) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer<P::Output>> + Send + 'static,
    {
        self.document = self.document.query::<P>();
        let app = self.app.clone();
        self.insert(P::NAME, callback(move |input| handler(app.clone(), input)));
        self
    }

    /// Serves a mutation.
    ///
    /// The handler runs to its end even when the client's connection closes before.
    ///
    /// # Panics
    ///
    /// When a procedure of this name is served already.
    #[must_use]
    pub fn mutation<P, H, F>(mut self, handler: H) -> Self
    where
        P: Mutation,
        H: Fn(Arc<App>, P::Input) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer<P::Output>> + Send + 'static,
    {
        self.document = self.document.mutation::<P>();
        let app = self.app.clone();
        let callback = callback(move |input| {
            let task = app.tasks.spawn(handler(app.clone(), input));
            async move { task.await.unwrap_or_else(|e| Err(internal(P::NAME, &e))) }
        });
        self.insert(P::NAME, callback);
        self
    }

    /// Serves a subscription. Its type says all there is to say: there is no handler.
    ///
    /// # Panics
    ///
    /// When a procedure of this name is served already, or one with the same namespace.
    #[must_use]
    pub fn subscription<P: Subscription>(mut self) -> Self {
        let taken = self.namespaces.contains(&P::NAMESPACE);
        assert!(!taken, "two subscriptions have the namespace {}", P::NAMESPACE);
        self.namespaces.push(P::NAMESPACE);
        self.document = self.document.subscription::<P>();
        self.insert(P::NAME, subscription::subscribe::<P>(self.app.clone()));
        // jsonrpsee keeps names for as long as the process lives; this one is made once for each procedure.
        let unsubscribe = unsubscribe_name(P::NAME).leak();
        self.insert(unsubscribe, subscription::unsubscribe());
        self
    }

    /// Adds `rpc.discover` and `rpc.ping`, and closes the router.
    pub fn routes(mut self) -> Routes {
        let document = to_raw_value(&std::mem::take(&mut self.document).into_document())
            .expect("a document is plain data");
        let text = document.get().into();
        self.insert("rpc.discover", constant(document));
        self.insert("rpc.ping", constant(to_raw_value(&true).expect("true is plain data")));
        Routes { methods: self.methods, document: text }
    }

    fn insert(&mut self, name: &'static str, callback: MethodCallback) {
        if let Err(e) = self.methods.verify_and_insert(name, callback) {
            panic!("{e}");
        }
    }
}

fn callback<I, O, H, F>(handler: H) -> MethodCallback
where
    I: DeserializeOwned + Send + 'static,
    O: Serialize,
    H: Fn(I) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer<O>> + Send + 'static,
{
    MethodCallback::Async(Arc::new(move |id, params, _, max_response_bytes, _| {
        let handler = handler.clone();
        async move {
            match answer(&params, handler).await {
                Ok(answer) => respond(id, answer, max_response_bytes),
                Err(e) => MethodResponse::error(id, error_object(e)),
            }
        }
        .boxed()
    }))
}

async fn answer<I, O, F>(
    params: &Params<'static>,
    handler: impl Fn(I) -> F,
) -> Answer<Box<RawValue>>
where
    I: DeserializeOwned,
    O: Serialize,
    F: Future<Output = Answer<O>>,
{
    let answer = handler(input::parse(params)?).await?;
    to_raw_value(&answer).map_err(|e| internal("an answer", &e))
}

fn constant(answer: Box<RawValue>) -> MethodCallback {
    MethodCallback::Sync(Arc::new(move |id: Id<'_>, _, max_response_bytes, _| {
        respond(id, answer.clone(), max_response_bytes)
    }))
}

fn respond(id: Id<'_>, answer: Box<RawValue>, max_response_bytes: usize) -> MethodResponse {
    MethodResponse::response(id, ResponsePayload::success(answer), max_response_bytes)
}

/// What happened goes into the log, and the client learns that something did.
fn internal(what: &str, error: &dyn std::error::Error) -> RpcError {
    tracing::error!(what, %error, "a procedure failed");
    RpcError::new(ErrorCode::InternalError, "the server failed; its log says why")
}
