//! Why a connection has ended, for operators.

use tig_plugin_api::WsCloseClass;

use crate::text::shown;

/// Why a connection has ended: what the host says, what it means, and the last fault that the miner has reported.
pub(crate) fn close_reason(
    class: WsCloseClass,
    code: Option<u16>,
    reason: &str,
    last_error: Option<&str>,
) -> String {
    let meaning = match class {
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
    if let Some(code) = code {
        text.push_str(&format!(" (code {code})"));
    }
    if !reason.is_empty() {
        text.push_str(": ");
        text.push_str(&shown(reason));
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
        let reason = close_reason(WsCloseClass::Peer, Some(1011), "broker\0", Some("no luck"));
        assert_eq!(
            reason,
            "the miner has closed the connection (code 1011): broker\\0; it had reported: no luck"
        );
        assert_eq!(
            close_reason(WsCloseClass::Silent, None, "", None),
            "the miner has been silent for too long"
        );
    }
}
