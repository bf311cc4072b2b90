//! One subscriber's life: accept → `started` → what was missed → live → the end.
//!
//! jsonrpsee's own subscriptions choose the id, encode each event for each subscriber and know no order
//! between the answer and the first event of a hub. So the callback is written out here on jsonrpsee's
//! public parts: it takes a seat in the hub, sends the answer itself, and only then lets events through. From
//! then on the connection holds the subscription, and no task is needed.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use jsonrpsee::{
    ResponsePayload,
    server::{MethodCallback, MethodResponse},
    types::{Extensions, Params},
};
use tidings_contract::{
    Channel, ErrorKind, Event, EventId, RpcError, Subscription, SubscriptionId,
};

use crate::{
    broker::{BrokerUnavailable, ChannelKey, InvalidEventId, Position},
    engine::Engine,
    envelope::error_object,
    error::{broker_unavailable, internal_error},
    handler::Answer,
    hub::{Page, Seat, Start, Subscriber, draining},
    input,
    log_limit::bounded,
    socket::{
        Claim, Connection, Frame, Frames, Gone, Kind, Lane, MessageId, Pushed, Terms,
        TooManySubscriptions, Transport, Version,
    },
};

/// The longest pause before a channel is looked at again that has to learn of its epoch.
const EPOCH_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause before a history is asked for again that could not be read.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How much of what was missed is handed over at once, overrun by at most one event.
const MISSED_BYTES: usize = 64 * 1024;

/// Opens subscriptions of one procedure, whatever the transport.
pub(crate) type Open =
    Arc<dyn Fn(Request) -> BoxFuture<'static, Result<Opened, RpcError>> + Send + Sync>;

/// What a client asks for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) connection: Arc<Connection>,
    pub(crate) transport: Transport,
    /// The input. By WebSocket it has `lastEventId`, too.
    pub(crate) params: Params<'static>,
    /// Where to resume, if that is not in `params`.
    pub(crate) cursor: Option<EventId>,
    /// Those of the request, with the `Caller`.
    pub(crate) extensions: Extensions,
}

