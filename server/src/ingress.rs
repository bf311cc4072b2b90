//! Events that clients publish through the server, by REST or JSON-RPC: who may, whether they fit their types, and on to the
//! broker.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write as _,
    sync::Arc,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use sha2::{Digest, Sha256};
use tidings_contract::{
    Channel, ErrorKind, EventId, Feed, RpcError, Subscription,
    openrpc::{MAX_IDEMPOTENCY_KEY, PUBLISH, only_channel},
};

use crate::{
    broker::{ChannelKey, Keep, Publish, Unpublished},
    context::Caller,
    engine::Engine,
    error::broker_unavailable,
    handler::Answer,
    hub::{Decode, check, decode},
    json_path::JsonPath,
    log_limit::bounded,
    publisher::MAX_BATCH,
};

/// Bytes of payloads that are checked without a pause for other tasks.
const CHECKED_TOGETHER: usize = 64 * 1024;

/// An event that a client wants to publish.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishItem {
    pub(crate) procedure: String,
    pub(crate) channel: String,
    /// The payload, as the client wrote it.
    pub(crate) data: Box<RawValue>,
    #[serde(default)]
    pub(crate) idempotency_key: Option<String>,
}

/// The input of [`PUBLISH`].
#[derive(Debug, Deserialize)]
pub(crate) struct PublishInput {
    pub(crate) events: Vec<PublishItem>,
}

/// What [`PUBLISH`] and a batch by REST answer.
#[derive(Debug, Serialize)]
pub(crate) struct PublishOutput {
    pub(crate) ids: Vec<EventId>,
}

/// Why events are refused, or not all of them were published.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: RpcError,
    /// Where in the list of events the fault is.
    pub(crate) at: Option<JsonPath>,
}

impl Refusal {
    fn at(kind: ErrorKind, message: impl Into<String>, at: JsonPath) -> Self {
        Self { error: RpcError::new(kind, message), at: Some(at) }
    }
}

impl From<RpcError> for Refusal {
    fn from(error: RpcError) -> Self {
        Self { error, at: None }
    }
}

/// Answers whether a caller may publish to a channel.
pub(crate) type MayPublish =
    Arc<dyn Fn(Caller, Channel) -> BoxFuture<'static, Answer<()>> + Send + Sync>;

/// What a subscription is to those who publish to it.
pub(crate) struct Intake {
    feed: Feed,
    namespace: &'static str,
    keep: Keep,
    /// The only channel, where there is one.
    only: Option<Channel>,
    decode: Decode,
}

impl Intake {
    pub(crate) fn of<P: Subscription>() -> Self {
        Self {
            feed: P::FEED,
            namespace: P::NAMESPACE,
            keep: match P::FEED {
                Feed::State => Keep::Newest(P::STATE_RETENTION),
                _ => Keep::History,
            },
            only: only_channel::<P>(),
            decode: decode::<P>,
        }
    }
}

/// Takes the events that clients publish, and publishes them.
pub(crate) struct Ingress {
    engine: Arc<Engine>,
    /// Each procedure. Queries and mutations have no intake, and subscriptions without a hook let nobody publish.
    procedures: BTreeMap<&'static str, (Option<Intake>, Option<MayPublish>)>,
}

