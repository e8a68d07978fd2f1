//! Shadows that do not start, when a probation ends, and what a rollback restores, sends and does not send again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use tig_plugin_api::{Condition, HttpCall, Method, Severity, Turn};

use super::Runner;
use crate::observe::shadow_status::ShadowStatusHandle;
use crate::plugin::fixture;
use crate::runtime::command::{Command, Retry, StartShadow, Successor};
use crate::runtime::committer::Job;
use crate::runtime::effects::Effects;
use crate::runtime::event::{CONDITION_RAISED, Event};
use crate::runtime::extension::Extension;
use crate::runtime::failure::{ShadowStartError, SwitchError};
use crate::runtime::fence::TRANSACTIONS_IN_FLIGHT_MAX;
use crate::runtime::item::{Delivery, Item};
use crate::runtime::mailbox::Taken;
use crate::runtime::outbound::QueuedCall;
use crate::runtime::probation::{PROBATION, PROBATION_BYTES_MAX};
use crate::runtime::shadow::{self, ShadowStart};
use crate::runtime::shared::Shared;
use crate::store::Store;
use crate::store::fragile::{Fault, FragileBackend};

const SETTINGS: &[u8] = br#"{"name": "counter", "config": {"counter": {}}}"#;

const OTHER_SETTINGS: &[u8] = br#"{"name": "counter", "config": {"counter": {"start": 1}}}"#;

/// Has `runner` start a shadow of its own code.
fn start_shadow(runner: &mut Runner) -> Result<(), ShadowStartError> {
    let (order, done) = order(runner);
    let mailbox = Arc::clone(&runner.extension.mailbox);
    mailbox.put_command(Command::StartShadow(Box::new(order)));
    assert!(runner.step());
    done.try_recv().unwrap()
}

fn order(runner: &Runner) -> (StartShadow, Receiver<Result<(), ShadowStartError>>) {
    let (plugin, settings) = runner.installed();
    let (done, result) = mpsc::channel();
    let order = StartShadow {
        plugin,
        settings,
        status: ShadowStatusHandle::new("0.1.0".to_owned(), String::new()),
        done,
    };
    (order, result)
}

fn runner(store: Store) -> Runner {
    runner_of("counter", SETTINGS, store)
}

fn runner_of(name: &str, settings: &[u8], store: Store) -> Runner {
    let extension = Arc::new(Extension::new(name));
    let plugin = fixture::load(name);
    Runner::new(Shared::offline(store), extension, settings.into(), plugin).unwrap()
}

/// A runner of an extension that calls a webhook for each condition, but fails on that of code `poison`.
fn follower() -> Runner {
    let settings = br#"{"name": "reporter", "config": {
        "reporter": {"fails_on": "poison", "webhook": "http://127.0.0.1:1/"}
    }}"#;
    runner_of("reporter", settings, Store::in_memory().unwrap())
}

/// Reports that the host has these conditions.
fn report_of_host(runner: &Runner, codes: &[&str]) {
    let shared = &runner.shared;
    let condition = |code: &&str| Condition::new(code, Severity::Info, "text");
    let reported = codes.iter().map(condition).collect();
    shared.conditions.report(reported, &shared.services);
}

