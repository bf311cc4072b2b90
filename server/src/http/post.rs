//! Calls by `POST`.

use axum::{
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jsonrpsee::server::{MethodResponse, http::is_json};
use tidings_contract::ErrorKind;

use super::{
    body::{self, BodyFault},
    gate::Unanswered,
    rpc::RpcEndpoint,
};
use crate::envelope;

/// Answers a `POST`: with 200 where a JSON-RPC request was read, whatever became of it, and 204 to notifications.
pub(super) async fn post(endpoint: &RpcEndpoint, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_json(parts.headers.get(header::CONTENT_TYPE)) {
        let drained = body::drain(&parts.headers, body).await;
        let fault = "a call has the header `Content-Type: application/json`\n";
        return closing(!drained, (StatusCode::UNSUPPORTED_MEDIA_TYPE, fault).into_response());
    }
    let mut message = match body::read(&parts.headers, body, endpoint.max_request_bytes).await {
        Ok(message) => message,
        Err(BodyFault::TooLarge { drained }) => {
            let answer = envelope::too_large(endpoint.max_request_bytes);
            return closing(!drained, json(StatusCode::PAYLOAD_TOO_LARGE, &answer));
        }
        Err(BodyFault::Broken) => {
            return json(StatusCode::BAD_REQUEST, &envelope::incomplete());
        }
    };
    if let Err(answer) = envelope::check(&mut message) {
        let is_no_json = answer.as_error_code() == Some(ErrorKind::PARSE_ERROR.code());
        let status = if is_no_json { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        return json(status, &answer);
    }
    let answer = endpoint.call(Request::from_parts(parts, Body::from(message))).await;
    if answer.extensions().get::<Unanswered>().is_some() {
        return StatusCode::NO_CONTENT.into_response();
    }
    answer
}

/// Says that the connection ends behind this answer: what follows on it is the rest of the request.
fn closing(closes: bool, answer: Response) -> Response {
    if closes { ([(header::CONNECTION, "close")], answer).into_response() } else { answer }
}

fn json(status: StatusCode, answer: &MethodResponse) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, content_type, answer.as_json().get().to_owned()).into_response()
}
