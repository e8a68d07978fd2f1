//! Events of connections in the form in which extensions get them.

use std::sync::Arc;

use tig_plugin_api::{WsEvent, WsEventKind};
use tracing::error;

use crate::runtime::socket_event::{FrameRoom, SocketEvent};
use crate::runtime::sockets::SocketOwner;

/// Puts an event of the connection `tag` into the mailbox of its extension.
pub(super) fn put(owner: &SocketOwner, tag: &Arc<str>, kind: WsEventKind, room: Option<FrameRoom>) {
    let is_last = matches!(kind, WsEventKind::Closed { .. });
    let event = WsEvent {
        tag: tag.to_string(),
        kind,
    };
    let encoded = event.encode();
    // Its text may be long, and is copied once more below.
    drop(event);
    match encoded {
        Ok(payload) => owner.mailbox.put_socket_event(SocketEvent {
            tag: Arc::clone(tag),
            payload: payload.into(),
            is_last,
            room,
        }),
        // Does not happen: every event has a form.
        Err(error) => error!(extension = &*owner.name, "event of a connection: {error}"),
    }
}