fn raised(code: &str) -> Item {
    let payload = format!(r#"{{"code": "{code}"}}"#);
    event(CONDITION_RAISED, &payload.into_bytes().into())
}

fn successor(runner: &Runner) -> (Successor, Receiver<Result<(), SwitchError>>) {
    let (plugin, settings) = runner.installed();
    let (done, result) = mpsc::channel();
    let successor = Successor {
        plugin,
        settings,
        retry: Retry::Yes,
        done,
    };
    (successor, result)
}

/// Has `runner` replace its instance by another of the same code, which is on probation then.
fn swap(runner: &mut Runner) -> Receiver<Result<(), SwitchError>> {
    let (successor, result) = successor(runner);
    let command = Command::Swap(Box::new(successor));
    runner.extension.mailbox.put_command(command);
    assert!(runner.step());
    result
}

fn event(name: &str, payload: &Arc<[u8]>) -> Item {
    Item::Event(Delivery {
        event: Arc::new(Event {
            sequence: 1,
            name: name.into(),
            payload: Arc::clone(payload),
            outbox_id: None,
            latest: false,
        }),
        redelivered: false,
    })
}

#[test]
fn shadow_without_a_readable_store_does_not_start() {
    let (backend, is_broken) = FragileBackend::new(Fault::Read);
    let mut runner = runner(Store::uncached(backend).unwrap());
    assert!(start_shadow(&mut runner).is_ok());
    is_broken.store(true, Ordering::Relaxed);
    let failed = start_shadow(&mut runner).unwrap_err();
    assert!(matches!(failed, ShadowStartError::Store(_)), "{failed}");
}

#[test]
fn shadow_without_a_thread_does_not_start() {
    let runner = runner(Store::in_memory().unwrap());
    let order = order(&runner).0;
    let start = ShadowStart {
        plugin: order.plugin,
        settings: order.settings,
        snapshot: None,
        view: runner.shared.services.store.view().unwrap(),
        status: order.status,
    };
    // No address space has room for such a stack.
    let failed = shadow::start(&runner.shared, "counter", start, usize::MAX / 2).err();
    assert!(
        matches!(failed, Some(ShadowStartError::Thread(_))),
        "{failed:?}"
    );
}

#[test]
fn rollback_restores_what_was_reported_last() {
    let mut runner = runner(Store::in_memory().unwrap());
    let (shared, extension) = (Arc::clone(&runner.shared), Arc::clone(&runner.extension));
    let apply = || {
        let written = shared.committer.write_waiting(&shared.services);
        written.unwrap().apply(&shared.services);
    };
    let codes = || {
        let standing = extension.conditions.get().into_iter();
        let codes: Vec<_> = standing.map(|it| it.condition.code).collect();
        codes.join(" ")
    };
    let epoch = runner.epoch;
    let report = |code: &str| {
        extension.fence.submit(epoch, 0).unwrap();
        let conditions = vec![Condition::new(code, Severity::Info, "text")];
        shared.committer.submit(Job {
            extension: Arc::clone(&extension),
            effects: Box::new(Effects {
                conditions: Some(conditions),
                ..Effects::default()
            }),
            bytes: 0,
        });
    };
    // The old version's last report is still on its way when the new one takes over.
    report("old");
    let _result = swap(&mut runner);
    apply();
    assert_eq!(codes(), "old");
    report("new");
    apply();
    assert_eq!(codes(), "new");
    assert!(runner.roll_back("it failed"));
    assert_eq!(codes(), "old");
}

/// Events are shared while they wait; afterwards the probation alone keeps them.
#[test]
fn large_events_end_a_probation_early() {
    let mut runner = runner(Store::in_memory().unwrap());
    let _result = swap(&mut runner);
    let payload: Arc<[u8]> = vec![b' '; PROBATION_BYTES_MAX / 4].into();
    for is_over in [false, false, false, true] {
        runner.handle(event("large", &payload));
        runner.confirm(Instant::now());
        let is_confirmed = runner.extension.probation().is_none();
        assert_eq!(is_confirmed, is_over);
    }
}

/// The fence is full, so the ticker surely gives up on the version between the end of its handler and the check of its epoch.
#[test]
fn rejected_call_is_not_recorded_as_sent() {
    let mut runner = runner(Store::in_memory().unwrap());
    let _result = swap(&mut runner);
    let extension = Arc::clone(&runner.extension);
    for _ in 0..TRANSACTIONS_IN_FLIGHT_MAX {
        extension.fence.submit(runner.epoch, 0).unwrap();
    }
    let call = HttpCall {
        tag: "pay".to_owned(),
        method: Method::Post,
        url: "http://127.0.0.1:1/".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: 1,
        max_body_bytes: 1,
    };
    let turn = Turn::default();
    let effects = Effects {
        calls: vec![QueuedCall { call, turn }],
        ..Effects::default()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| runner.submit(Some(Box::new(effects))));
        // The handler's call is counted before it waits for room.
        while extension.calls() == 0 {
            std::thread::yield_now();
        }
        let (probation, ..) = extension.give_up().unwrap();
        assert!(probation.into_undo().sent.is_empty());
    });
    assert_eq!(extension.calls(), 0, "the call is not sent");
}

/// The instance that fails is restored, and learns what stands before the rest of the redelivered items.
#[test]
fn redelivery_with_a_new_condition_sends_once() {
    let mut runner = follower();
    let _result = swap(&mut runner);
    for code in ["poison", "known"] {
        runner.handle(raised(code));
    }
    let extension = Arc::clone(&runner.extension);
    assert_eq!(extension.calls(), 1);
    report_of_host(&runner, &["begun"]);
    assert!(runner.roll_back("it failed"));
    while runner.step() {}
    // One of `known`, and those of `begun`: as what stands, and as the event that was waiting.
    assert_eq!(extension.calls(), 1 + 2);
}

