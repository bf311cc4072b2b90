//! What handlers receive besides their input.

use std::{fmt, net::SocketAddr, sync::Arc};

use axum::http::{Extensions, HeaderMap};

use crate::publisher::Publisher;

/// What every handler receives besides its input: the service's state, a publisher, and the caller. Cloning shares it.
///
/// ```
/// # use tidings::{Context, NoInput, RpcError};
/// struct Shop {
///     open: bool,
/// }
///
/// async fn is_open(context: Context<Shop>, _: NoInput) -> Result<bool, RpcError> {
///     Ok(context.state.open)
/// }
/// ```
#[non_exhaustive]
pub struct Context<S> {
    /// The service's own state, as given to [`crate::Server::new`].
    pub state: Arc<S>,
    /// Publishes events of this service.
    pub publisher: Publisher,
    /// Who calls.
    pub caller: Caller,
}

impl<S> Context<S> {
    pub(crate) fn new(state: Arc<S>, publisher: Publisher, caller: Caller) -> Self {
        Self { state, publisher, caller }
    }
}

impl<S> Clone for Context<S> {
    fn clone(&self) -> Self {
        Self::new(self.state.clone(), self.publisher.clone(), self.caller.clone())
    }
}

impl<S> fmt::Debug for Context<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// What is known of the client that calls. Cloning shares it.
///
/// Headers and extensions are those of the request: the handshake where the call came by WebSocket, the POST itself
/// otherwise. A service that authenticates with a middleware ([`crate::Server::wrap`]) puts what it found into the request's
/// extensions, and reads it here.
#[derive(Clone)]
pub struct Caller(Arc<Request>);

/// A connection, as it was accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Counts 1, 2, 3 … within the life of the replica.
    pub(crate) connection: u64,
    pub(crate) address: SocketAddr,
}

struct Request {
    peer: Peer,
    headers: HeaderMap,
    extensions: Extensions,
}

impl Caller {
    pub(crate) fn new(peer: Peer, headers: HeaderMap, extensions: Extensions) -> Self {
        Self(Arc::new(Request { peer, headers, extensions }))
    }

    /// Names the connection: unique within the life of this replica.
    pub fn connection(&self) -> u64 {
        self.0.peer.connection
    }

    /// The address of the peer: the client, or the proxy in front.
    pub fn address(&self) -> SocketAddr {
        self.0.peer.address
    }

    /// The headers of the request.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The extensions of the request, as middleware left them.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }
}

/// Shows no header: they may hold secrets.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("connection", &self.connection())
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}
