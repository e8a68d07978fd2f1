//! What waits in a mailbox for an extension to handle, and copies of it for those that look on.

use std::sync::Arc;

use tig_plugin_api::HttpReply;
use tig_plugin_api::frame::CommandHead;
use tokio::sync::oneshot;

use crate::runtime::event::{Event, HTTP_RESPONSE};
use crate::runtime::long_messages::LongMessage;
use crate::runtime::route_request::RouteRequest;
use crate::runtime::socket_event::SocketEvent;

/// Something for an extension to handle.
pub(crate) enum Item {
    /// An event.
    Event(Delivery),
    /// The encoded response to an HTTP request of the extension.
    Response(Arc<[u8]>),
    /// A request to one of the extension's routes, and its client; `None` if no client waits for the reply any more.
    Request(Arc<RouteRequest>, Option<RouteClient>),
    /// A timer of the extension is due; its tag.
    Timer(Arc<str>),
    /// Something happened to a websocket connection of the extension.
    Socket(SocketEvent),
    /// A call of one of the extension's commands, and where the notice of its start goes; `None` after the first.
    Command(Arc<CommandCall>, Option<oneshot::Sender<StartResult>>),
}

/// The client of a request to a route.
pub(crate) struct RouteClient {
    /// Where the reply goes.
    reply: oneshot::Sender<RouteResult>,
    /// The room of a long body, until the reply. Kept here, not at the connection: a client that goes away leaves its
    /// request in the mailbox.
    _room: Option<LongMessage>,
}

impl RouteClient {
    /// The client that waits for `reply`, with the room of its request if that is long.
    #[must_use]
    pub(crate) fn new(reply: oneshot::Sender<RouteResult>, room: Option<LongMessage>) -> Self {
        Self { reply, _room: room }
    }

    /// Sends the reply. A client that has gone away needs none.
    pub(crate) fn reply(self, result: RouteResult) {
        let _ = self.reply.send(result);
    }
}

/// A call of a command.
#[derive(Debug)]
pub(crate) struct CommandCall {
    /// Ticket and name.
    pub head: CommandHead,
    /// JSON of its arguments.
    pub arguments: Vec<u8>,
}

/// Whether a command has started.
pub(crate) type StartResult = Result<(), StartError>;

/// Why a command has not started.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StartError {
    /// The handler failed.
    #[error("{0}")]
    Failed(String),
    /// The handler panicked, or the extension has no instance.
    #[error("extension `{0}` has failed; see the host's log")]
    Broken(String),
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
    Request(Arc<RouteRequest>),
    /// See [`Item::Timer`].
    Timer(Arc<str>),
    /// See [`Item::Socket`]: tag, event, and whether it is the last.
    Socket(Arc<str>, Arc<[u8]>, bool),
    /// See [`Item::Command`].
    Command(Arc<CommandCall>),
}

impl ItemCopy {
    /// Copies `item`; what it holds is shared.
    #[must_use]
    pub(crate) fn from_item(item: &Item) -> Self {
        match item {
            Item::Event(delivery) => Self::Event(delivery.clone()),
            Item::Response(response) => Self::Response(Arc::clone(response)),
            Item::Request(request, _) => Self::Request(Arc::clone(request)),
            Item::Timer(tag) => Self::Timer(Arc::clone(tag)),
            Item::Socket(event) => Self::Socket(
                Arc::clone(&event.tag),
                Arc::clone(&event.payload),
                event.is_last,
            ),
            Item::Command(call, _) => Self::Command(Arc::clone(call)),
        }
    }

    /// Bytes that a copy keeps in memory for longer than the item is handled. Events count, too: once all extensions have handled
    /// them, only copies keep them.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Event(delivery) => delivery.event.payload.len(),
            Self::Response(response) => response.len(),
            Self::Request(request) => request.body_bytes(),
            Self::Timer(tag) => tag.len(),
            Self::Socket(_, payload, _) => payload.len(),
            Self::Command(call) => call.arguments.len(),
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
            Self::Timer(tag) => Item::Timer(tag),
            Self::Socket(tag, payload, is_last) => Item::Socket(SocketEvent {
                tag,
                payload,
                is_last,
                room: None,
            }),
            Self::Command(call) => Item::Command(call, None),
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
            Self::Request(request) => request.name().to_owned(),
            Self::Timer(tag) => format!("timer `{tag}`"),
            Self::Socket(tag, ..) => format!("event of connection `{tag}`"),
            Self::Command(call) => format!("command {}", call.head.command),
        }
    }
}
