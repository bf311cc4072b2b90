//! What every call passes on its way to its procedure and back: typed errors where jsonrpsee's would say less, no
//! subscriptions in batches, since jsonrpsee would answer such a call twice, and answers through the outbox.

use std::sync::Arc;

use jsonrpsee::{
    server::{
        MethodCallback, MethodResponse, Methods,
        middleware::rpc::{Batch, BatchEntry, BatchEntryErr, Notification, Request, RpcServiceT},
    },
    types::ErrorObjectOwned,
};
use tidings_contract::{ErrorKind, RpcError};
use tower::Layer;

use crate::{
    input::error_object,
    socket::{Connection, Frame},
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

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let refused = self.refuse(&request, false);
        let service = self.service.clone();
        let connection = request.extensions().get::<Arc<Connection>>().cloned();
        async move {
            answer(connection, async move {
                match refused {
                    Some(error) => MethodResponse::error(request.id, error),
                    None => service.call(request).await,
                }
            })
            .await
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let mut connection = None;
        let entries = batch.into_iter().map(|entry| match entry {
            Ok(BatchEntry::Call(request)) => {
                connection = request.extensions().get().cloned();
                match self.refuse(&request, true) {
                    Some(error) => Err(BatchEntryErr::new(request.id, error)),
                    None => Ok(BatchEntry::Call(request)),
                }
            }
            Ok(BatchEntry::Notification(notification)) => {
                connection = notification.extensions().get().cloned();
                Ok(BatchEntry::Notification(notification))
            }
            Err(error) => Err(error),
        });
        let entries = entries.collect();
        let answered = self.service.batch(Batch::from(entries));
        answer(connection, answered)
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        let connection = notification.extensions().get().cloned();
        answer(connection, self.service.notification(notification))
    }
}

/// Sends an answer of a WebSocket ourselves, through the outbox that bounds what waits there. What this answers
/// is of a kind that jsonrpsee does not send again.
async fn answer(
    connection: Option<Arc<Connection>>,
    response: impl Future<Output = MethodResponse>,
) -> MethodResponse {
    let Some(connection) = connection else { return response.await };
    let _call = connection.call();
    connection.room_for_call().await;
    let response = tokio::select! {
        response = response => response,
        // jsonrpsee would wait for it, and keep the connection open after the replica has left.
        () = connection.cut_off() => return MethodResponse::notification(),
    };
    if response.is_method_call() || response.is_batch() {
        let answer = Frame::text(response.to_json().get().as_bytes());
        // Not kept twice while it waits.
        drop(response);
        connection.answer(answer).await;
    }
    MethodResponse::notification()
}