impl Ingress {
    pub(crate) fn new(
        engine: Arc<Engine>,
        procedures: impl IntoIterator<Item = (&'static str, Option<Intake>, Option<MayPublish>)>,
    ) -> Self {
        let entry = |(name, intake, may)| (name, (intake, may));
        Self { engine, procedures: procedures.into_iter().map(entry).collect() }
    }

    /// Whether clients may publish to any subscription.
    pub(crate) fn is_open(&self) -> bool {
        self.procedures.values().any(|(_, may)| may.is_some())
    }

    /// Publishes events in order, and answers their ids. The caller may publish to `allowed`, as [`Ingress::authorize`] has
    /// found; hooks answer for the other channels.
    ///
    /// # Errors
    ///
    /// - When one of them is refused: then none was published. All are checked before the first is published.
    /// - When the broker fails, or knows an idempotency key with another payload: then the others may have been published,
    ///   and `details.ids` of the error has their ids. A list of one event has no such details.
    ///
    /// # Cancel safety
    ///
    /// When dropped while the events are checked, none is published; later, all are.
    pub(crate) async fn publish(
        &self,
        caller: &Caller,
        items: Vec<PublishItem>,
        allowed: Option<ChannelKey>,
    ) -> Result<Vec<EventId>, Refusal> {
        let publishes = self.checked(caller, items, allowed).await?;
        let broker = self.engine.broker.clone();
        let sending = || async move { Ok(broker.publish_all(publishes).await) };
        let results = self.engine.run_mutation(PUBLISH, sending).await?;
        let failed =
            results.iter().enumerate().find_map(|(n, result)| Some((n, result.as_ref().err()?)));
        let Some((n, fault)) = failed else {
            return Ok(results.into_iter().flatten().map(|position| position.event_id()).collect());
        };
        let mut refusal = match fault {
            Unpublished::KeyReused => key_reused(n),
            Unpublished::Unavailable(error) => {
                bounded!(warn, %error, "events of a client could not be published");
                broker_unavailable().into()
            }
        };
        if results.len() > 1
            && let Some(data) = &mut refusal.error.data
        {
            let ids: Vec<_> =
                results.into_iter().map(|result| result.ok().map(|p| p.event_id())).collect();
            data.details = Some(Box::new(json!({ "ids": ids })));
        }
        Err(refusal)
    }

    /// Finds the channel to which a caller wants to publish, and asks whether it may, before the event is there.
    pub(crate) async fn authorize(
        &self,
        caller: &Caller,
        procedure: &str,
        channel: &str,
    ) -> Result<ChannelKey, Refusal> {
        let (intake, may, channel) = self.find(procedure, channel, &JsonPath::root())?;
        let key = self.key(intake, &channel);
        may(caller.clone(), channel).await?;
        Ok(key)
    }

    async fn checked(
        &self,
        caller: &Caller,
        items: Vec<PublishItem>,
        allowed: Option<ChannelKey>,
    ) -> Result<Vec<Publish>, Refusal> {
        if items.len() > MAX_BATCH {
            let message = format!(
                "there are {} events, and a request may have {MAX_BATCH}; send them in parts",
                items.len()
            );
            return Err(RpcError::new(ErrorKind::BATCH_TOO_LARGE, message).into());
        }
        let mut publishes = Vec::with_capacity(items.len());
        let mut allowed: HashSet<_> = allowed.into_iter().collect();
        let (mut keys, mut bytes) = (HashMap::new(), 0);
        for (n, item) in items.into_iter().enumerate() {
            let at = JsonPath::root().element(n);
            let (intake, may, channel) = self.find(&item.procedure, &item.channel, &at)?;
            let key = self.key(intake, &channel);
            if !allowed.contains(&key) {
                may(caller.clone(), channel)
                    .await
                    .map_err(|error| Refusal { error, at: Some(at.clone()) })?;
                allowed.insert(key.clone());
            }
            let payload = self.payload(intake, &item, &at)?;
            let digest = item.idempotency_key.as_deref().map(|_| digest(item.data.get()));
            if let (Some(once), Some(digest)) = (&item.idempotency_key, &digest) {
                if !(1..=MAX_IDEMPOTENCY_KEY).contains(&once.len()) {
                    let message =
                        format!("an idempotency key has 1 to {MAX_IDEMPOTENCY_KEY} bytes");
                    let at = at.member("idempotencyKey");
                    return Err(Refusal::at(ErrorKind::INVALID_PARAMS, message, at));
                }
                let before = keys.entry((key.clone(), once.clone())).or_insert(digest.clone());
                if before != digest {
                    return Err(key_reused(n));
                }
            }
            bytes += item.data.get().len();
            let (keep, idempotency_key) = (intake.keep, item.idempotency_key);
            publishes.push(Publish { key, payload, keep, idempotency_key, digest });
            if bytes >= CHECKED_TOGETHER {
                bytes = 0;
                tokio::task::yield_now().await;
            }
        }
        Ok(publishes)
    }

    /// The subscription and the channel that a client names, if anybody may publish there.
    fn find(
        &self,
        procedure: &str,
        channel: &str,
        at: &JsonPath,
    ) -> Result<(&Intake, &MayPublish, Channel), Refusal> {
        let at_procedure = || at.clone().member("procedure");
        let none = |message| Refusal::at(ErrorKind::METHOD_NOT_FOUND, message, at_procedure());
        let Some((intake, may)) = self.procedures.get(procedure) else {
            let shown: String = procedure.chars().take(60).collect();
            return Err(none(format!("there is no procedure {shown:?}; rpc.discover lists them")));
        };
        let Some(intake) = intake else {
            let message =
                format!("{procedure} is no subscription, and has no channels to publish to");
            return Err(none(message));
        };
        if intake.feed == Feed::Members {
            return Err(none(format!(
                "{procedure} is a list that its members report themselves to, and cannot be published"
            )));
        }
        let Some(may) = may else {
            let message = format!(
                "the service lets nobody publish to {procedure}: it would register the subscription with \
                 `.allow_publish(handler)`"
            );
            return Err(Refusal::at(ErrorKind::FORBIDDEN, message, at_procedure()));
        };
        let at_channel = || at.clone().member("channel");
        let channel: Channel =
            channel.parse().map_err(|error: tidings_contract::InvalidChannel| {
                Refusal::at(ErrorKind::NOT_FOUND, error.to_string(), at_channel())
            })?;
        match &intake.only {
            Some(only) if *only != channel => {
                let message = format!("{procedure} has one channel, {only}");
                Err(Refusal::at(ErrorKind::NOT_FOUND, message, at_channel()))
            }
            _ => Ok((intake, may, channel)),
        }
    }

    fn key(&self, intake: &Intake, channel: &Channel) -> ChannelKey {
        ChannelKey::named(&self.engine.config.broker.key_prefix, intake.namespace, channel)
    }

    /// The payload as it is published: what its type says of it.
    fn payload(
        &self,
        intake: &Intake,
        item: &PublishItem,
        at: &JsonPath,
    ) -> Result<Bytes, Refusal> {
        let at = at.clone().member("data");
        let max = self.engine.config.limits.max_payload_bytes as usize;
        let large = |bytes: usize| {
            let message =
                format!("the payload has {bytes} bytes and may have {max} (--max-payload-bytes)");
            Refusal::at(ErrorKind::REQUEST_TOO_LARGE, message, at.clone())
        };
        let data = item.data.get();
        if data.len() > max {
            return Err(large(data.len()));
        }
        let payload = check(intake.decode, data.as_bytes()).map_err(|fault| {
            let message = format!("the payload does not fit {}: {}", item.procedure, fault.reason);
            Refusal::at(ErrorKind::INVALID_PARAMS, message, at.clone().join(fault.path))
        })?;
        // The type may write more than was sent, such as members that were left out.
        let payload = String::from(Box::<str>::from(payload));
        if payload.len() > max { Err(large(payload.len())) } else { Ok(payload.into()) }
    }
}

impl std::fmt::Debug for Ingress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingress").finish_non_exhaustive()
    }
}

fn key_reused(item: usize) -> Refusal {
    let message = "the idempotency key was used in this channel with another payload";
    let at = JsonPath::root().element(item).member("idempotencyKey");
    Refusal::at(ErrorKind::IDEMPOTENCY_KEY_REUSED, message, at)
}

/// Stands for a payload as the client wrote it: replicas of several versions may write it in several forms.
fn digest(payload: &str) -> String {
    let mut digest = String::new();
    for byte in &Sha256::digest(payload)[..16] {
        write!(digest, "{byte:02x}").expect("a string takes any text");
    }
    digest
}
