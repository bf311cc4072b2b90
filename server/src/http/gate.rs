//! What every call passes on its way to its procedure and back: typed errors where jsonrpsee's would say less, no
//! subscriptions in batches, since jsonrpsee would answer such a call twice, starts in the order of arrival, and answers
//! through the outbox.

use std::{pin::pin, sync::Arc, task::Poll};

use futures_util::poll;
use jsonrpsee::{
    server::{
        MethodCallback, MethodResponse, Methods,
        middleware::rpc::{Batch, BatchEntry, BatchEntryErr, Notification, Request, RpcServiceT},
    },
    types::{ErrorObjectOwned, Extensions},
};
use tidings_contract::{ErrorKind, RpcError};
use tower::Layer;

use crate::{
    envelope::{self, error_object},
    socket::{Call, Connection, Frame, MessageId},
};

#[derive(Clone, Debug)]
pub(super) struct GateLayer {
    methods: Arc<Methods>,
}

impl GateLayer {
    pub(super) fn new(methods: Methods) -> Self {
        Self { methods: Arc::new(methods) }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, service: S) -> Gate<S> {
        Gate { methods: self.methods.clone(), service }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Gate<S> {
    methods: Arc<Methods>,
    service: S,
}

impl<S> Gate<S> {
    fn refuse(&self, request: &Request<'_>, in_batch: bool) -> Option<ErrorObjectOwned> {
        let name = request.method_name();
        let error = match self.methods.method(name) {
            None => {
                let shown: String = name.chars().take(60).collect();
                let message = format!("there is no procedure {shown:?}; rpc.discover lists them");
                RpcError::new(ErrorKind::METHOD_NOT_FOUND, message)
            }
            Some(MethodCallback::Subscription(_)) if in_batch => {
                let message = format!("{name} cannot stand in a batch; send it on its own");
                RpcError::new(ErrorKind::SUBSCRIPTION_IN_BATCH, message)
            }
            Some(MethodCallback::Subscription(_))
                if request.extensions().get::<Arc<Connection>>().is_none() =>
            {
                let message = format!("{name} needs a WebSocket: connect to ws://…/rpc");
                RpcError::new(ErrorKind::WEB_SOCKET_REQUIRED, message)
            }
            Some(_) => return None,
        };
        Some(error_object(error))
    }
}

impl<S> RpcServiceT for Gate<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type BatchResponse = MethodResponse;
    type NotificationResponse = MethodResponse;

    fn call<'a>(
        &self,
        mut request: Request<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        let refused = self.refuse(&request, false);
        let service = self.service.clone();
        let mut message = Message::default();
        message.holds(request.extensions_mut());
        async move {
            answer(message, async move {
                match refused {
                    Some(error) => MethodResponse::error(request.id, error),
                    None => service.call(request).await,
                }
            })
            .await
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let mut message = Message::default();
        let entries = batch.into_iter().map(|entry| match entry {
            Ok(BatchEntry::Call(mut request)) => {
                message.holds(request.extensions_mut());
                match self.refuse(&request, true) {
                    Some(error) => Err(BatchEntryErr::new(request.id, error)),
                    None => Ok(BatchEntry::Call(request)),
                }
            }
            Ok(BatchEntry::Notification(mut notification)) => {
                message.holds(notification.extensions_mut());
                Ok(BatchEntry::Notification(notification))
            }
            Err(error) => Err(BatchEntryErr::new(error.into_parts().1, envelope::in_batch())),
        });
        let entries = entries.collect();
        let answered = self.service.batch(Batch::from(entries));
        answer(message, answered)
    }

    fn notification<'a>(
        &self,
        mut notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        let mut message = Message::default();
        message.holds(notification.extensions_mut());
        answer(message, self.service.notification(notification))
    }
}

/// A message of a WebSocket: a call, a notification or a batch.
#[derive(Debug, Default)]
struct Message(Option<(Arc<Connection>, Call)>);

impl Message {
    /// Says that this message holds a call or notification, and writes its id into the extensions of that.
    fn holds(&mut self, extensions: &mut Extensions) {
        let Some(connection) = extensions.get::<Arc<Connection>>() else { return };
        let (_, call) = self.0.get_or_insert_with(|| (connection.clone(), connection.call()));
        let id: MessageId = call.id();
        extensions.insert(id);
    }
}

/// In the extensions of the response to a `POST` that is a notification, or a batch of nothing else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unanswered;

/// Starts a WebSocket's message in its turn, and sends the answer through the outbox, which bounds what waits there. It
/// returns a notification response, so jsonrpsee sends nothing.
async fn answer(
    message: Message,
    response: impl Future<Output = MethodResponse>,
) -> MethodResponse {
    let Message(Some((connection, mut call))) = message else {
        let mut response = response.await;
        if response.is_notification() {
            response.extensions_mut().insert(Unanswered);
        }
        return response;
    };
    let answering = async {
        let turn = connection.turn().await;
        let mut response = pin!(response);
        // Up to where it has to wait for something. A subscribe call has taken its place by then.
        let started = poll!(response.as_mut());
        drop(turn);
        match started {
            Poll::Ready(response) => response,
            Poll::Pending => response.await,
        }
    };
    let mut answering = pin!(answering);
    let started = poll!(answering.as_mut());
    // It has started, or has its place in the queue for a turn.
    call.started();
    let response = match started {
        Poll::Ready(response) => response,
        Poll::Pending => tokio::select! {
            response = answering => response,
            // jsonrpsee would wait for it, and keep the connection open after the replica has left.
            () = connection.cut_off() => return MethodResponse::notification(),
        },
    };
    if response.is_method_call() || response.is_batch() {
        let answer = Frame::text(response.to_json().get().as_bytes());
        // Not kept twice while it waits.
        drop(response);
        connection.answer(answer).await;
    }
    MethodResponse::notification()
}
