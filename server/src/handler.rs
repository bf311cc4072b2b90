//! What a service registers, and how it is run: one panic is one failed call.

use std::{future::ready, panic::AssertUnwindSafe};

use futures_util::{FutureExt, future::BoxFuture};
use tidings_contract::{ErrorKind, RpcError};

use crate::context::Context;

/// What a handler answers.
pub type Answer<T> = Result<T, RpcError>;

/// An async function that takes a [`Context`] and an input.
///
/// Implemented for every `async fn(Context<S>, I) -> Result<O, RpcError>`, and for closures whose arguments have types:
/// `|context: Context<Shop>, input: Symbol| async move { … }`.
pub trait Handler<S, I, O>: Clone + Send + Sync + 'static {
    /// What it returns.
    type Future: Future<Output = Answer<O>> + Send + 'static;

    /// Runs it.
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

/// Runs a service's code. A panic is an `internalError` to the client; the panic hook has printed the rest.
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
    tracing::error!(procedure, "a handler panicked");
    internal_error()
}

/// What a client learns of a failure that is none of its business.
pub(crate) fn internal_error() -> RpcError {
    RpcError::new(ErrorKind::INTERNAL_ERROR, "the server failed; its log says why")
}
