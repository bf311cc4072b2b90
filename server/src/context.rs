//! The `Context` that handlers receive besides their input.

use std::{fmt, net::SocketAddr, sync::Arc};

use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use crate::publisher::Publisher;

/// Passed to every handler with its input: the service's state, a publisher, and the caller. Cloning shares it.
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
    /// The client that calls.
    pub caller: Caller,
    /// Whether the server is in development mode (`--dev`), and so on loopback only.
    pub dev: bool,
}

impl<S> Context<S> {
    pub(crate) fn new(state: Arc<S>, publisher: Publisher, caller: Caller, dev: bool) -> Self {
        Self { state, publisher, caller, dev }
    }
}

impl<S> Clone for Context<S> {
    fn clone(&self) -> Self {
        Self::new(self.state.clone(), self.publisher.clone(), self.caller.clone(), self.dev)
    }
}

impl<S> fmt::Debug for Context<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// The client that calls: its connection, address and request headers. Cloning shares it.
///
/// Headers and extensions are those of the request: the handshake for a call by WebSocket, the POST itself otherwise. A
/// middleware that authenticates ([`crate::Server::wrap`]) puts the user into the request's extensions; handlers read
/// the user from here.
///
/// ```
/// # use tidings::{Context, NoInput, RpcError};
/// # struct Shop;
/// /// Inserted into the request's extensions by a middleware.
/// #[derive(Clone)]
/// struct SignedIn {
///     is_buyer: bool,
/// }
///
/// async fn may_order(context: Context<Shop>, _: NoInput) -> Result<(), RpcError> {
///     match context.caller.extensions().get::<SignedIn>() {
///         Some(SignedIn { is_buyer: true }) => Ok(()),
///         Some(_) => Err(RpcError::forbidden("only buyers may order")),
///         None => Err(RpcError::forbidden("sign in to order")),
///     }
/// }
/// ```
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
    pub(crate) fn new(peer: Peer, headers: &HeaderMap, extensions: Extensions) -> Self {
        Self(Arc::new(Request { peer, headers: copied(headers), extensions }))
    }

    /// The connection's number: unique within the life of this replica.
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

    /// The extensions of the request, with those that middleware inserted.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }
}

/// Copies headers byte by byte. hyper's are slices of its read buffer, and would keep its 8 KiB for as long as the connection
/// lives.
fn copied(headers: &HeaderMap) -> HeaderMap {
    let mut copies = HeaderMap::with_capacity(headers.keys_len());
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let copy = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(mut copy)) = (name, copy) {
            copy.set_sensitive(value.is_sensitive());
            copies.append(name, copy);
        }
    }
    copies
}

/// Does not show headers: they may hold secrets.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("connection", &self.connection())
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}
