//! One subscriber's life: accept → `started` → what was missed → live → the end.
//!
//! jsonrpsee's own subscriptions choose the id, encode each event for each subscriber and know no order
//! between the answer and the first event of a hub. So the callback is written out here on jsonrpsee's
//! public parts: it takes a seat in the hub, sends the answer itself, and only then lets events through.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use jsonrpsee::{
    ResponsePayload,
    server::{DisconnectError, MethodCallback, MethodResponse, MethodSink},
    types::{Extensions, Id, Params},
};
use tidings_schema::{ErrorCode, Event, RpcError, Subscription, SubscriptionId};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    broker::{BrokerUnavailable, ChannelKey, InvalidEventId, Position},
    hub::{Seat, Start, Subscriber},
    input::{self, error_object},
    metrics::Metrics,
    socket::{Backlog, BacklogReader, Connection, TooManySubscriptions, backlog},
};

/// The longest pause before a history is asked for again that could not be read.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

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
    let cursor = match P::last_event_id(&input) {
        Some(id) => Some(id.as_str().parse().map_err(|e: InvalidEventId| {
            let message = format!("lastEventId: {e}");
            RpcError::new(ErrorCode::InvalidParams, message).at("lastEventId")
        })?),
        None => None,
    };
    // Asked before the broker is troubled, and again when the id is taken.
    connection.has_room().map_err(too_many)?;

    let key = ChannelKey::new::<P>(&app.config.broker.key_prefix, &P::channel(&input));
    let seat = app.hub.join::<P>(key).await.map_err(|e| unavailable(&e))?;
    let start = seat.start(cursor).await.map_err(|e| unavailable(&e))?;
    let (id_of_it, end) =
        connection.claim(seat.shared_id(), || app.hub.next_id()).map_err(too_many)?;

    let answer = ResponsePayload::success(id_of_it);
    let answer = MethodResponse::subscription_response(id.clone(), answer, usize::MAX);
    if sink.send(answer.to_json()).await.is_err() {
        connection.release(id_of_it);
        return Ok(answer);
    }

    let delivery = Delivery {
        subscription: id_of_it,
        connection: connection.clone(),
        sink: sink.clone(),
        end,
        instance: app.config.instance.clone(),
        metrics: app.metrics.clone(),
    };
    let backlog = backlog(P::FEED, app.config.limits.backlog_bytes as usize);
    let task = app.subscriptions.spawn(delivery.run(seat, start, backlog));
    connection.started(id_of_it, task);
    Ok(answer)
}

fn too_many(error: TooManySubscriptions) -> RpcError {
    RpcError::new(ErrorCode::TooManySubscriptions, error.to_string())
}

fn unavailable(error: &BrokerUnavailable) -> RpcError {
    tracing::warn!(%error, "a subscription was refused");
    let message = "the broker is out of reach at the moment; try again in a few seconds";
    RpcError::new(ErrorCode::BrokerUnavailable, message)
}

/// The task of one subscription. Ends when the client unsubscribes, when its connection closes, or when
/// the hub has stopped the subscription and the client has been told.
struct Delivery {
    subscription: SubscriptionId,
    connection: Arc<Connection>,
    sink: MethodSink,
    end: CancellationToken,
    instance: String,
    metrics: Arc<Metrics>,
}

impl Delivery {
    async fn run(self, mut seat: Seat, start: Start, backlog: (Backlog, BacklogReader)) {
        self.metrics.subscriptions.rise();
        tokio::select! {
            () = self.end.cancelled() => {}
            () = self.sink.closed() => {}
            _ = self.serve(&mut seat, start, backlog) => {}
        }
        drop(seat);
        self.metrics.subscriptions.fall();
        self.connection.release(self.subscription);
    }

    async fn serve(
        &self,
        seat: &mut Seat,
        start: Start,
        (backlog, mut reader): (Backlog, BacklogReader),
    ) -> Result<(), DisconnectError> {
        let subscriber = Subscriber { id: self.subscription, backlog, has: None };
        match start {
            Start::Now => seat.take(subscriber, true, None),
            Start::Gap(reason) => seat.take(subscriber, true, Some(reason)),
            Start::After(cursor) => self.resume(seat, cursor, subscriber).await?,
        }
        while let Some(frame) = reader.next().await {
            self.sink.send(frame.to_raw()).await?;
            reader.read(&frame);
        }
        Ok(())
    }

    /// Sends what was missed, page by page, until the rest is at hand in the hub. The client sets the pace: what
    /// it has not read is not fetched.
    async fn resume(
        &self,
        seat: &mut Seat,
        mut cursor: Position,
        mut subscriber: Subscriber,
    ) -> Result<(), DisconnectError> {
        self.metrics.resumes.increment(1);
        let instance = self.instance.clone();
        let started = Event::Started { resumed: true, last_event_id: None, instance };
        self.sink.send(seat.encode(self.subscription, &started).to_raw()).await?;
        loop {
            subscriber.has = Some(cursor);
            subscriber = match seat.take_after(cursor, subscriber) {
                Ok(()) => return Ok(()),
                Err(subscriber) => subscriber,
            };
            match seat.page(cursor).await.as_deref() {
                Ok(Ok(events)) => {
                    for (offset, frame) in events {
                        if let Some(frame) = frame {
                            let frame = seat.addressed(frame, self.subscription);
                            self.sink.send(frame.to_raw()).await?;
                            self.metrics.deliveries.increment(1);
                        }
                        cursor.offset = *offset;
                    }
                }
                Ok(Err(reason)) => {
                    seat.take(subscriber, false, Some(*reason));
                    return Ok(());
                }
                // The history is still there when the broker is back.
                Err(_) => tokio::time::sleep(RETRY_PAUSE.mul_f64(rand::random())).await,
            }
        }
    }
}
