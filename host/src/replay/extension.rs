//! Repeats the calls of one extension, and compares what they ask for with what is recorded.

use abi_stable::std_types::{ROption, RResult};
use tig_plugin_api::abi::InstanceBox;
use tig_recording::{
    Call, Checkpoint, Create, Mask, Outcome, PluginId, Record, Restored, Step, Switch,
};

use super::call::{Answers, ReplayCall};
use super::instance::{Done, ask, create, name_question};
use super::plugins::Plugins;
use super::report::Report;
use super::report::compared::{Compared, Decision};
use super::report::sides::Side;
use super::storage::Storage;
use super::window::Window;
use crate::plugin::Plugin;

/// What a replay has at hand.
pub(super) struct Tools<'a> {
    pub(super) plugins: &'a mut Plugins,
    pub(super) mask: &'a Mask,
    pub(super) report: &'a mut Report,
    pub(super) window: Window,
}

/// An instance, and what it was created from.
struct Running {
    plugin: Plugin,
    /// JSON.
    settings: Vec<u8>,
    /// `None` if it has failed and could not be created again.
    instance: Option<InstanceBox>,
}

/// The version from before a switch.
enum Predecessor {
    /// The present version has proved itself, or there was none.
    None,
    /// It waits until the present version has proved itself.
    Waiting(Running),
    /// It waits, but it was created before the recording began.
    Unknown,
}

/// An extension as far as its recording has been replayed.
pub(super) struct ReplayedExtension {
    name: String,
    storage: Storage,
    running: Option<Running>,
    /// What a rollback would go on with.
    predecessor: Predecessor,
    /// State that the instance was asked for last.
    snapshot: Option<Vec<u8>>,
    /// Whether what follows can be replayed: its begin was read, and nothing since is lost.
    is_whole: bool,
    /// The storage of the next file's begin, to be compared with what the replay has.
    expected: Option<Storage>,
    /// Number of calls so far.
    calls: u64,
    /// Calls that were not replayed since the begin.
    skipped: u64,
    /// Why there is no plugin; said once.
    has_no_plugin: bool,
}

