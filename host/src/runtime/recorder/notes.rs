//! What a runner notes of the present call, until its outcome is known.

use std::sync::Arc;

use tig_plugin_api::HttpReply;
use tig_recording::record::Undo;
use tig_recording::record::parts::{self, CreateHead};
use tig_recording::{
    Checkpoint, Outcome, PluginId, Question, Record, RecordError, Restored, Switch,
};
use tracing::error;

use super::Recorder;
use super::tape::{Room, Tape};
use super::trace::Trace;
use crate::plugin::Plugin;
use crate::runtime::extension::Extension;
use crate::store::{View, Writes};

/// The runner of an extension as the recorder sees it.
pub(crate) struct Notes {
    recorder: Arc<Recorder>,
    extension: Arc<Extension>,
    /// Epoch of the runner: nothing is recorded of one that was replaced.
    epoch: u64,
    tape: Arc<Tape>,
    /// The generation in which the runner records; `None` if it does not.
    generation: Option<u64>,
    /// Time of the present call.
    at_ms: u64,
    /// Question of the present call, encoded.
    question: Vec<u8>,
    trace: Trace,
    /// Reply of the present call, encoded.
    reply: Option<Vec<u8>>,
    /// A call was made whose outcome is not recorded.
    is_pending: bool,
}

impl Notes {
    /// Notes of a runner of `extension`, which does not record yet.
    #[must_use]
    pub(crate) fn new(recorder: &Arc<Recorder>, extension: &Arc<Extension>, epoch: u64) -> Self {
        Self {
            recorder: Arc::clone(recorder),
            extension: Arc::clone(extension),
            epoch,
            tape: recorder.tape(&extension.name),
            generation: None,
            at_ms: 0,
            question: Vec::new(),
            trace: Trace::default(),
            reply: None,
            is_pending: false,
        }
    }

    /// Whether calls are recorded.
    #[must_use]
    pub(crate) fn is_on(&self) -> bool {
        self.generation.is_some()
    }

    /// Follows the recorder; the generation that the extension must begin in, if there is one.
    pub(crate) fn follow(&mut self) -> Option<u64> {
        let generation = self.recorder.generation();
        if generation == self.generation {
            return None;
        }
        self.is_pending = false;
        self.generation = generation;
        // An earlier runner of the extension may have begun already.
        generation.filter(|generation| self.tape.generation() != *generation)
    }

    /// Begins in `generation` with the storage as it is in `view`.
    pub(crate) fn begin(&self, generation: u64, view: View, at_ms: u64) {
        self.tape.begin(generation, view, at_ms);
    }

    /// Does not record before the next generation.
    pub(crate) fn give_up(&mut self, reason: String) {
        self.recorder.fail(reason);
        self.generation = None;
    }

    /// Notes a call before it is made; its trace goes into the transaction.
    #[must_use]
    pub(crate) fn begin_call(&mut self, at_ms: u64, question: &Question<'_>) -> Trace {
        self.at_ms = at_ms;
        self.question.clear();
        // Texts and bytes always have such a form.
        self.is_pending = parts::encode_question(&mut self.question, question).is_ok();
        self.reply = None;
        self.take_trace()
    }

    /// An empty trace.
    #[must_use]
    pub(crate) fn take_trace(&mut self) -> Trace {
        let mut trace = std::mem::take(&mut self.trace);
        trace.clear();
        trace
    }

    /// Notes what the call has asked for.
    pub(crate) fn end_call(&mut self, trace: Trace) {
        self.trace = trace;
    }

    /// Notes the reply of the call.
    pub(crate) fn set_reply(&mut self, reply: &HttpReply) {
        if self.is_pending {
            let reply = reply.encode().ok();
            self.reply = reply.map(|reply| self.trace.cover(&reply).into_owned());
        }
    }

    /// Drops the call: it has come too late to count.
    pub(crate) fn drop_call(&mut self) {
        self.is_pending = false;
    }

    /// Records the call as a success, if there is one whose outcome is not recorded.
    pub(crate) fn record_success(&mut self) {
        let reply = self.reply.take();
        let outcome = reply.map_or(Outcome::Done, |reply| Outcome::Replied(reply.into()));
        self.record_outcome(&outcome);
    }

