//! What the host refuses a handler, and what it takes from it.

use std::sync::Arc;

use tig_plugin_api::abi::service;
use tig_plugin_api::{Finish, Ticket, WsClose, WsOpen, WsSend};

use super::*;
use crate::config::{Identity, RateTable};
use crate::keys::Keys;
use crate::runtime::bus::Bus;
use crate::runtime::clock::{Clock, Random};
use crate::runtime::commands::Commands;
use crate::runtime::host_call_error::HANDLER_REPORTS_MAX;
use crate::runtime::outbound::{HttpSender, PendingCall};
use crate::runtime::sockets::{
    CLOSE_REASON_BYTES_MAX, SocketAction, SocketDriver, SocketOwner, UNSENT_BYTES_MAX,
};
use crate::runtime::timers::{TIMERS_MAX, Timers};
use crate::store::Store;

/// A network that never responds.
struct Silent;

impl HttpSender for Silent {
    fn send(&self, _: PendingCall) {}

    fn set_rates(&self, rates: RateTable) -> RateTable {
        rates
    }
}

impl SocketDriver for Silent {
    fn carry_out(&self, _: &SocketOwner, _: Vec<SocketAction>) {}

    fn end_all(&self, _: &SocketOwner) {}
}

pub(super) fn services(folder: &std::path::Path) -> Services {
    let store = Store::open(folder, &Identity::new()).unwrap();
    Services {
        bus: Bus::new(Clock::start()),
        store,
        clock: Clock::start(),
        random: Random::from_system(),
        http: Arc::new(Silent),
        sockets: Arc::new(Silent),
        timers: Timers::default(),
        keys: Keys::default(),
        commands: Commands::default(),
        recorder: Arc::default(),
    }
}

fn ask(
    transaction: &mut Transaction<'_>,
    service: u32,
    name: &str,
    body: &[u8],
) -> Result<Vec<u8>, String> {
    let answer = transaction.call(service, RStr::from_str(name), RSlice::from_slice(body));
    answer
        .into_result()
        .map(RVec::into_vec)
        .map_err(RString::into_string)
}

#[test]
fn handler_reads_its_own_writes() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path());
    let extension = Arc::new(Extension::new("x"));
    let overlay = Overlay::default();
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    ask(&mut transaction, service::STORAGE_PUT, "a1", b"1").unwrap();
    ask(&mut transaction, service::STORAGE_PUT, "a2", b"2").unwrap();
    ask(&mut transaction, service::STORAGE_DELETE, "a1", b"").unwrap();
    assert_eq!(
        ask(&mut transaction, service::STORAGE_GET, "a1", b"").unwrap(),
        b""
    );
    assert_eq!(
        ask(&mut transaction, service::STORAGE_GET, "a2", b"").unwrap(),
        b"\x012"
    );
    let entries = ask(&mut transaction, service::STORAGE_SCAN, "a", b"").unwrap();
    let entries = frame::decode_entries(&entries).unwrap();
    assert_eq!(entries, [("a2".to_owned(), &b"2"[..])]);
    assert_eq!(
        services.store.get("x", "a2").unwrap(),
        None,
        "nothing is written yet"
    );
}

#[test]
fn unknown_service_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path());
    let extension = Arc::new(Extension::new("x"));
    let overlay = Overlay::default();
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    let error = ask(&mut transaction, 999, "", b"").unwrap_err();
    assert!(error.contains("no service 999"), "{error}");
}

#[test]
fn effects_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path());
    let extension = Arc::new(Extension::new("x"));
    let overlay = Overlay::default();
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    services.bus.subscribe(&extension, &["e".to_owned()]);
    for _ in 0..HANDLER_EVENTS_MAX {
        ask(&mut transaction, service::EMIT, "e", b"{}").unwrap();
    }
    assert!(ask(&mut transaction, service::EMIT, "e", b"{}").is_err());
    let long = "k".repeat(KEY_BYTES_MAX + 1);
    assert!(ask(&mut transaction, service::STORAGE_PUT, &long, b"1").is_err());
}

fn open(tag: &str) -> Vec<u8> {
    let open = WsOpen {
        tag: tag.to_owned(),
        url: "ws://peer".to_owned(),
        headers: Vec::new(),
        frame_bytes_max: 1,
        ping_every_ms: 0,
        silent_ms_max: 0,
        connect_ms: 1,
    };
    serde_json::to_vec(&open).unwrap()
}

fn frame(text: &str) -> Vec<u8> {
    frame::encode(&WsSend::default(), text.as_bytes()).unwrap()
}

