//! One subscriber's life: accept → `started` → live → the end.
//!
//! jsonrpsee's own subscriptions choose the id, encode each event for each subscriber and know no order
//! between the answer and the first event of a hub. So the callback is written out here on jsonrpsee's
//! public parts: it takes a seat in the hub, sends the answer itself, and only then lets events through.

use std::sync::Arc;

use futures_util::FutureExt;
use jsonrpsee::{
    ResponsePayload,
    server::{MethodCallback, MethodResponse, MethodSink},
    types::{Extensions, Id, Params},
};
use tidings_schema::{ErrorCode, RpcError, Subscription, SubscriptionId};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    broker::ChannelKey,
    hub::{Seat, Subscriber},
    input::{self, error_object},
    metrics::Metrics,
    socket::{BacklogReader, Connection, backlog},
};

/// The callback of a subscribe call.
pub(crate) fn subscribe<P: Subscription>(app: Arc<App>) -> MethodCallback {
    MethodCallback::Subscription(Arc::new(move |id, params, sink, _, extensions| {
        let (app, id, params) = (app.clone(), id.into_owned(), params.into_owned());
        async move {
            match open::<P>(&app, &id, &params, &sink, &extensions).await {
                Ok(answer) => answer,
                // Of the kind that jsonrpsee sends.
                Err(e) => MethodResponse::error(id, error_object(e)),
            }
        }
        .boxed()
    }))
}

/// The callback of an unsubscribe call.
pub(crate) fn unsubscribe() -> MethodCallback {
    MethodCallback::Async(Arc::new(|id, params, _, max_response_bytes, extensions| {
        async move {
            let ended = match extensions.get::<Arc<Connection>>() {
                Some(connection) => match input::subscription_id(&params) {
                    Ok(subscription) => connection.end(subscription).await,
                    Err(e) => return MethodResponse::error(id, error_object(e)),
                },
                // A POST has no subscriptions.
                None => false,
            };
            MethodResponse::response(id, ResponsePayload::success(ended), max_response_bytes)
        }
        .boxed()
    }))
}

async fn open<P: Subscription>(
    app: &Arc<App>,
    id: &Id<'static>,
    params: &Params<'static>,
    sink: &MethodSink,
    extensions: &Extensions,
) -> Result<MethodResponse, RpcError> {
    let connection = extensions.get::<Arc<Connection>>().ok_or_else(|| {
        let message = format!("{} needs a WebSocket: connect to ws://…/rpc", P::NAME);
        RpcError::new(ErrorCode::WebSocketRequired, message)
    })?;
    let input = input::parse::<P::Input>(params)?;
    let too_many = |e: crate::socket::TooManySubscriptions| {
        RpcError::new(ErrorCode::TooManySubscriptions, e.to_string())
    };
    // Asked before the broker is troubled, and again when the id is taken.
    connection.has_room().map_err(too_many)?;

    let key = ChannelKey::new::<P>(&app.config.broker.key_prefix, P::channel(&input));
    let seat = app.hub.join::<P>(key).await.map_err(|e| {
        tracing::warn!(procedure = P::NAME, error = %e, "a subscription was refused");
        let message = "the broker is out of reach at the moment; try again in a few seconds";
        RpcError::new(ErrorCode::BrokerUnavailable, message)
    })?;
    let (subscription, end) =
        connection.claim(seat.shared_id(), || app.hub.next_id()).map_err(too_many)?;

    let answer = ResponsePayload::success(subscription);
    let answer = MethodResponse::subscription_response(id.clone(), answer, usize::MAX);
    if sink.send(answer.to_json()).await.is_err() {
        connection.release(subscription);
        return Ok(answer);
    }

    let delivery =
        Delivery { subscription, connection: connection.clone(), sink: sink.clone(), end };
    let backlog_bytes = app.config.limits.backlog_bytes;
    let task = app.subscriptions.spawn(delivery.run(seat, backlog_bytes, app.metrics.clone()));
    connection.started(subscription, task);
    Ok(answer)
}

/// The task of one subscription. Ends when the client unsubscribes, when its connection closes, or when
/// the hub has stopped the subscription and the client has been told.
struct Delivery {
    subscription: SubscriptionId,
    connection: Arc<Connection>,
    sink: MethodSink,
    end: CancellationToken,
}

impl Delivery {
    async fn run(self, mut seat: Seat, backlog_bytes: u32, metrics: Arc<Metrics>) {
        let (backlog, reader) = backlog(backlog_bytes as usize);
        metrics.subscriptions.increment(1);
        seat.take(Subscriber { id: self.subscription, backlog });
        tokio::select! {
            () = self.end.cancelled() => {}
            () = self.sink.closed() => {}
            () = self.forward(reader) => {}
        }
        drop(seat);
        metrics.subscriptions.decrement(1);
        self.connection.release(self.subscription);
    }

    async fn forward(&self, mut reader: BacklogReader) {
        while let Some(frame) = reader.next().await {
            if self.sink.send(frame.to_raw()).await.is_err() {
                return;
            }
            reader.read(&frame);
        }
    }
}