#[test]
fn reload_in_a_redelivery_sends_nothing_twice() {
    let mut runner = follower();
    let _result = swap(&mut runner);
    let mut poison = raised("poison");
    if let Item::Event(delivery) = &mut poison {
        Arc::get_mut(&mut delivery.event).unwrap().outbox_id = Some(1);
    }
    runner.handle(poison);
    runner.handle(raised("known"));
    let extension = Arc::clone(&runner.extension);
    assert_eq!(extension.calls(), 1);
    assert!(runner.roll_back("it failed"));
    assert!(runner.step());
    // The durable event on which the old version has failed comes once more, before the rest.
    let _result = swap(&mut runner);
    while runner.step() {}
    assert_eq!(extension.calls(), 1);
}

#[test]
fn redelivery_without_ended_condition_ends_in_time() {
    let mut runner = follower();
    // Before the swap, with which the extension subscribes: the event goes nowhere.
    report_of_host(&runner, &["standing"]);
    let _result = swap(&mut runner);
    // The restored instance learns what stands, and calls its webhook for it.
    runner.handle(raised("poison"));
    while runner.step() {}
    let extension = Arc::clone(&runner.extension);
    assert_eq!(extension.calls(), 1);
    report_of_host(&runner, &[]);
    assert!(runner.roll_back("it failed"));
    while runner.step() {}
    // After the redelivery: an equal call is a new one.
    runner.handle(raised("standing"));
    assert_eq!(extension.calls(), 2);
}

/// As when the operator copies a third version because the second is stuck, and the third fails as well.
#[test]
fn rollback_in_a_redelivery_sends_nothing_twice() {
    let mut runner = follower();
    let _result = swap(&mut runner);
    for code in ["first", "second"] {
        runner.handle(raised(code));
    }
    let extension = Arc::clone(&runner.extension);
    assert_eq!(extension.calls(), 2);
    assert!(runner.roll_back("it failed"));
    let _result = swap(&mut runner);
    // The third version handles both as well, and sends something of its own.
    assert!(runner.step() && runner.step());
    runner.handle(raised("third"));
    assert_eq!(extension.calls(), 3);
    assert!(runner.roll_back("it failed, too"));
    while runner.step() {}
    assert_eq!(extension.calls(), 3);
    runner.handle(raised("first"));
    assert_eq!(extension.calls(), 4, "the redelivery is over");
}

#[test]
fn stuck_version_in_a_redelivery_leaves_it_whole() {
    let mut runner = follower();
    let _result = swap(&mut runner);
    for code in ["first", "second"] {
        runner.handle(raised(code));
    }
    let extension = Arc::clone(&runner.extension);
    assert!(runner.roll_back("it failed"));
    let _result = swap(&mut runner);
    // It handles the first of the two only.
    assert!(runner.step());
    let (probation, epoch, activity) = extension.give_up().unwrap();
    let shared = Arc::clone(&runner.shared);
    let (owner, reason) = (Arc::clone(&extension), "stuck");
    let mut old = Runner::resume_old(shared, owner, (epoch, activity), probation, reason);
    while old.step() {}
    assert_eq!(extension.calls(), 2);
}

/// As when the operator repeats a reload while the switch is under way.
#[test]
fn repeated_switch_leaves_the_probation_as_it_is() {
    let mut runner = runner(Store::in_memory().unwrap());
    let results = [(); 2].map(|()| {
        let (mut successor, result) = successor(&runner);
        successor.settings = OTHER_SETTINGS.into();
        let command = Command::Swap(Box::new(successor));
        runner.extension.mailbox.put_command(command);
        result
    });
    assert!(runner.step() && runner.step());
    for result in results {
        assert_eq!(result.recv(), Ok(Ok(())));
    }
    assert!(runner.roll_back("it failed"));
    assert_eq!(*runner.settings, *SETTINGS);
}

/// The supervisor serves the next config as soon as it knows the outcome.
#[test]
fn switch_is_over_when_its_outcome_is_known() {
    let mut runner = runner(Store::in_memory().unwrap());
    let mailbox = Arc::clone(&runner.extension.mailbox);
    let result = swap(&mut runner);
    assert_eq!(result.recv(), Ok(Ok(())));
    assert!(!mailbox.withdraw_swaps());
    runner.confirm(Instant::now() + PROBATION);
    let (successor, result) = successor(&runner);
    mailbox.put_command(Command::Swap(Box::new(successor)));
    let Some(Taken::Command(Command::Swap(successor))) = mailbox.try_take() else {
        panic!("no switch is due");
    };
    assert!(runner.keep_instance(&successor, &Arc::default()));
    assert!(mailbox.withdraw_swaps(), "its `new` runs");
    assert!(runner.roll_back("stuck"));
    assert!(result.recv().unwrap().is_err());
    assert!(!mailbox.withdraw_swaps());
}