#[test]
fn send_needs_a_connection_of_the_extension() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path());
    let (extension, other) = (Extension::new("x"), Extension::new("y"));
    other.sockets.tags.take("b");
    let overlay = Overlay::default();
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    let send = |transaction: &mut Transaction<'_>, tag: &str| {
        ask(transaction, service::WS_SEND, tag, &frame("hello"))
    };
    for tag in ["a", "b"] {
        let error = send(&mut transaction, tag).unwrap_err();
        assert!(error.contains("no websocket connection"), "{error}");
    }
    ask(&mut transaction, service::WS_OPEN, "a", &open("a")).unwrap();
    send(&mut transaction, "a").unwrap();
    let error = ask(&mut transaction, service::WS_OPEN, "a", &open("a")).unwrap_err();
    assert!(error.contains("is there already"), "{error}");
    extension.sockets.tags.take("c");
    let unsent = extension.sockets.tags.unsent("c").unwrap();
    unsent.add(UNSENT_BYTES_MAX);
    let error = send(&mut transaction, "c").unwrap_err();
    assert!(error.contains("wait to be sent"), "{error}");
}

#[test]
fn close_that_no_frame_can_carry_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path());
    let extension = Extension::new("x");
    extension.sockets.tags.take("a");
    let overlay = Overlay::default();
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    let mut close = |code, reason: &str| {
        let reason = reason.to_owned();
        let close = serde_json::to_vec(&WsClose { code, reason }).unwrap();
        ask(&mut transaction, service::WS_CLOSE, "a", &close)
    };
    close(4999, &"r".repeat(CLOSE_REASON_BYTES_MAX)).unwrap();
    for code in [0, 999, 1005, 1006, 1015, 5000] {
        let error = close(code, "").unwrap_err();
        assert!(error.contains("is not a code to close"), "{error}");
    }
    let error = close(1000, &"r".repeat(CLOSE_REASON_BYTES_MAX + 1)).unwrap_err();
    assert!(error.contains("is longer than"), "{error}");
}

#[test]
fn redelivery_finds_connections_as_they_were_left() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path());
    let extension = Extension::new("x");
    extension.sockets.tags.take("opened");
    let overlay = Overlay::default();
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    transaction.set_redelivery(true);
    let opened = ask(
        &mut transaction,
        service::WS_OPEN,
        "opened",
        &open("opened"),
    );
    assert_eq!(opened, Ok(Vec::new()));
    let sent = ask(&mut transaction, service::WS_SEND, "gone", &frame("late"));
    assert_eq!(sent, Ok(Vec::new()));
    assert!(transaction.take_effects().is_none());
}

#[test]
fn timers_and_tags_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path());
    let extension = Extension::new("x");
    let overlay = Overlay::default();
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    let at = 7_u64.to_le_bytes();
    for number in 0..TIMERS_MAX {
        let tag = number.to_string();
        ask(&mut transaction, service::AT, &tag, &at).unwrap();
    }
    let error = ask(&mut transaction, service::AT, "more", &at).unwrap_err();
    assert!(error.contains("timers are set"), "{error}");
    let long = "t".repeat(1 << 20);
    for (service, body) in [
        (service::AT, at.to_vec()),
        (service::CANCEL, Vec::new()),
        (service::WS_OPEN, open(&long)),
    ] {
        let error = ask(&mut transaction, service, &long, &body).unwrap_err();
        assert!(error.contains("is longer than"), "{error}");
    }
}

#[test]
fn events_of_the_host_and_bad_values_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path());
    let extension = Extension::new("x");
    let overlay = Overlay::default();
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    let error = ask(&mut transaction, service::EMIT, "host.timer", b"{}").unwrap_err();
    assert!(
        error.contains("`host.timer` comes from the host only"),
        "{error}"
    );
    let finish = Finish {
        ticket: Ticket::NONE,
        code: 0,
    };
    let body = frame::encode(&finish, b"no JSON").unwrap();
    let error = ask(&mut transaction, service::FINISH, "", &body).unwrap_err();
    assert!(error.contains("is not JSON"), "{error}");
    let error = ask(&mut transaction, service::SIGN, "hotkey", b"").unwrap_err();
    assert!(error.contains("no key `hotkey`"), "{error}");
    let body = frame::encode(&Ticket::NONE, b"line").unwrap();
    for _ in 0..HANDLER_REPORTS_MAX {
        ask(&mut transaction, service::PROGRESS, "", &body).unwrap();
    }
    let error = ask(&mut transaction, service::PROGRESS, "", &body).unwrap_err();
    assert!(error.contains("things of commands"), "{error}");
}
