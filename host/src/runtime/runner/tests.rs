//! Shadows that do not start, and what a rollback restores.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver};

use tig_plugin_api::{Condition, Severity};

use super::Runner;
use crate::observe::shadow_status::ShadowStatusHandle;
use crate::plugin::fixture;
use crate::runtime::command::{Command, StartShadow, Successor};
use crate::runtime::committer::Job;
use crate::runtime::effects::Effects;
use crate::runtime::extension::Extension;
use crate::runtime::failure::ShadowStartError;
use crate::runtime::shadow::{self, ShadowStart};
use crate::runtime::shared::Shared;
use crate::store::Store;
use crate::store::fragile::{Fault, FragileBackend};

const SETTINGS: &[u8] = br#"{"name": "counter", "config": {"counter": {}}}"#;

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
    let extension = Arc::new(Extension::new("counter"));
    let plugin = fixture::load("counter");
    Runner::new(Shared::offline(store), extension, SETTINGS.into(), plugin).unwrap()
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
    let (plugin, settings) = runner.installed();
    let (done, _result) = mpsc::channel();
    let successor = Successor {
        plugin,
        settings,
        done,
    };
    let command = Command::Swap(Box::new(successor));
    extension.mailbox.put_command(command);
    assert!(runner.step());
    apply();
    assert_eq!(codes(), "old");
    report("new");
    apply();
    assert_eq!(codes(), "new");
    assert!(runner.roll_back("it failed"));
    assert_eq!(codes(), "old");
}
