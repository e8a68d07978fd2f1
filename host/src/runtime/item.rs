//! What waits in a mailbox for an extension to handle, and copies of it for those that look on.

use std::sync::Arc;

use tig_plugin_api::{HttpReply, HttpRequest};
use tokio::sync::oneshot;

use crate::runtime::event::{Event, HTTP_RESPONSE};

/// Something for an extension to handle.
pub(crate) enum Item {
    /// An event.
    Event(Delivery),
    /// The encoded response to an HTTP request of the extension.
    Response(Arc<[u8]>),
    /// A request to one of the extension's routes, and where the reply goes; `None` if no client waits for it any more.
    Request(Box<HttpRequest>, Option<oneshot::Sender<RouteResult>>),
}

/// An event for one extension.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// The event, shared with other extensions.
    pub event: Arc<Event>,
    /// The event was delivered before; its handler failed, or its effects were rolled back.
    pub redelivered: bool,
}

/// What became of a request to a route.
pub type RouteResult = Result<RouteReply, RouteError>;

/// Why a request to a route has no reply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RouteError {
    /// The handler failed.
    Failed(String),
    /// Another extension has no room for an event that the handler emits: worth trying again later.
    Busy(String),
}

/// An extension's reply to a request.
pub struct RouteReply {
    /// The reply.
    pub reply: HttpReply,
    /// If the request is to be parked: resolves when it is to be handled again.
    pub woken: Option<oneshot::Receiver<()>>,
}

/// An item without the client that waits for the reply: a probation keeps it for a rollback, a shadow handles it too.
pub(crate) enum ItemCopy {
    /// See [`Item::Event`].
    Event(Delivery),
    /// See [`Item::Response`].
    Response(Arc<[u8]>),
    /// See [`Item::Request`].
    Request(Box<HttpRequest>),
}

impl ItemCopy {
    /// Copies `item`; events and responses are shared.
    #[must_use]
    pub(crate) fn from_item(item: &Item) -> Self {
        match item {
            Item::Event(delivery) => Self::Event(delivery.clone()),
            Item::Response(response) => Self::Response(Arc::clone(response)),
            Item::Request(request, _) => Self::Request(request.clone()),
        }
    }

    /// Bytes that this copy alone keeps in memory, without events, which are shared.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Event(_) => 0,
            Self::Response(response) => response.len(),
            Self::Request(request) => request.body.len(),
        }
    }

    /// The event, if it is durable.
    #[must_use]
    pub(crate) fn durable_event(&self) -> Option<&Arc<Event>> {
        match self {
            Self::Event(delivery) if delivery.event.outbox_id.is_some() => Some(&delivery.event),
            _ => None,
        }
    }

    /// The item to be handled once more. The client of a request has its reply already.
    #[must_use]
    pub(crate) fn into_redelivery(self) -> Item {
        match self {
            Self::Event(delivery) => Item::Event(Delivery {
                redelivered: true,
                ..delivery
            }),
            Self::Response(response) => Item::Response(response),
            Self::Request(request) => Item::Request(request, None),
        }
    }

    /// A name for people: the event and its number, or method and path of a request.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Event(Delivery { event, .. }) => {
                format!("{} (event {})", event.name, event.sequence)
            }
            Self::Response(_) => HTTP_RESPONSE.to_owned(),
            Self::Request(request) => format!("{} {}", request.method, request.path),
        }
    }
}
