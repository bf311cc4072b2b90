//! `/rpc`: jsonrpsee behind axum, for WebSocket and POST.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, Version, header},
    response::{IntoResponse, Response},
};
use jsonrpsee::server::{
    BatchRequestConfig, Methods, PingConfig, Server, ServerConfig, StopHandle, TowerServiceBuilder,
    middleware::rpc::RpcServiceBuilder, ws::is_upgrade_request,
};
use tower::{
    Service,
    layer::util::{Identity, Stack},
};

use super::{gate::GateLayer, post::post, upgrade};
use crate::{
    config::Limits,
    context::{Caller, Peer},
    log_limit::bounded,
    socket::Connection,
};

/// Messages of jsonrpsee's own that wait to be written to one connection's socket: errors about batches that are too long.
/// When full, they wait. Answers and events go another way.
const MESSAGE_BUFFER: u32 = 16;

/// Serves `/rpc`.
#[derive(Clone)]
pub(super) struct RpcEndpoint {
    builder: TowerServiceBuilder<Stack<GateLayer, Identity>, Identity>,
    methods: Methods,
    stop: StopHandle,
    pub(super) max_request_bytes: u64,
}

impl RpcEndpoint {
    pub(super) fn new(limits: &Limits, methods: Methods, stop: StopHandle) -> Self {
        // jsonrpsee adds up silences over the connection's life: with more than one allowed, one late pong a day
        // would in the end close it. So there is one, long enough for several pings.
        let ping = PingConfig::new()
            .ping_interval(limits.ping_interval)
            .inactive_limit(limits.stall_limit)
            .max_failures(1);
        let config = ServerConfig::builder()
            // Connections are counted where they are accepted: jsonrpsee counts requests.
            .max_connections(u32::MAX)
            // Counted by `Connection`, whose error has a name.
            .max_subscriptions_per_connection(u32::MAX)
            .max_request_body_size(limits.max_request_bytes)
            .max_response_body_size(limits.max_response_bytes)
            .set_batch_request_config(BatchRequestConfig::Limit(limits.max_batch))
            .set_message_buffer_capacity(MESSAGE_BUFFER)
            .enable_ws_ping(ping)
            .build();
        let gate = RpcServiceBuilder::new().layer(GateLayer::new(methods.clone()));
        let builder =
            Server::builder().set_config(config).set_rpc_middleware(gate).to_service_builder();
        Self { builder, methods, stop, max_request_bytes: limits.max_request_bytes.into() }
    }

    /// Lets jsonrpsee answer.
    pub(super) async fn call(&self, request: Request) -> Response {
        // Built for each request: a service that is built once gives all connections the same id.
        let mut service = self.builder.clone().build(self.methods.clone(), self.stop.clone());
        match service.call(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                bounded!(error, %error, "jsonrpsee failed to answer");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Bytes of a request's header names and values. A connection keeps those of its handshake as long as it lives.
const MAX_HEADER_BYTES: usize = 16 * 1024;

pub(super) async fn rpc(State(endpoint): State<RpcEndpoint>, mut request: Request) -> Response {
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    if request.headers().iter().map(bytes).sum::<usize>() > MAX_HEADER_BYTES {
        let fault = format!("the headers of a request may have {MAX_HEADER_BYTES} bytes in all\n");
        return (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, fault).into_response();
    }
    if let Some(caller) = caller(&request) {
        request.extensions_mut().insert(caller);
    }
    if is_upgrade_request(&request) {
        return websocket(&endpoint, request).await;
    }
    // Subscriptions belong to a WebSocket: a POST has no connection to hold them.
    request.extensions_mut().remove::<Arc<Connection>>();
    match *request.method() {
        Method::POST => post(&endpoint, request).await,
        Method::GET => upgrade::required(request.headers()),
        _ => {
            let fault = "calls go by POST, and a WebSocket begins with a GET\n";
            let allow = [(header::ALLOW, "GET, POST")];
            (StatusCode::METHOD_NOT_ALLOWED, allow, fault).into_response()
        }
    }
}

/// Begins a WebSocket.
async fn websocket(endpoint: &RpcEndpoint, request: Request) -> Response {
    let connection = request.extensions().get::<Arc<Connection>>().cloned();
    let connection = connection.filter(|connection| connection.may_upgrade());
    let Some(connection) = connection.filter(|_| request.version() == Version::HTTP_11) else {
        let fault = "a WebSocket begins with a GET by HTTP/1.1, and with nothing behind it until it \
            is answered\n";
        return (StatusCode::BAD_REQUEST, fault).into_response();
    };
    if let Some(refusal) = upgrade::wrong_version(request.headers()) {
        return refusal;
    }
    let subprotocol = upgrade::subprotocol(request.headers());
    let mut answer = endpoint.call(request).await;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        connection.upgrade();
        let taken = subprotocol.map(|value| (header::SEC_WEBSOCKET_PROTOCOL, value));
        answer.headers_mut().extend(taken);
    } else {
        // jsonrpsee tells what is wrong, and that all is well.
        *answer.status_mut() = StatusCode::BAD_REQUEST;
    }
    answer
}

/// Builds the `Caller`. Leaves out `Connection`: a handler that kept it would keep the connection counted as open.
pub(super) fn caller(request: &Request) -> Option<Caller> {
    let peer = request.extensions().get::<Peer>().copied()?;
    let mut extensions = request.extensions().clone();
    extensions.remove::<Arc<Connection>>();
    extensions.remove::<Peer>();
    // hyper's upgrade handle would keep the connection open, too.
    extensions.remove::<hyper::upgrade::OnUpgrade>();
    Some(Caller::new(peer, request.headers(), extensions))
}