impl ReplayedExtension {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            storage: Storage::default(),
            running: None,
            predecessor: Predecessor::None,
            snapshot: None,
            is_whole: false,
            expected: None,
            calls: 0,
            skipped: 0,
            has_no_plugin: false,
        }
    }

    /// Calls that were not replayed.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// What follows does not follow from what was replayed: a part is lost, or the host was started again.
    pub(super) fn interrupt(&mut self) {
        self.is_whole = false;
        self.running = None;
        self.predecessor = Predecessor::None;
        self.expected = None;
    }

    /// Whether there is no plugin for it, so that nothing of it is replayed.
    pub(super) fn has_no_plugin(&self) -> bool {
        self.has_no_plugin
    }

    /// Repeats what `record` says.
    pub(super) fn replay(&mut self, record: Record<'_>, tools: &mut Tools<'_>) {
        if !matches!(record, Record::Stored(_)) {
            self.compare_storage(tools);
        }
        match record {
            Record::Begin(_) if self.is_whole => self.expected = Some(Storage::default()),
            Record::Begin(_) => {
                self.interrupt();
                self.storage = Storage::default();
                self.is_whole = true;
            }
            Record::Stored(stored) => {
                let storage = self.expected.as_mut().unwrap_or(&mut self.storage);
                storage.write(stored.key.into_owned(), Some(stored.value.into_owned()));
            }
            Record::Checkpoint(checkpoint) => self.replay_checkpoint(&checkpoint, tools),
            Record::Create(create) => self.replay_create(&create, tools),
            Record::Call(call) => self.replay_call(&call, tools),
            Record::Snapshot { at_ms, digest } => self.replay_snapshot(at_ms, digest, tools),
            Record::Restored(restored) => self.replay_rollback(restored, tools),
            Record::Confirmed { .. } => self.predecessor = Predecessor::None,
            Record::Stopped { .. } => {
                // Its storage stays as it is until it is added again.
                self.running = None;
                self.predecessor = Predecessor::None;
            }
        }
    }

    /// Compares the storage with that of the file that has begun, if its values have all been read.
    fn compare_storage(&mut self, tools: &mut Tools<'_>) {
        let Some(expected) = self.expected.take() else {
            return;
        };
        let differing = self
            .storage
            .differing_key(&expected, |value| tools.mask.cover(value));
        if let Some(key) = differing {
            let name = &self.name;
            tools.report.add_skipped(&format!(
                "{name}: the stored value of `{key}` is not the recorded one where a new part begins; the replay goes on with its own"
            ));
        }
    }

    fn find_plugin(&mut self, recorded: &PluginId<'_>, tools: &mut Tools<'_>) -> Option<Plugin> {
        tools
            .report
            .add_plugin(&self.name, Side::Recorded, recorded);
        match tools.plugins.find(&self.name, recorded) {
            Ok(found) => {
                if let Some(remark) = found.remark {
                    tools.report.add_skipped(&remark);
                }
                let id = crate::runtime::recorder::plugin_id(&found.plugin);
                tools.report.add_plugin(&self.name, Side::Replayed, &id);
                Some(found.plugin)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.has_no_plugin, true) {
                    let name = &self.name;
                    tools.report.add_skipped(&format!("{name}: {error}"));
                }
                None
            }
        }
    }

    fn replay_checkpoint(&mut self, checkpoint: &Checkpoint<'_>, tools: &mut Tools<'_>) {
        if !self.is_whole || self.running.is_some() {
            // The instance of the part before goes on.
            return;
        }
        let Some(plugin) = self.find_plugin(&checkpoint.plugin, tools) else {
            return self.interrupt();
        };
        let settings = checkpoint.settings.to_vec();
        let at_ms = checkpoint.at_ms;
        let create = |snapshot: Option<&[u8]>| {
            // Its effects are dropped: the recorded instance was created long before.
            let (created, _) = create(
                &self.storage,
                (&plugin, &settings),
                snapshot,
                (at_ms, 0),
                &[],
            );
            created
        };
        let state = checkpoint.snapshot.as_deref();
        let created = create(state).or_else(|failure| {
            let (name, reason) = (&self.name, failure.text);
            tools.report.add_skipped(&format!(
                "{name}: it cannot take over the recorded state, and begins from its storage: {reason}"
            ));
            create(None)
        });
        match created {
            Ok(instance) => {
                self.running = Some(Running {
                    plugin,
                    settings,
                    instance: Some(instance),
                });
                if checkpoint.on_probation {
                    self.predecessor = Predecessor::Unknown;
                }
            }
            Err(failure) => {
                let (name, reason) = (&self.name, failure.text);
                tools.report.add_skipped(&format!("{name}: {reason}"));
                self.interrupt();
            }
        }
    }

    fn replay_create(&mut self, create_record: &Create<'_>, tools: &mut Tools<'_>) {
        if !self.is_whole {
            return;
        }
        self.calls += 1;
        let Some(plugin) = self.find_plugin(&create_record.plugin, tools) else {
            return self.interrupt();
        };
        let settings = create_record.settings.to_vec();
        if create_record.switch == Switch::Restart {
            self.running = None;
        }
        // The state of the replayed instance; the recorded one has no secrets any more.
        let own = self.snapshot.take();
        let state = create_record.snapshot.as_deref();
        let state = state.map(|recorded| own.as_deref().unwrap_or(recorded));
        let moment = (create_record.at_ms, self.calls);
        let (created, call) = create(
            &self.storage,
            (&plugin, &settings),
            state,
            moment,
            &create_record.steps,
        );
        let outcome = match &created {
            Ok(_) => Outcome::Done,
            Err(failure) if failure.panicked => Outcome::Panicked(failure.text.to_string().into()),
            Err(failure) => Outcome::Failed(failure.text.to_string().into()),
        };
        let done = Done {
            outcome,
            steps: call.0,
            is_lost: false,
        };
        let recorded = (&create_record.outcome, &*create_record.steps);
        self.compare(create_record.at_ms, "new", recorded, done, tools);
        if !create_record.outcome.is_success() {
            return;
        }
        let instance = match created {
            Ok(instance) => {
                self.storage.apply(call.1);
                Some(instance)
            }
            // The instance before goes on, as it would in a host.
            Err(_) if self.running.is_some() => return,
            Err(_) => None,
        };
        let running = Running {
            plugin,
            settings,
            instance,
        };
        let before = self.running.replace(running);
        if create_record.switch == Switch::Probation {
            self.predecessor = before.map_or(Predecessor::None, Predecessor::Waiting);
        }
    }

    fn replay_call(&mut self, call: &Call<'_>, tools: &mut Tools<'_>) {
        if !self.is_whole || self.running.is_none() {
            self.skipped += 1;
            return;
        }
        self.calls += 1;
        let answers = Answers::from_steps(&call.steps);
        let mut replay = ReplayCall::begin(&self.storage, answers, call.at_ms, self.calls);
        let running = self.running.as_mut();
        let done = match running.and_then(|running| running.instance.as_mut()) {
            Some(instance) => ask(instance, &mut replay, &call.question),
            None => Done {
                outcome: Outcome::Failed("the replayed extension has no instance".into()),
                steps: Vec::new(),
                is_lost: false,
            },
        };
        let writes = std::mem::take(&mut replay.writes);
        if done.outcome.is_success() {
            self.storage.apply(writes);
        }
        let must_restore = done.is_lost && !is_lost(call);
        let what = name_question(&call.question);
        self.compare(call.at_ms, &what, (&call.outcome, &call.steps), done, tools);
        if must_restore {
            self.restore(call.at_ms, tools);
        }
    }

    /// Creates the instance from its storage, as the host does after a failure that the recording does not have.
    fn restore(&mut self, at_ms: u64, tools: &mut Tools<'_>) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.instance = None;
        let code = (&running.plugin, &*running.settings);
        let moment = (at_ms, self.calls);
        let (created, call) = create(&self.storage, code, None, moment, &[]);
        match created {
            Ok(instance) => {
                running.instance = Some(instance);
                self.storage.apply(call.1);
            }
            Err(failure) => {
                let (name, reason) = (&self.name, failure.text);
                tools
                    .report
                    .add_skipped(&format!("{name}: it cannot be restored: {reason}"));
            }
        }
    }

    fn replay_snapshot(&mut self, at_ms: u64, recorded: Option<[u8; 16]>, tools: &mut Tools<'_>) {
        let running = self.running.as_mut().filter(|_| self.is_whole);
        let Some(instance) = running.and_then(|running| running.instance.as_mut()) else {
            return;
        };
        let state = match instance.snapshot() {
            RResult::ROk(ROption::RSome(state)) => Some(state.into_vec()),
            _ => None,
        };
        let digest = state.as_deref().map(|state| tools.mask.digest(state));
        self.calls += 1;
        let shown = |digest: Option<[u8; 16]>| match digest {
            Some(digest) => Outcome::Replied(digest.to_vec().into()),
            None => Outcome::Done,
        };
        // A candidate may well keep another state: only its decisions count.
        if !tools.plugins.is_candidate(&self.name) && digest != recorded {
            let done = Done {
                outcome: shown(digest),
                steps: Vec::new(),
                is_lost: false,
            };
            self.compare(at_ms, "snapshot", (&shown(recorded), &[]), done, tools);
        }
        self.snapshot = state;
    }

    fn replay_rollback(&mut self, restored: Restored<'_>, tools: &mut Tools<'_>) {
        for undo in restored.writes {
            let value = undo.value.map(std::borrow::Cow::into_owned);
            self.storage.write(undo.key.into_owned(), value);
        }
        match std::mem::replace(&mut self.predecessor, Predecessor::None) {
            // The new version has never come to be.
            Predecessor::None => {}
            Predecessor::Waiting(predecessor) => self.running = Some(predecessor),
            Predecessor::Unknown => {
                let name = &self.name;
                tools.report.add_skipped(&format!(
                    "{name}: it was rolled back to a version from before the recording; what follows is replayed from the next begin of its recording on"
                ));
                self.interrupt();
            }
        }
    }

    fn compare(
        &self,
        at_ms: u64,
        what: &str,
        (outcome, steps): (&Outcome<'_>, &[Step<'_>]),
        mut done: Done,
        tools: &mut Tools<'_>,
    ) {
        if !tools.window.contains(at_ms) {
            return;
        }
        done.cover(tools.mask);
        tools.report.add(&Compared {
            extension: &self.name,
            at_ms,
            number: self.calls,
            what,
            recorded: Decision { outcome, steps },
            replayed: Decision {
                outcome: &done.outcome,
                steps: &done.steps,
            },
        });
    }
}

/// Whether the recorded instance was not used again after `call`.
fn is_lost(call: &Call<'_>) -> bool {
    match call.outcome {
        Outcome::Done | Outcome::Replied(_) => false,
        Outcome::Failed(_) => call
            .steps
            .iter()
            .any(|step| matches!(step, Step::Asked { .. })),
        Outcome::Panicked(_) => true,
    }
}
