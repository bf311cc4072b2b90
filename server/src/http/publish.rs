//! Publishing by REST: `POST /publish/{procedure}/{channel}` with one payload, and `POST /publish` with a batch.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    Json,
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use jsonrpsee::server::http::is_json;
use serde_json::{json, value::RawValue};
use tidings_contract::{ErrorKind, RpcError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    body::{self, BodyFault},
    refusal::{self, refused},
    rpc::caller,
};
use crate::{
    config::Limits,
    error::internal_error,
    hub::reason,
    ingress::{Ingress, PublishItem, PublishOutput, Refusal},
    json_path::JsonPath,
};

/// Bytes of all requests to publish that are held at the same time, or four of the largest. One more is answered 429.
const HELD_BYTES: usize = 64 * 1024 * 1024;

/// Names the event, so that publishing it again publishes nothing.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Serves `/publish`.
#[derive(Clone)]
pub(super) struct PublishEndpoint {
    ingress: Arc<Ingress>,
    max_bytes: u64,
    held: Arc<Semaphore>,
}

impl PublishEndpoint {
    pub(super) fn new(ingress: Arc<Ingress>, limits: &Limits) -> Self {
        let max_bytes = limits.max_publish_bytes;
        let held = HELD_BYTES.max(max_bytes as usize * 4).min(Semaphore::MAX_PERMITS);
        Self { ingress, max_bytes: max_bytes.into(), held: Arc::new(Semaphore::new(held)) }
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Held, Response> {
        if !is_json(headers.get(header::CONTENT_TYPE)) {
            let message =
                "the body has to be JSON, with the header `Content-Type: application/json`";
            let error = RpcError::new(ErrorKind::UNSUPPORTED_MEDIA_TYPE, message);
            return Err(unread(error, headers, body).await);
        }
        let held = Arc::new(HeldBytes::default());
        let counted = Counted { body, all: self.held.clone(), held: held.clone() };
        let read = body::read(headers, Body::new(counted), self.max_bytes).await;
        if held.is_refused() {
            let message = "the server holds as many bytes of requests to publish as it may; try again in a moment";
            return Err(refused(RpcError::new(ErrorKind::SERVER_BUSY, message)));
        }
        match read {
            Ok(bytes) => Ok(Held { bytes, _held: held }),
            Err(BodyFault::TooLarge { drained }) => {
                let message = format!(
                    "a request to publish may have {} bytes (--max-publish-bytes)",
                    self.max_bytes
                );
                let error = RpcError::new(ErrorKind::REQUEST_TOO_LARGE, message);
                Err(refusal::Refusal::from(error).drained(drained).into_response())
            }
            Err(BodyFault::Broken) => {
                let message = "the body did not come to its end";
                Err(refused(RpcError::new(ErrorKind::PARSE_ERROR, message)))
            }
        }
    }
}

/// The body of a request, which counts as held until it is dropped.
struct Held {
    bytes: Vec<u8>,
    _held: Arc<HeldBytes>,
}

/// What one request holds of [`HELD_BYTES`].
#[derive(Default)]
struct HeldBytes(std::sync::Mutex<HeldState>);

#[derive(Default)]
struct HeldState {
    permit: Option<OwnedSemaphorePermit>,
    is_refused: bool,
}

impl HeldBytes {
    fn state(&self) -> std::sync::MutexGuard<'_, HeldState> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn is_refused(&self) -> bool {
        self.state().is_refused
    }

    /// Takes more bytes. When there are none left, the request gives back all that it has.
    fn take(&self, all: &Arc<Semaphore>, bytes: usize) -> bool {
        let mut state = self.state();
        if state.is_refused {
            return false;
        }
        let more = u32::try_from(bytes)
            .ok()
            .and_then(|bytes| all.clone().try_acquire_many_owned(bytes).ok());
        match (more, &mut state.permit) {
            (Some(more), Some(permit)) => permit.merge(more),
            (Some(more), permit) => *permit = Some(more),
            (None, permit) => {
                *permit = None;
                state.is_refused = true;
            }
        }
        !state.is_refused
    }
}

/// A body that takes its bytes from those that all requests may hold. What comes after it got none is thrown away.
struct Counted {
    body: Body,
    all: Arc<Semaphore>,
    held: Arc<HeldBytes>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            let frame = frame?;
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            let taken = self.held.take(&self.all, bytes);
            Ok(if taken { frame } else { Frame::data(Bytes::new()) })
        }))
    }
}

