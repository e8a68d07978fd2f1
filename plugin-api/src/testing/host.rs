//! The harness's host: storage in memory, a clock that stands still, numbers that repeat.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::commands::Commands;
use super::events::EmittedEvent;
use super::keys::TestKey;
use super::random::Random;
use super::refusals::Refusals;
use super::sockets::Sockets;
use crate::abi::{Host, event};
use crate::frame::{self, EventKind, HostAnswer, HostCall, LogLevel, MetricKind};
use crate::{
    Condition, Context, HttpCall, LogLine, Result, Sample, Settings, TAG_BYTES_MAX, Ticket, Turn,
    bail,
};
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};

/// First moment of the harness's clock, in milliseconds since the Unix epoch.
const START_MS: u64 = 1_700_000_000_000;

#[derive(Default)]
pub(super) struct TestHost {
    pub(super) stored: BTreeMap<String, Vec<u8>>,
    /// What the current handler has overwritten, so that it costs no copy of all that is stored.
    undo: Vec<(String, Option<Vec<u8>>)>,
    pub(super) emitted: Vec<EmittedEvent>,
    pub(super) calls: Vec<HttpCall>,
    /// How each of them waits.
    pub(super) turns: Vec<Turn>,
    pub(super) logs: Vec<(LogLevel, LogLine)>,
    pub(super) now_ms: u64,
    pub(super) random: Random,
    pub(super) woken: u64,
    pub(super) unfinished: u64,
    pub(super) metrics: BTreeMap<(String, Vec<(String, String)>), f64>,
    /// Unix milliseconds by tag.
    pub(super) timers: BTreeMap<String, u64>,
    pub(super) sockets: Sockets,
    pub(super) commands: Commands,
    /// By name.
    pub(super) keys: BTreeMap<String, TestKey>,
    /// What the running handler has measured.
    measured: Vec<(MetricKind, String, Sample)>,
    /// What the running handler has reported of the extension's state.
    conditions_asked: Option<Vec<Condition>>,
    /// What the extension has reported of its state.
    pub(super) conditions: Vec<Condition>,
    /// The handler has asked for effects.
    has_asked: bool,
    /// The last handler has succeeded and its effects were not stored.
    pub(super) has_lost_commit: bool,
    pub(super) refusals: Refusals,
}

impl TestHost {
    pub(super) fn new() -> Self {
        Self {
            now_ms: START_MS,
            ..Self::default()
        }
    }