/// Opens subscriptions of `P`. `authorize` answers whether the caller may subscribe.
pub(crate) fn opens<P: Subscription>(
    engine: Arc<Engine>,
    authorize: impl Fn(Params<'static>, Extensions) -> BoxFuture<'static, Answer<()>>
    + Clone
    + Send
    + Sync
    + 'static,
) -> Open {
    Arc::new(move |request| {
        let (engine, authorize) = (engine.clone(), authorize.clone());
        async move { open::<P>(engine, authorize, request).await }.boxed()
    })
}

/// The callback of a subscribe call.
pub(crate) fn subscribe(procedure: &'static str, open: Open) -> MethodCallback {
    MethodCallback::Subscription(Arc::new(move |id, params, _, _, extensions| {
        let (open, id, params) = (open.clone(), id.into_owned(), params.into_owned());
        async move {
            let Some(connection) = extensions.get::<Arc<Connection>>().cloned() else {
                let message = format!("{procedure} needs a WebSocket: connect to ws://…/rpc");
                let error = RpcError::new(ErrorKind::WEB_SOCKET_REQUIRED, message);
                return MethodResponse::error(id, error_object(error));
            };
            let transport = Transport::WebSocket;
            let request = Request {
                connection: connection.clone(),
                transport,
                params,
                cursor: None,
                extensions,
            };
            match open(request).await {
                Ok(opened) => {
                    let answer = ResponsePayload::success(opened.id());
                    let answer = MethodResponse::subscription_response(id, answer, usize::MAX);
                    // The answer and the first events are written together.
                    let _together = connection.cork();
                    let text = Frame::text(answer.to_json().get().as_bytes());
                    opened.tell(|| connection.answer_now(text)).begin();
                    answer
                }
                // Not yet sent, unlike the answer of a subscription.
                Err(error) => MethodResponse::error(id, error_object(error)),
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
                    Ok(subscription) => match extensions.get::<MessageId>() {
                        Some(message) => connection.end(subscription, *message),
                        // `http::gate` puts it there.
                        None => false,
                    },
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
    engine: Arc<Engine>,
    authorize: impl Fn(Params<'static>, Extensions) -> BoxFuture<'static, Answer<()>>,
    request: Request,
) -> Result<Opened, RpcError> {
    let Request { connection, transport, params, cursor, extensions } = request;
    let (input, last_event_id) = if P::FEED.is_resumable() {
        input::parse_with_cursor::<P::Input>(&params)?
    } else {
        (input::parse::<P::Input>(&params)?, None)
    };
    let (mut after, mut seen) = (None, None);
    match cursor.or(last_event_id) {
        Some(id) if P::FEED.is_resumable() => {
            after = Some(id.as_str().parse().map_err(|e: InvalidEventId| {
                let message = format!("lastEventId: {e}");
                RpcError::new(ErrorKind::INVALID_PARAMS, message).at("lastEventId")
            })?);
        }
        // Whatever else it is, the newest value is another one.
        Some(id) => seen = Version::parse(id.as_str()),
        None => {}
    }
    let opening = connection.open(transport).map_err(too_many)?;
    // Neither a slow handler nor a broker that does not answer keeps a replica from leaving.
    let leaving = &engine.terms.leaving;
    let authorized = leaving.run_until_cancelled(authorize(params, extensions)).await;
    authorized.unwrap_or_else(|| Err(unavailable(&is_leaving())))?;

    let channel = guarded_channel::<P>(&input)?;
    let key = ChannelKey::new::<P>(&engine.config.broker.key_prefix, &channel);
    let seat = leaving.run_until_cancelled(engine.hub.join::<P>(key)).await;
    let seat = seat.unwrap_or_else(|| Err(is_leaving())).map_err(|e| unavailable(&e))?;
    // The id is taken before the history is read, so that readings are bounded by subscriptions.
    let claim = opening.claim::<P>(seat.shared_id(), || engine.hub.next_id());
    let start = leaving.run_until_cancelled(seat.start(after)).await;
    let start = start.unwrap_or_else(|| Err(is_leaving())).map_err(|e| unavailable(&e))?;
    Ok(Opened { engine, claim, seat, start, seen, has_ids: P::FEED.is_resumable() })
}

/// A subscription that may begin. Dropping it gives everything back.
#[derive(Debug)]
pub(crate) struct Opened {
    engine: Arc<Engine>,
    claim: Claim,
    seat: Seat,
    start: Start,
    /// The version of the value that the client has, in a feed without event ids.
    seen: Option<Version>,
    has_ids: bool,
}

impl Opened {
    /// What its events bear.
    pub(crate) fn id(&self) -> SubscriptionId {
        self.claim.id
    }

    /// Whether its feed has event ids. In other feeds, the version of the newest value takes their place.
    pub(crate) fn has_ids(&self) -> bool {
        self.has_ids
    }

    /// Whether events that the client missed are still to be read from the history.
    pub(crate) fn has_missed(&self) -> bool {
        matches!(self.start, Start::After { missed: true, .. })
    }

    /// Tells the client the id, which is not given again if the server ends the subscription.
    fn tell(mut self, answer: impl FnOnce()) -> Self {
        self.claim.tell();
        answer();
        self
    }

    /// Lets the subscriber in: at once, or in a task, where something has to be waited for.
    pub(crate) fn begin(self) {
        let Self { engine, claim, mut seat, start, seen, .. } = self;
        let (id, lane) = (claim.id, claim.lane().clone());
        let gap = match start {
            Start::Now => None,
            Start::Gap(reason) => Some(reason),
            Start::After { cursor, .. } => {
                engine.metrics.resumes.increment(1);
                let instance = engine.config.instance.clone();
                let started = Event::Started { resumed: true, last_event_id: None, instance };
                let _ = lane.push(Kind::Greeting, &seat.encode(id, &started).into());
                let mut resume = Resume { claim, seat, cursor, terms: engine.terms.clone() };
                if lane.has_room(0) && resume.join() {
                    resume.hold();
                } else {
                    engine.subscriptions.spawn(resume.run());
                }
                return;
            }
        };
        seat.take(Subscriber { id, lane, has: None }, true, gap, seen);
        claim.hold(Box::new(seat));
    }
}

/// The channel that a service computes from the input. Its code may panic, as handlers may.
fn guarded_channel<P: Subscription>(input: &P::Input) -> Answer<Channel> {
    std::panic::catch_unwind(AssertUnwindSafe(|| P::channel(input))).map_err(|_| {
        bounded!(error, procedure = P::NAME, "computing a channel panicked");
        internal_error()
    })
}

pub(crate) fn too_many(error: TooManySubscriptions) -> RpcError {
    RpcError::new(ErrorKind::TOO_MANY_SUBSCRIPTIONS, error.to_string())
}

fn is_leaving() -> BrokerUnavailable {
    BrokerUnavailable("this replica is leaving".to_owned())
}

fn unavailable(error: &BrokerUnavailable) -> RpcError {
    if *error == is_leaving() {
        let message = "this replica is leaving; connect again, and try on another one";
        return RpcError::new(ErrorKind::BROKER_UNAVAILABLE, message);
    }
    bounded!(warn, %error, "a subscription was refused");
    broker_unavailable()
}

/// A subscriber that is sent what it missed, until the hub's window has the rest.
struct Resume {
    claim: Claim,
    seat: Seat,
    cursor: Position,
    terms: Arc<Terms>,
}

impl Resume {
    /// Sends what was missed, until the rest is at hand. Ends early when the client unsubscribes or has gone.
    async fn run(mut self) {
        let lane = self.claim.lane().clone();
        let terms = self.terms.clone();
        let caught_up = tokio::select! {
            // First of all: a subscription that was ended before it began sends nothing.
            biased;
            () = lane.gone() => Err(Gone),
            () = terms.leaving.cancelled() => {
                lane.finish(self.seat.encode(self.claim.id, &draining()));
                Err(Gone)
            }
            caught_up = self.catch_up(&lane) => caught_up,
        };
        if caught_up.is_ok() {
            self.hold();
        }
    }

    /// Page by page. The client sets the pace: what it has not read is not fetched.
    async fn catch_up(&mut self, lane: &Lane) -> Result<(), Gone> {
        loop {
            lane.room(0).await?;
            if self.join() {
                return Ok(());
            }
            match self.seat.page(self.cursor).await.as_deref() {
                // Nothing follows, and yet the hub could not go on from there: it has to learn of the epoch.
                Ok(Ok(page)) if page.events.is_empty() => {
                    self.cursor = page.newest;
                    self.seat.catch_up();
                    tokio::time::sleep(EPOCH_PAUSE.mul_f64(rand::random())).await;
                }
                Ok(Ok(page)) => self.send(lane, page).await?,
                Ok(Err(reason)) => {
                    // Whatever it has, what comes now is behind the gap.
                    let subscriber = Subscriber { has: None, ..self.subscriber() };
                    self.seat.take(subscriber, false, Some(*reason), None);
                    return Ok(());
                }
                // The history is still there when the broker is back.
                Err(_) => tokio::time::sleep(RETRY_PAUSE.mul_f64(rand::random())).await,
            }
        }
    }

    async fn send(&mut self, lane: &Lane, page: &Page) -> Result<(), Gone> {
        let mut events = &page.events[..];
        while !events.is_empty() {
            let mut bytes = 0;
            let together = events.iter().take_while(|(_, frame)| {
                let fits = bytes < MISSED_BYTES;
                bytes += frame.bytes();
                fits
            });
            let (now, later) = events.split_at(together.count());
            let addressed = |(_, frame): &(u64, Frame)| self.seat.addressed(frame, self.claim.id);
            let frames: Vec<_> = now.iter().map(addressed).collect();
            let joined = Frames::from(Frame::join(frames.iter()));
            lane.room(joined.len()).await?;
            match lane.push(Kind::Data, &joined) {
                Pushed::Taken => {}
                Pushed::Stopped(lanes) => lanes.iter().for_each(Lane::release),
                Pushed::Gone => return Err(Gone),
            }
            self.terms.metrics.deliveries.increment(frames.len() as u64);
            if let Some((offset, _)) = now.last() {
                self.cursor = Position { offset: *offset, ..page.newest };
            }
            events = later;
        }
        Ok(())
    }

    /// Lets the subscriber in, if what it missed is at hand.
    fn join(&mut self) -> bool {
        let subscriber = self.subscriber();
        self.seat.take_after(self.cursor, subscriber)
    }

    fn subscriber(&self) -> Subscriber {
        let lane = self.claim.lane().clone();
        Subscriber { id: self.claim.id, lane, has: Some(self.cursor) }
    }

    fn hold(self) {
        self.claim.hold(Box::new(self.seat));
    }
}
