//! What a handler asks of timers, connections and commands: effects that go to services of the host.

use std::sync::Arc;

use tig_plugin_api::Ticket;

use crate::runtime::commands::CommandReport;
use crate::runtime::sockets::SocketAction;

/// An effect on a service. Those of a handler keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ServiceEffect {
    /// Sets a timer.
    SetTimer {
        /// Its tag.
        tag: Arc<str>,
        /// When it is due.
        unix_ms: u64,
    },
    /// Cancels a timer.
    CancelTimer {
        /// Its tag.
        tag: Arc<str>,
    },
    /// Concerns a connection.
    Socket(SocketAction),
    /// Concerns the call of a command.
    Command(Ticket, CommandReport),
}

impl ServiceEffect {
    /// A name for people, without texts that may hold secrets.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        match self {
            Self::SetTimer { tag, .. } => format!("sets timer `{tag}`"),
            Self::CancelTimer { tag } => format!("cancels timer `{tag}`"),
            Self::Socket(action) => {
                let tag = action.tag();
                match action {
                    SocketAction::Open(_) => format!("opens connection `{tag}`"),
                    SocketAction::Send(_) => format!("sends a frame on connection `{tag}`"),
                    SocketAction::Close(..) => format!("closes connection `{tag}`"),
                }
            }
            Self::Command(_, CommandReport::Progress(_)) => {
                "shows progress of a command".to_owned()
            }
            Self::Command(_, CommandReport::Finished { code, .. }) => {
                format!("ends a command with code {code}")
            }
        }
    }

    /// Bytes that this effect keeps in memory, about.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::SetTimer { tag, .. } | Self::CancelTimer { tag } => tag.len(),
            Self::Socket(SocketAction::Send(frame)) => frame.text.len(),
            Self::Socket(action) => action.tag().len(),
            Self::Command(_, CommandReport::Progress(text)) => text.len(),
            Self::Command(_, CommandReport::Finished { value, .. }) => value.len(),
        }
    }
}
