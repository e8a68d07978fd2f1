//! Each refusal of a service, by name.

use tig_plugin_api::{Finish, TAG_BYTES_MAX, Ticket, WsClose, WsOpen};

use super::tests::services;
use super::*;
use crate::keys::KeyError;
use crate::runtime::host_call_error::HANDLER_REPORTS_MAX;
use crate::runtime::sockets::{SOCKETS_MAX, UNSENT_BYTES_MAX};
use crate::runtime::timers::TIMERS_MAX;

/// The refusal of what `ask` asks for, by a handler of an extension that `prepare` has prepared.
fn refusal<T>(
    prepare: impl FnOnce(&Extension),
    ask: impl FnOnce(&mut Transaction<'_>) -> Result<T, HostCallError>,
) -> HostCallError {
    let folder = tempfile::tempdir().unwrap();
    let (services, extension) = (services(folder.path()), Extension::new("x"));
    prepare(&extension);
    let overlay = Overlay::default();
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    match ask(&mut transaction) {
        Ok(_) => panic!("it is not refused"),
        Err(refusal) => refusal,
    }
}

fn open(tag: &str) -> Box<WsOpen> {
    Box::new(WsOpen {
        tag: tag.to_owned(),
        url: "ws://peer".to_owned(),
        headers: Vec::new(),
        frame_bytes_max: 1,
        ping_every_ms: 0,
        silent_ms_max: 0,
        connect_ms: 1,
    })
}

#[test]
fn timers_are_refused_by_name() {
    let many = refusal(
        |_| (),
        |transaction| {
            transaction.timers = TIMERS_MAX;
            transaction.set_timer("t", 1)
        },
    );
    assert!(matches!(many, HostCallError::TooManyTimers), "{many}");
    let long = refusal(
        |_| (),
        |transaction| transaction.cancel_timer(&"t".repeat(TAG_BYTES_MAX + 1)),
    );
    let bytes = TAG_BYTES_MAX + 1;
    assert!(
        matches!(long, HostCallError::LongTag(found) if found == bytes),
        "{long}"
    );
}

#[test]
fn connections_are_refused_by_name() {
    let many = refusal(
        |extension| {
            for number in 0..SOCKETS_MAX {
                extension.sockets.tags.take(&number.to_string());
            }
        },
        |transaction| transaction.open_socket(open("t")),
    );
    assert!(matches!(many, HostCallError::TooManySockets), "{many}");
    let taken = refusal(
        |extension| extension.sockets.tags.take("t"),
        |transaction| transaction.open_socket(open("t")),
    );
    assert!(matches!(taken, HostCallError::TakenTag(_)), "{taken}");
    let close = WsClose {
        code: 1000,
        reason: String::new(),
    };
    let unknown = refusal(|_| (), |transaction| transaction.close_socket("t", close));
    assert!(matches!(unknown, HostCallError::UnknownTag(_)), "{unknown}");
    let full = refusal(
        |extension| {
            extension.sockets.tags.take("t");
            let unsent = extension.sockets.tags.unsent("t").unwrap();
            unsent.add(UNSENT_BYTES_MAX);
        },
        |transaction| transaction.send_frame("t", "text", None),
    );
    assert!(matches!(full, HostCallError::TooMuchUnsent(_)), "{full}");
}

#[test]
fn reports_and_signatures_are_refused_by_name() {
    let many = refusal(
        |_| (),
        |transaction| {
            transaction.reports = HANDLER_REPORTS_MAX;
            transaction.show_progress(Ticket::NONE, "line")
        },
    );
    assert!(matches!(many, HostCallError::TooManyReports), "{many}");
    let finish = Finish {
        ticket: Ticket::NONE,
        code: 0,
    };
    let bad = refusal(
        |_| (),
        |transaction| transaction.finish_command(finish, b"no JSON"),
    );
    assert!(matches!(bad, HostCallError::CommandValue(_)), "{bad}");
    let unknown = refusal(|_| (), |transaction| transaction.sign("k", b""));
    let is_unknown = matches!(unknown, HostCallError::Key(KeyError::Unknown { .. }));
    assert!(is_unknown, "{unknown}");
}
