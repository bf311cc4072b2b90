//! The handlers that a service registers. A panic in one fails that call only.

use std::{future::ready, panic::AssertUnwindSafe};

use futures_util::{FutureExt, future::BoxFuture};
use tidings_contract::RpcError;

use crate::{context::Context, error::internal_error, log_limit::bounded};

/// The result of a handler.
pub type Answer<T> = Result<T, RpcError>;

/// An async function that takes a [`Context`] and an input.
///
/// Implemented for every `async fn(Context<S>, I) -> Result<O, RpcError>`, and for closures whose arguments have types:
/// `|context: Context<Shop>, input: Symbol| async move { … }`.
///
/// ```
/// # use schemars::JsonSchema;
/// # use tidings::{Context, NoInput, Query, Router, RpcError};
/// # struct Shop { open: bool, currency: String }
/// # #[derive(JsonSchema)]
/// # struct IsOpen;
/// # impl Query for IsOpen {
/// #     const NAME: &'static str = "shop.isOpen";
/// #     type Input = NoInput;
/// #     type Output = bool;
/// # }
/// # #[derive(JsonSchema)]
/// # struct Currency;
/// # impl Query for Currency {
/// #     const NAME: &'static str = "shop.currency";
/// #     type Input = NoInput;
/// #     type Output = String;
/// # }
/// async fn is_open(context: Context<Shop>, _: NoInput) -> Result<bool, RpcError> {
///     Ok(context.state.open)
/// }
///
/// let router = Router::<Shop>::new("Shop", "1.0.0")
///     .query::<IsOpen>(is_open)
///     .public()
///     .query::<Currency>(|context: Context<Shop>, _: NoInput| async move {
///         Ok(context.state.currency.clone())
///     })
///     .public();
/// ```
pub trait Handler<S, I, O>: Clone + Send + Sync + 'static {
    /// The future that `call` returns.
    type Future: Future<Output = Answer<O>> + Send + 'static;

    /// Calls the handler. The returned future runs it.
    fn call(&self, context: Context<S>, input: I) -> Self::Future;
}

impl<S, I, O, H, F> Handler<S, I, O> for H
where
    H: Fn(Context<S>, I) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer<O>> + Send + 'static,
{
    type Future = F;

    fn call(&self, context: Context<S>, input: I) -> F {
        self(context, input)
    }
}

/// Runs a service's code. Turns a panic into `internalError`; the panic hook has printed the panic's message.
pub(crate) fn guarded<T: Send + 'static>(
    procedure: &'static str,
    run: impl FnOnce() -> BoxFuture<'static, Answer<T>>,
) -> BoxFuture<'static, Answer<T>> {
    // The call itself may panic, before there is a future.
    match std::panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(running) => AssertUnwindSafe(running)
            .catch_unwind()
            .map(move |answer| answer.unwrap_or_else(|_| Err(panicked(procedure))))
            .boxed(),
        Err(_) => ready(Err(panicked(procedure))).boxed(),
    }
}

fn panicked(procedure: &'static str) -> RpcError {
    bounded!(error, procedure, "a handler panicked");
    internal_error()
}