    /// Runs a handler and keeps its effects only if it succeeds.
    pub(super) fn transaction<T>(
        &mut self,
        settings: &Settings,
        handler: impl FnOnce(&mut Context<'_>) -> Result<T>,
    ) -> Result<T> {
        self.transaction_of(Ticket::NONE, settings, handler)
    }

    /// Like [`TestHost::transaction`], for the handler of a command.
    pub(super) fn transaction_of<T>(
        &mut self,
        ticket: Ticket,
        settings: &Settings,
        handler: impl FnOnce(&mut Context<'_>) -> Result<T>,
    ) -> Result<T> {
        self.undo.clear();
        let (emitted, calls) = (self.emitted.len(), self.calls.len());
        let (woken, unfinished) = (self.woken, self.unfinished);
        let random = self.random;
        self.measured.clear();
        self.conditions_asked = None;
        self.has_asked = false;
        self.has_lost_commit = false;
        let timers = self.timers.clone();
        let (sockets, commands) = (self.sockets.mark(), self.commands.mark());
        let handled = handler(&mut Context::new(self, settings).for_command(ticket));
        let result = handled.and_then(|handled| {
            let committed = self.refusals.check_commit();
            self.has_lost_commit = committed.is_err();
            committed.map(|()| handled)
        });
        if result.is_err() {
            self.timers = timers;
            self.sockets.undo(sockets);
            self.commands.undo(commands);
            for (key, before) in std::mem::take(&mut self.undo).into_iter().rev() {
                self.write(&key, before);
            }
            self.emitted.truncate(emitted);
            self.calls.truncate(calls);
            self.turns.truncate(calls);
            (self.woken, self.unfinished) = (woken, unfinished);
            // So that a run in which a handler has failed can be compared with one in which it was never called.
            self.random = random;
        } else {
            self.keep_measured();
            if let Some(conditions) = self.conditions_asked.take() {
                self.conditions = conditions;
            }
        }
        result
    }

    /// Forgets what a host that is killed forgets.
    pub(super) fn forget(&mut self) {
        self.timers.clear();
        self.calls.clear();
        self.turns.clear();
        self.sockets = Sockets::default();
    }

    /// Takes over from `other` what happened outside the extension, to which a handler was called that has failed.
    pub(super) fn see_what_happened(&mut self, other: &Self) {
        self.calls.clone_from(&other.calls);
        self.turns.clone_from(&other.turns);
        self.timers.clone_from(&other.timers);
        self.now_ms = other.now_ms;
        self.commands.calls = other.commands.calls;
        self.sockets.see_what_ended(&other.sockets);
    }

    /// Whether the last handler has asked for effects, granted or not.
    pub(super) fn has_asked(&self) -> bool {
        self.has_asked
    }

    fn answer(&mut self, call: HostCall<'_>) -> Result<HostAnswer<'_>> {
        // An instance whose report is dropped would not repeat it, so it is restored as after an effect.
        self.has_asked |= call.is_effect() || matches!(call, HostCall::Conditions(_));
        self.refusals.check(&call)?;
        match call {
            HostCall::Emit {
                name,
                payload,
                kind,
            } => self.emit(name, payload, kind)?,
            HostCall::Get(key) => {
                let value = self.stored.get(key);
                let value = value.map(|value| Cow::Borrowed(value.as_slice()));
                return Ok(HostAnswer::Value(value));
            }
            HostCall::Write(key, value) => {
                let before = self.write(key, value.map(<[u8]>::to_vec));
                self.undo.push((key.to_owned(), before));
            }
            HostCall::Scan(prefix) => return Ok(HostAnswer::Entries(self.scan(prefix))),
            HostCall::Http { call, turn, .. } => {
                self.calls.push(*call);
                self.turns.push(turn);
            }
            HostCall::Log(level, line) => {
                self.logs.push((level, line));
            }
            HostCall::Now => return Ok(HostAnswer::Number(self.now_ms)),
            HostCall::Random => return Ok(HostAnswer::Number(self.random.next_u64())),
            HostCall::Wake(count) => self.woken += count,
            HostCall::Unfinished(count) => self.unfinished = count,
            HostCall::Measure(kind, name, sample) => {
                self.measured.push((kind, name.to_owned(), sample));
            }
            HostCall::Conditions(conditions) => self.conditions_asked = Some(conditions),
            HostCall::At(tag, unix_ms) => {
                check_tag(tag)?;
                self.timers.insert(tag.to_owned(), unix_ms);
            }
            HostCall::Cancel(tag) => {
                self.timers.remove(tag);
            }
            HostCall::PublicKey(key) => {
                return Ok(HostAnswer::Bytes(self.key(key)?.public_key.clone()));
            }
            HostCall::Sign(key, bytes) => {
                return Ok(HostAnswer::Bytes((self.key(key)?.sign)(bytes)));
            }
            HostCall::WsOpen(open) => {
                check_tag(&open.tag)?;
                self.sockets.open(*open)?;
            }
            HostCall::WsSend { tag, text, frame } => self.sockets.send(tag, text, frame)?,
            HostCall::WsClose(tag, close) => self.sockets.close(tag, close)?,
            HostCall::Progress(ticket, text) => self.commands.show(ticket, text),
            HostCall::Finish(finish, value) => self.commands.finish(finish, value)?,
        }
        Ok(HostAnswer::Done)
    }

    fn emit(&mut self, name: &str, payload: &[u8], kind: EventKind) -> Result<()> {
        if name == event::HTTP_RESPONSE || name.starts_with(event::RESERVED) {
            bail!("`{name}` comes from the host only");
        }
        self.emitted.push(EmittedEvent {
            name: name.to_owned(),
            kind,
            arguments: serde_json::from_slice(payload)?,
        });
        Ok(())
    }

    fn key(&self, name: &str) -> Result<&TestKey> {
        match self.keys.get(name) {
            Some(key) => Ok(key),
            None => bail!("no key `{name}`; start the harness with it"),
        }
    }

    /// Returns what was there before.
    fn write(&mut self, key: &str, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
        match value {
            Some(value) => self.stored.insert(key.to_owned(), value),
            None => self.stored.remove(key),
        }
    }

    /// Lets what a handler has measured count.
    fn keep_measured(&mut self) {
        for (kind, name, sample) in std::mem::take(&mut self.measured) {
            let value = self.metrics.entry((name, sample.labels)).or_default();
            match kind {
                MetricKind::Counter => *value += sample.value,
                MetricKind::Gauge => *value = sample.value,
            }
        }
    }

    fn scan(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let from_prefix = self.stored.range(prefix.to_owned()..);
        from_prefix
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

fn check_tag(tag: &str) -> Result<()> {
    let length = tag.len();
    if length > TAG_BYTES_MAX {
        bail!("a tag of {length} bytes is longer than {TAG_BYTES_MAX}");
    }
    Ok(())
}

impl Host for TestHost {
    fn call(
        &mut self,
        service: u32,
        name: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, RString> {
        frame::answer_call((service, name, body), |call| self.answer(call))
    }
}