/// A durable event on which the follower fails.
fn durable_poison() -> Item {
    let Item::Event(mut poison) = raised("poison") else {
        panic!("not an event");
    };
    Arc::get_mut(&mut poison.event).unwrap().outbox_id = Some(1);
    Item::Event(poison)
}

/// The old version gets it at once: a later version must not have it again.
#[test]
fn event_that_ended_a_probation_is_redelivered_once() {
    let mut runner = follower();
    let extension = Arc::clone(&runner.extension);
    let _result = swap(&mut runner);
    while extension.probation().is_some_and(|it| it.is_some()) {
        runner.handle(durable_poison());
    }
    assert_eq!(
        runner.unhandled.len(),
        0,
        "all of them wait for the old version"
    );
}

#[test]
fn failed_switch_keeps_events_for_the_next_one() {
    let mut runner = follower();
    runner.handle(durable_poison());
    let (mut invalid, result) = successor(&runner);
    invalid.settings = b"{}"[..].into();
    runner.swap(invalid);
    assert!(result.recv().unwrap().is_err());
    // The next one's `new` does not return.
    assert!(runner.keep_instance(&successor(&runner).0, &Arc::default()));
    let extension = Arc::clone(&runner.extension);
    let (probation, epoch, activity) = extension.give_up().unwrap();
    let shared = Arc::clone(&runner.shared);
    let (owner, reason) = (Arc::clone(&extension), "stuck");
    let mut old = Runner::resume_old(shared, owner, (epoch, activity), probation, reason);
    assert!(extension.mailbox.is_empty());
    let result = swap(&mut old);
    assert_eq!(result.recv(), Ok(Ok(())));
    assert_eq!(extension.mailbox.len(), 1, "it is redelivered");
}

/// As when `new` of the successor does not return.
#[test]
fn rollback_within_a_switch_is_remembered() {
    let mut runner = runner(Store::in_memory().unwrap());
    let extension = Arc::clone(&runner.extension);
    for is_awaited in [true, false] {
        let (successor, result) = successor(&runner);
        let result = is_awaited.then_some(result);
        assert!(runner.keep_instance(&successor, &Arc::default()));
        assert!(runner.roll_back("stuck"));
        if let Some(result) = result {
            let failed = SwitchError::RolledBack("stuck".to_owned());
            assert_eq!(result.recv(), Ok(Err(failed)));
        }
        let hash = &successor.plugin.hash;
        assert!(extension.rolled_back(hash, SETTINGS).is_some());
        // Who waits for the switch reports its end; of a late one nobody else does.
        let rejected = extension.troubles(Instant::now()).rejected;
        assert_eq!(rejected.is_none(), is_awaited);
    }
}

/// As when a config came, or the operator asked for the version, while the switch to it was under way.
#[test]
fn rolled_back_version_is_retried_on_request() {
    let mut runner = runner(Store::in_memory().unwrap());
    assert!(runner.keep_instance(&successor(&runner).0, &Arc::default()));
    assert!(runner.roll_back("stuck"));
    for retry in [Retry::No, Retry::Yes] {
        let (mut successor, result) = successor(&runner);
        successor.retry = retry;
        runner.swap(successor);
        let outcome = result.recv().unwrap();
        let is_refused = matches!(outcome, Err(SwitchError::NotRetried(_)));
        assert_eq!(is_refused, retry == Retry::No, "{outcome:?}");
        assert_eq!(outcome.is_ok(), retry == Retry::Yes, "{outcome:?}");
    }
}

/// Its handler or destructor may still run when it is left behind.
#[test]
fn removed_extension_that_rolls_back_stays_removed() {
    let mut runner = runner(Store::in_memory().unwrap());
    let _result = swap(&mut runner);
    let shared = Arc::clone(&runner.shared);
    let bus = &shared.services.bus;
    assert_eq!(bus.extensions().len(), 1);
    bus.remove(&runner.extension);
    assert!(runner.roll_back("it failed"));
    assert_eq!(bus.extensions().len(), 0);
}
