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
use tidings_schema::{ErrorCode, Event, RpcError, Subscription};

use crate::{
    app::App,
    broker::{BrokerUnavailable, ChannelKey, InvalidEventId, Position},
    hub::{Seat, Start, Subscriber},
    input::{self, error_object},
    metrics::Metrics,
    socket::{Backlog, BacklogReader, Claim, Connection, TooManySubscriptions, backlog},
};

/// The longest pause before a channel is looked at again that has to learn of its epoch.
const EPOCH_PAUSE: Duration = Duration::from_millis(50);

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
    let opening = connection.open().map_err(too_many)?;

    let key = ChannelKey::new::<P>(&app.config.broker.key_prefix, &P::channel(&input));
    let seat = app.hub.join::<P>(key).await.map_err(|e| unavailable(&e))?;
    // The id is taken before the history is read, so that readings are bounded by subscriptions.
    let claim = opening.claim(seat.shared_id(), || app.hub.next_id());
    let subscription = claim.id;
    let start = match seat.start(cursor).await {
        Ok(start) => start,
        Err(error) => {
            connection.release(subscription);
            return Err(unavailable(&error));
        }
    };

    let answer = ResponsePayload::success(subscription);
    let answer = MethodResponse::subscription_response(id.clone(), answer, usize::MAX);
    if sink.send(answer.to_json()).await.is_err() {
        connection.release(subscription);
        return Ok(answer);
    }

    let delivery = Delivery {
        claim,
        connection: connection.clone(),
        sink: sink.clone(),
        instance: app.config.instance.clone(),
        metrics: app.metrics.clone(),
    };
    let backlog = backlog(P::FEED, app.config.limits.backlog_bytes as usize);
    app.subscriptions.spawn(delivery.run(seat, start, backlog));
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
    claim: Claim,
    connection: Arc<Connection>,
    sink: MethodSink,
    instance: String,
    metrics: Arc<Metrics>,
}

impl Delivery {
    async fn run(self, mut seat: Seat, start: Start, backlog: (Backlog, BacklogReader)) {
        self.metrics.subscriptions.rise();
        tokio::select! {
            // First of all: a subscription that was ended before it began sends nothing.
            biased;
            () = self.claim.ended() => {}
            () = self.sink.closed() => {}
            _ = self.serve(&mut seat, start, backlog) => {}
        }
        drop(seat);
        self.metrics.subscriptions.fall();
        self.connection.release(self.claim.id);
    }

    async fn serve(
        &self,
        seat: &mut Seat,
        start: Start,
        (backlog, mut reader): (Backlog, BacklogReader),
    ) -> Result<(), DisconnectError> {
        let subscriber = Subscriber { id: self.claim.id, backlog, has: None };
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
        self.sink.send(seat.encode(self.claim.id, &started).to_raw()).await?;
        loop {
            subscriber.has = Some(cursor);
            subscriber = match seat.take_after(cursor, subscriber) {
                Ok(()) => return Ok(()),
                Err(subscriber) => subscriber,
            };
            match seat.page(cursor).await.as_deref() {
                // Nothing follows, and yet the hub could not go on from there: it has to learn of the epoch.
                Ok(Ok(events)) if events.is_empty() => {
                    seat.catch_up();
                    tokio::time::sleep(EPOCH_PAUSE.mul_f64(rand::random())).await;
                }
                Ok(Ok(events)) => {
                    for (offset, frame) in events {
                        if let Some(frame) = frame {
                            let frame = seat.addressed(frame, self.claim.id);
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