/// `POST /publish/{procedure}/{channel}`
pub(super) async fn publish_one(
    State(endpoint): State<PublishEndpoint>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    match one(&endpoint, path, request).await {
        Ok(answer) | Err(answer) => answer,
    }
}

async fn one(
    endpoint: &PublishEndpoint,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Response> {
    let caller = caller(&request).ok_or_else(|| refused(internal_error()))?;
    let (parts, body) = request.into_parts();
    // Before the body is there, so that strangers cannot make the server hold it.
    let authorized = match path {
        Ok(Path((procedure, channel))) => {
            let authorized = endpoint.ingress.authorize(&caller, &procedure, &channel).await;
            authorized.map(|key| (procedure, channel, key))
        }
        Err(error) => Err(RpcError::new(ErrorKind::NOT_FOUND, error.body_text()).into()),
    };
    let (procedure, channel, key) = match authorized {
        Ok(named) => named,
        Err(Refusal { error, .. }) => {
            return Err(unread(error, &parts.headers, body).await);
        }
    };
    let idempotency_key = match idempotency_key(&parts.headers) {
        Ok(key) => key,
        Err(error) => return Err(unread(error, &parts.headers, body).await),
    };
    let body = endpoint.read(&parts.headers, body).await?;
    let data: Box<RawValue> =
        serde_json::from_slice(&body.bytes).map_err(|e| refused(malformed(&e)))?;
    let item = PublishItem { procedure, channel, data, idempotency_key };
    match endpoint.ingress.publish(&caller, vec![item], Some(key)).await {
        Ok(ids) => Ok(Json(json!({ "id": ids.first() })).into_response()),
        Err(Refusal { error, at }) => {
            Err(refused(match at.and_then(|at| at.below_first("data")) {
                Some(at) => error.at(at.pointer()),
                None => error,
            }))
        }
    }
}

/// `POST /publish`
pub(super) async fn publish_batch(
    State(endpoint): State<PublishEndpoint>,
    request: Request,
) -> Response {
    match batch(&endpoint, request).await {
        Ok(answer) | Err(answer) => answer,
    }
}

async fn batch(endpoint: &PublishEndpoint, request: Request) -> Result<Response, Response> {
    let caller = caller(&request).ok_or_else(|| refused(internal_error()))?;
    let (parts, body) = request.into_parts();
    let key = match idempotency_key(&parts.headers) {
        Ok(key) => key,
        Err(error) => return Err(unread(error, &parts.headers, body).await),
    };
    let body = endpoint.read(&parts.headers, body).await?;
    let mut items = items(&body.bytes).map_err(refused)?;
    if let Some(key) = key {
        for (n, item) in items.iter_mut().enumerate() {
            item.idempotency_key.get_or_insert_with(|| format!("{key}:{n}"));
        }
    }
    match endpoint.ingress.publish(&caller, items, None).await {
        Ok(ids) => Ok((StatusCode::OK, Json(PublishOutput { ids })).into_response()),
        Err(Refusal { error, at }) => Err(refused(match at {
            Some(at) => error.at(at.pointer()),
            None => error,
        })),
    }
}

fn items(body: &[u8]) -> Result<Vec<PublishItem>, RpcError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let items = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        if !error.inner().is_data() {
            return malformed(error.inner());
        }
        RpcError::new(ErrorKind::INVALID_PARAMS, reason(error.inner()))
            .at(JsonPath::from(error.path()).pointer())
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(items)
}

fn malformed(error: &serde_json::Error) -> RpcError {
    RpcError::new(ErrorKind::PARSE_ERROR, format!("the body is not JSON: {error}"))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, RpcError> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    key.to_str().map(|key| Some(key.to_owned())).map_err(|_| {
        let message = "the header Idempotency-Key has to consist of visible ASCII characters";
        RpcError::new(ErrorKind::INVALID_PARAMS, message)
    })
}

/// The answer to a request that is refused before its body is read.
async fn unread(error: RpcError, headers: &HeaderMap, body: Body) -> Response {
    refusal::Refusal::from(error).unread(headers, body).await.into_response()
}
