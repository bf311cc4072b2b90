//! HTTP requests that follow channels: what they ask for, and how that is opened.
//!
//! `GET` asks for one subscription, in its path and query; `POST` for many, in its body. A request is refused as a whole where
//! one of them is refused.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, Request},
    http::{Extensions, HeaderMap, Method, Version},
};
use futures_util::future::join_all;
use jsonrpsee::types::Params;
use serde::Deserialize;
use serde_json::value::RawValue;
use tidings_contract::{ErrorKind, EventId, RpcError};

use super::{
    body::{self, BodyFault},
    refusal::Refusal,
    rpc::caller,
};
use crate::{
    engine::Engine,
    error::internal_error,
    input,
    log_limit::bounded,
    router::Routes,
    socket::{Connection, Exchange, TooManySubscriptions, Transport},
    subscription::{self, Open, Opened},
};

/// Opens what requests ask for.
#[derive(Clone)]
pub(super) struct Follower {
    engine: Arc<Engine>,
    subscriptions: Arc<HashMap<&'static str, Open>>,
}

/// What a request asked for, opened. Dropping it ends the subscriptions.
pub(super) struct Followed {
    pub(super) subscriptions: Vec<Opened>,
    /// What the request gave for each.
    pub(super) cursors: Vec<Option<EventId>>,
    /// Whether it was a `GET`, for one.
    pub(super) single: bool,
    pub(super) exchange: Exchange,
}

/// A subscription that a request asks for: an element of a body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    procedure: String,
    input: Option<Box<RawValue>>,
    last_event_id: Option<EventId>,
}

impl Follower {
    pub(super) fn new(engine: &Arc<Engine>, routes: &Routes) -> Self {
        let (engine, subscriptions) = (engine.clone(), routes.subscriptions.clone());
        Self { engine, subscriptions }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Opens what a request asks for, within what one connection may have.
    pub(super) async fn follow(
        &self,
        procedure: Option<Path<String>>,
        request: Request,
        transport: Transport,
    ) -> Result<Followed, Refusal> {
        if transport == Transport::EventStream && request.version() != Version::HTTP_11 {
            return Err(Refusal::version(
                "an event stream needs HTTP/1.1; for nginx that is proxy_http_version 1.1",
            ));
        }
        let connection = request.extensions().get::<Arc<Connection>>().cloned();
        let mut extensions = Extensions::new();
        if let Some(caller) = caller(&request) {
            extensions.insert(caller);
        }
        let Some(connection) = connection else {
            bounded!(error, "a middleware has removed the connection from a request's extensions");
            return Err(internal_error().into());
        };
        let single = procedure.is_some();
        let (parts, body) = request.into_parts();
        let wanted = match (&parts.method, procedure) {
            (&Method::GET, Some(Path(procedure))) => {
                vec![wanted(procedure, parts.uri.query(), &parts.headers)?]
            }
            (&Method::POST, None) => self.read(&parts.headers, body).await?,
            (_, Some(_)) => {
                let refusal = Refusal::method("GET", "a single subscription is asked for by GET");
                return Err(refusal.unread(&parts.headers, body).await);
            }
            (_, None) => {
                let message = "several subscriptions are asked for by POST, a single one by GET at \
                    the procedure's own path";
                let refusal = Refusal::method("POST", message);
                return Err(refusal.unread(&parts.headers, body).await);
            }
        };
        let max = self.engine.terms.max_subscriptions;
        if wanted.len() > max {
            return Err(subscription::too_many(TooManySubscriptions(max)).into());
        }
        let exchange = Exchange::new(connection, transport);
        let opening = wanted.iter().map(|wanted| self.open(wanted, &exchange, &extensions));
        let mut subscriptions = Vec::with_capacity(wanted.len());
        for (at, opened) in join_all(opening).await.into_iter().enumerate() {
            match opened {
                Ok(opened) => subscriptions.push(opened),
                Err(error) if single => return Err(error.into()),
                Err(error) => return Err(located(error, at).into()),
            }
        }
        let cursors = wanted.into_iter().map(|wanted| wanted.last_event_id).collect();
        Ok(Followed { subscriptions, cursors, single, exchange })
    }

    async fn open(
        &self,
        wanted: &Wanted,
        exchange: &Exchange,
        extensions: &Extensions,
    ) -> Result<Opened, RpcError> {
        let Some(open) = self.subscriptions.get(&*wanted.procedure) else {
            let shown: String = wanted.procedure.chars().take(60).collect();
            let message = format!("there is no subscription {shown:?}; /openrpc.json lists them");
            return Err(RpcError::new(ErrorKind::METHOD_NOT_FOUND, message));
        };
        let input = wanted.input.as_ref().map_or("{}", |input| input.get());
        open(subscription::Request {
            connection: exchange.connection().clone(),
            transport: exchange.transport(),
            params: Params::new(Some(input)).into_owned(),
            cursor: wanted.last_event_id.clone(),
            extensions: extensions.clone(),
        })
        .await
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Vec<Wanted>, Refusal> {
        let max = self.engine.config.limits.max_request_bytes;
        let body = body::read(headers, body, max.into()).await.map_err(|fault| match fault {
            BodyFault::TooLarge { drained } => {
                let message = format!("the body of a request may have {max} bytes");
                let error = RpcError::new(ErrorKind::REQUEST_TOO_LARGE, message);
                Refusal::from(error).drained(drained)
            }
            BodyFault::Broken => {
                RpcError::new(ErrorKind::PARSE_ERROR, "the body did not come to its end").into()
            }
        })?;
        let body = std::str::from_utf8(&body).ok();
        let body = body.and_then(|body| serde_json::from_str::<&RawValue>(body).ok());
        let body = body.ok_or_else(|| not_json("the body"))?;
        let wanted: Vec<Wanted> = input::read(body.get())?;
        if wanted.is_empty() {
            let message = "the body is an array of at least one subscription";
            return Err(RpcError::new(ErrorKind::INVALID_PARAMS, message).into());
        }
        Ok(wanted.into_iter().map(Wanted::without_empty_cursor).collect())
    }
}

impl Wanted {
    /// An empty cursor is none: what a client has that has received nothing.
    fn without_empty_cursor(mut self) -> Self {
        self.last_event_id = self.last_event_id.filter(|id| !id.as_str().is_empty());
        self
    }
}

/// A value of the query.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn wanted(procedure: String, query: Option<&str>, headers: &HeaderMap) -> Result<Wanted, RpcError> {
    let input = parameter(query, "input").map(|input| serde_json::from_str(&input));
    let input = input.transpose().map_err(|_| not_json("input").at("input"))?;
    // A browser sends the header when it connects again, with the query that it had at first. Other clients may send an empty one.
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let header = header.filter(|id| !id.is_empty());
    let cursor = header.map(str::to_owned).or_else(|| parameter(query, "lastEventId"));
    let last_event_id = cursor.map(EventId::from);
    Ok(Wanted { procedure, input, last_event_id }.without_empty_cursor())
}

fn not_json(what: &str) -> RpcError {
    RpcError::new(ErrorKind::PARSE_ERROR, format!("{what} is not JSON"))
}

/// The error of one of many, whose path says which it is.
fn located(error: RpcError, at: usize) -> RpcError {
    let path = match error.data.as_ref().and_then(|data| data.path.as_deref()) {
        None => format!("[{at}]"),
        Some("lastEventId") => format!("[{at}].lastEventId"),
        Some(path) => format!("[{at}].input.{path}"),
    };
    error.at(path)
}
