//! Why a connection has ended, for operators.

use horde_extension::shown;
use tig_plugin_api::WsCloseClass;

/// How a connection has ended, as the host reports it.
pub(crate) struct ConnectionEnd {
    pub(crate) class: WsCloseClass,
    pub(crate) code: Option<u16>,
    pub(crate) reason: String,
    /// Frames that the kernel did not have.
    pub(crate) unsent: u64,
}

/// Why a connection has ended: what the host says, what it means, and the last fault that the miner has reported.
pub(crate) fn close_reason(end: &ConnectionEnd, last_error: Option<&str>) -> String {
    let meaning = match end.class {
        WsCloseClass::Connect => "no connection to the miner",
        WsCloseClass::Tls => "no TLS connection to the miner",
        WsCloseClass::Handshake => "the miner's port serves something else than a miner",
        WsCloseClass::Timeout => "the miner did not complete the handshake in time",
        WsCloseClass::Peer => "the miner has closed the connection",
        WsCloseClass::Local => "the validator has closed the connection",
        WsCloseClass::Silent => "the miner has been silent for too long",
        WsCloseClass::TooLarge => "the miner has sent a frame that is too long",
        WsCloseClass::Protocol => "the miner has broken the websocket protocol",
        WsCloseClass::Broken => "the connection to the miner broke",
    };
    let mut text = meaning.to_owned();
    if let Some(code) = end.code {
        text.push_str(&format!(" (code {code})"));
    }
    if !end.reason.is_empty() {
        text.push_str(": ");
        text.push_str(&shown(&end.reason));
    }
    if let Some(error) = last_error {
        text.push_str("; it had reported: ");
        text.push_str(error);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_names_code_cause_and_last_fault() {
        let mut end = ConnectionEnd {
            class: WsCloseClass::Peer,
            code: Some(1011),
            reason: "broker\0".to_owned(),
            unsent: 0,
        };
        let reason = close_reason(&end, Some("no luck"));
        assert_eq!(
            reason,
            "the miner has closed the connection (code 1011): broker\\0; it had reported: no luck"
        );
        (end.class, end.code) = (WsCloseClass::Silent, None);
        end.reason.clear();
        let reason = close_reason(&end, None);
        assert_eq!(reason, "the miner has been silent for too long");
    }
}