    /// Records the call with this outcome, if there is one whose outcome is not recorded.
    pub(crate) fn record_outcome(&mut self, outcome: &Outcome<'_>) {
        if !std::mem::take(&mut self.is_pending) {
            return;
        }
        let (question, steps) = (&self.question, self.trace.steps());
        let written = self.write(self.at_ms, |records| {
            parts::append_call(records, self.at_ms, question, outcome, steps)
        });
        self.take_note(written);
    }

    /// Records a new instance.
    pub(crate) fn record_create(&mut self, head: &CreateHead<'_>, trace: Trace) {
        let written = self.write(head.at_ms, |records| {
            parts::append_create(records, head, trace.steps())
        });
        self.trace = trace;
        self.take_note(written);
    }

    /// Records the instance that runs.
    pub(crate) fn record_checkpoint(
        &mut self,
        at_ms: u64,
        (plugin, settings): (&Plugin, &[u8]),
        (snapshot, on_probation): (Option<&[u8]>, bool),
    ) {
        let record = Record::Checkpoint(Checkpoint {
            at_ms,
            plugin: plugin_id(plugin),
            settings: settings.into(),
            snapshot: snapshot.map(Into::into),
            on_probation,
        });
        self.append(at_ms, &record);
        self.tape.note_state();
    }

    /// Records that the instance was asked for its state.
    pub(crate) fn record_snapshot(&mut self, at_ms: u64, state: Option<&[u8]>) {
        let mask = self.recorder.mask();
        let digest = state.zip(mask).map(|(state, mask)| mask.digest(state));
        self.append(at_ms, &Record::Snapshot { at_ms, digest });
    }

    /// Records a rollback, with the writes that undo those of the version that is rolled back.
    pub(crate) fn record_restored(&mut self, at_ms: u64, writes: &Writes) {
        let undo = |(key, value): (&'_ String, &Option<Arc<[u8]>>)| Undo {
            key: key.clone().into(),
            value: value.as_ref().map(|value| value.to_vec().into()),
        };
        let writes = writes.iter().map(undo).collect();
        let record = Record::Restored(Restored { at_ms, writes });
        self.append(at_ms, &record);
    }

    /// Records that the version on probation has proved itself.
    pub(crate) fn record_confirmed(&mut self, at_ms: u64) {
        self.append(at_ms, &Record::Confirmed { at_ms });
    }

    /// Records that the instance has ended.
    pub(crate) fn record_stop(&mut self, at_ms: u64) {
        self.append(at_ms, &Record::Stopped { at_ms });
    }

    fn append(&mut self, at_ms: u64, record: &Record<'_>) {
        if !self.is_on() {
            return;
        }
        let written = self.write(at_ms, |records| record.append_to(records));
        self.take_note(written);
    }

    /// Appends a record, unless the runner was replaced.
    fn write(
        &self,
        at_ms: u64,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), RecordError>,
    ) -> Result<Room, RecordError> {
        let is_present = || self.extension.fence.is_current(self.epoch);
        self.tape.append(at_ms, is_present, write)
    }

    fn take_note(&mut self, written: Result<Room, RecordError>) {
        match written {
            Ok(Room::Left) => {}
            Ok(Room::Due) => self.recorder.notify(),
            Ok(Room::Full) => {
                self.give_up("the file cannot be written as fast as events come".to_owned())
            }
            Err(error) => {
                error!("a call cannot be recorded: {error}");
                self.give_up(error.to_string());
            }
        }
    }
}

/// The file of a plugin as recordings name it.
#[must_use]
pub(crate) fn plugin_id(plugin: &Plugin) -> PluginId<'_> {
    PluginId {
        name: (&*plugin.manifest.name).into(),
        version: (&*plugin.manifest.version).into(),
        hash: (&*plugin.hash).into(),
    }
}

/// The head of a record of a new instance.
#[must_use]
pub(crate) fn create_head<'a>(
    at_ms: u64,
    (plugin, settings): (&'a Plugin, &'a [u8]),
    snapshot: Option<&'a [u8]>,
    switch: Switch,
    outcome: Outcome<'a>,
) -> CreateHead<'a> {
    CreateHead {
        at_ms,
        plugin: plugin_id(plugin),
        settings,
        snapshot,
        switch,
        outcome,
    }
}
