//! Calls the procedures of one server: makes the `Context`, runs `authorize`, runs the handler, and writes the
//! response.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use jsonrpsee::{
    ResponsePayload,
    server::{MethodCallback, MethodResponse},
    types::{Extensions, Id, Params},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};
use tidings_contract::{ErrorKind, RpcError};

use crate::{
    context::{Caller, Context},
    engine::Engine,
    envelope::error_object,
    error::internal_error,
    handler::{Answer, guarded},
    input,
    log_limit::bounded,
    publisher::Publisher,
};

/// The parts that all methods of one server share.
pub(crate) struct Service<S> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) state: Arc<S>,
    pub(crate) publisher: Publisher,
}

/// Who may call a procedure.
pub(crate) enum Access<S> {
    /// Not declared. Served in development mode only.
    Undeclared,
    Public,
    Authorize(Authorize<S>),
}

pub(crate) type Authorize<S> =
    Arc<dyn Fn(Context<S>, &Params<'static>) -> BoxFuture<'static, Answer<()>> + Send + Sync>;

impl<S> Clone for Access<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Undeclared => Self::Undeclared,
            Self::Public => Self::Public,
            Self::Authorize(authorize) => Self::Authorize(authorize.clone()),
        }
    }
}

impl<S: Send + Sync + 'static> Service<S> {
    fn context(&self, extensions: &Extensions) -> Answer<Context<S>> {
        let caller = extensions.get::<Caller>().cloned().ok_or_else(|| {
            bounded!(error, "a call has no `Caller` in its extensions");
            internal_error()
        })?;
        Ok(self.context_of(caller))
    }

    /// The context of a caller's request.
    pub(crate) fn context_of(&self, caller: Caller) -> Context<S> {
        let dev = self.engine.config.dev;
        Context::new(self.state.clone(), self.publisher.clone(), caller, dev)
    }

    /// Runs the procedure's `authorize` handler, if it has one.
    pub(crate) async fn authorize(
        &self,
        procedure: &'static str,
        access: &Access<S>,
        params: &Params<'static>,
        extensions: &Extensions,
    ) -> Answer<()> {
        let authorize = match access {
            Access::Public => return Ok(()),
            Access::Undeclared if self.engine.config.dev => return Ok(()),
            Access::Undeclared => {
                return Err(RpcError::forbidden(format!("{procedure} is for nobody yet")));
            }
            Access::Authorize(authorize) => authorize,
        };
        let context = self.context(extensions)?;
        guarded(procedure, || authorize(context, params)).await
    }
}

/// The callback of a query or a mutation.
pub(crate) fn call<S, I, O>(
    procedure: &'static str,
    declared: &'static [ErrorKind],
    service: Arc<Service<S>>,
    access: Access<S>,
    run: impl Fn(Context<S>, I) -> BoxFuture<'static, Answer<O>> + Clone + Send + Sync + 'static,
) -> MethodCallback
where
    S: Send + Sync + 'static,
    I: DeserializeOwned + Send + 'static,
    O: Serialize + Send + 'static,
{
    MethodCallback::Async(Arc::new(move |id, params, _, max_response_bytes, extensions| {
        let (service, access, run) = (service.clone(), access.clone(), run.clone());
        async move {
            let answer = async {
                service.authorize(procedure, &access, &params, &extensions).await?;
                let input = input::parse(&params)?;
                let context = service.context(&extensions)?;
                let answer = guarded(procedure, || run(context, input)).await?;
                to_raw_value(&answer).map_err(|error| {
                    bounded!(error, procedure, %error, "an answer cannot be written as JSON");
                    internal_error()
                })
            };
            match answer.await {
                Ok(answer) => respond(id, answer, max_response_bytes),
                Err(error) => {
                    warn_if_undeclared(procedure, &error, declared);
                    MethodResponse::error(id, error_object(error))
                }
            }
        }
        .boxed()
    }))
}

/// The callback of a method that always answers the same.
pub(crate) fn constant(answer: Box<RawValue>) -> MethodCallback {
    MethodCallback::Sync(Arc::new(move |id: Id<'_>, _, max_response_bytes, _| {
        respond(id, answer.clone(), max_response_bytes)
    }))
}

fn respond(id: Id<'_>, answer: Box<RawValue>, max_response_bytes: usize) -> MethodResponse {
    MethodResponse::response(id, ResponsePayload::success(answer), max_response_bytes)
}

/// Clients have a type for the errors that the procedure declares, and for Tidings' own, which any call can return.
fn warn_if_undeclared(procedure: &'static str, error: &RpcError, declared: &[ErrorKind]) {
    let code = error.code;
    if !ErrorKind::TIDINGS.iter().chain(declared).any(|kind| kind.code() == code) {
        bounded!(warn, procedure, code, "a handler returned an error that ERRORS does not list");
    }
}
