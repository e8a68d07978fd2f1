//! Why a connection has ended, as its extension reads it.

use std::time::Duration;

use tig_plugin_api::{WsClose, WsCloseClass};

use super::incoming::Violation;

/// Characters of a reason that are kept; a part of it may come from the peer.
const REASON_CHARS_MAX: usize = 300;

/// Why a connection has ended, or did not come about.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Ending {
    pub class: WsCloseClass,
    /// Status code that the peer sent, or that was sent to it.
    pub code: Option<u16>,
    pub reason: String,
    /// The close frame that is still to be sent.
    pub farewell: Option<WsClose>,
}

impl Ending {
    /// An end without a status code.
    #[must_use]
    pub(super) fn new(class: WsCloseClass, reason: impl AsRef<str>) -> Self {
        Self {
            class,
            code: None,
            reason: reason.as_ref().chars().take(REASON_CHARS_MAX).collect(),
            farewell: None,
        }
    }

    /// The connection broke.
    #[must_use]
    pub(super) fn broken(reason: impl AsRef<str>) -> Self {
        Self::new(WsCloseClass::Broken, reason)
    }

    /// The extension, or the host for it, has closed the connection.
    #[must_use]
    pub(super) fn local(close: &WsClose) -> Self {
        Self {
            code: Some(close.code),
            ..Self::new(WsCloseClass::Local, &close.reason)
        }
    }

    /// The peer has closed the connection; it gets its status code back (RFC 6455, section 5.5.1).
    #[must_use]
    pub(super) fn peer(close: Option<(u16, String)>) -> Self {
        let (code, reason) = close.unzip();
        let farewell = WsClose {
            code: code.unwrap_or(NORMAL),
            reason: String::new(),
        };
        Self {
            code,
            farewell: Some(farewell),
            ..Self::new(WsCloseClass::Peer, reason.unwrap_or_default())
        }
    }

    /// The peer has sent no byte for `silent`.
    #[must_use]
    pub(super) fn silent(silent: Duration) -> Self {
        let reason = format!("the peer has sent nothing for {} ms", silent.as_millis());
        let farewell = WsClose {
            code: GOING_AWAY,
            reason: reason.clone(),
        };
        Self {
            code: Some(farewell.code),
            farewell: Some(farewell),
            ..Self::new(WsCloseClass::Silent, reason)
        }
    }
}

impl From<Violation> for Ending {
    fn from(violation: Violation) -> Self {
        let farewell = WsClose {
            code: violation.code(),
            reason: violation.to_string(),
        };
        Self {
            code: Some(farewell.code),
            farewell: Some(farewell),
            ..Self::new(violation.class(), violation.to_string())
        }
    }
}

/// Status code of a purpose that is fulfilled (RFC 6455, section 7.4.1).
const NORMAL: u16 = 1000;

/// Status code of an endpoint that goes away.
pub(super) const GOING_AWAY: u16 = 1001;
