//! Subscriptions over HTTP/1.1.

use http_body_util::Empty;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1::{SendRequest, handshake},
    header::HOST,
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tidings_contract::Subscription as _;
use tidings_demo_contract::OnUpdates;
use tokio::{net::TcpStream, task::JoinHandle};

use super::intake::{Intake, Lost};

/// One connection to a server.
pub(super) struct Connection {
    requests: SendRequest<Empty<Bytes>>,
    address: String,
    /// Moves bytes between the socket and the requests. It ends with the connection.
    driver: JoinHandle<()>,
}

impl Connection {
    pub(super) async fn open(address: &str) -> Result<Self, Lost> {
        let stream = TcpStream::connect(address).await.map_err(|_| Lost)?;
        stream.set_nodelay(true).map_err(|_| Lost)?;
        let (requests, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Lost)?;
        // Its error is that of the request.
        let driver = tokio::spawn(async { _ = connection.await });
        Ok(Self { requests, address: address.to_owned(), driver })
    }

    /// Sends a GET, with a header if there is one, and waits for the head of the answer. An answer other than 200 loses
    /// the connection; one that is not worth another attempt is a violation.
    pub(super) async fn get(
        &mut self,
        intake: &mut Intake,
        target: &str,
        header: Option<(&str, &str)>,
    ) -> Result<Response<Incoming>, Lost> {
        let mut request = Request::get(target).header(HOST, &self.address);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request.body(Empty::new()).map_err(|_| Lost)?;
        let answer = self.requests.send_request(request).await.map_err(|_| Lost)?;
        match answer.status() {
            StatusCode::OK => Ok(answer),
            // A replica that leaves, or nginx without one.
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(Lost),
            other => {
                intake.violation(format!("refused: {other}"));
                Err(Lost)
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A request's target: the path, and a query with the channel and with what else there is.
pub(super) fn target(path: &str, channel: &str, parameters: &[(&str, &str)]) -> String {
    let input = json!({ "channel": channel }).to_string();
    let start = format!("{path}/{}?", OnUpdates::NAME);
    let length = start.len();
    let mut query = form_urlencoded::Serializer::for_suffix(start, length);
    query.append_pair("input", &input).extend_pairs(parameters).finish()
}
