//! One call into an extension: reads go to the store, effects are held back until the call has returned `Ok`.

mod service_calls;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;

use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use serde::de::IgnoredAny;
use tig_plugin_api::Sample;
use tig_plugin_api::abi::Host;
use tig_plugin_api::frame::{self, HostAnswer, HostCall};

use crate::limits::CALLS_IN_FLIGHT_MAX;
use crate::observe::meters::{self, Reading};
use crate::runtime::effects::Effects;
use crate::runtime::event::{Kind, is_reserved};
use crate::runtime::extension::Extension;
use crate::runtime::host_call_error::{
    EFFECT_BYTES_MAX, HANDLER_EVENTS_MAX, HostCallError, KEY_BYTES_MAX, READINGS_MAX,
};
use crate::runtime::log_line;
use crate::runtime::outbound::QueuedCall;
use crate::runtime::pending_writes::{Overlay, merge};
use crate::runtime::recorder::Trace;
use crate::runtime::services::Services;
use crate::store::StoreError;

pub(crate) struct Transaction<'a> {
    services: &'a Services,
    extension: &'a Extension,
    /// Writes of earlier transactions in flight.
    overlay: &'a Overlay,
    /// Name of the handled item, for the log.
    event: Option<&'a str>,
    /// Bytes of the effects.
    effect_bytes: usize,
    /// Effects, in the order in which they were asked for.
    effects: Effects,
    /// Whether an extension had no room for an event.
    was_full: bool,
    /// Whether the handler has asked for effects, granted or not.
    has_asked: bool,
    /// Tags of the connections that the handler has asked to open.
    opened: HashSet<String>,
    /// Number of timers that the handler has set.
    timers: usize,
    /// Number of things that the handler has said of commands.
    reports: usize,
    /// Whether the item was handled before, by a version that was rolled back.
    is_redelivery: bool,
    /// Times and random numbers that the handler got, if they are recorded.
    inputs: Option<Vec<u64>>,
    /// What the handler asks for, if it is recorded.
    trace: Option<Trace>,
}

impl<'a> Transaction<'a> {
    /// A transaction of `extension` without effects yet.
    #[must_use]
    pub(crate) fn begin(
        services: &'a Services,
        extension: &'a Extension,
        overlay: &'a Overlay,
    ) -> Self {
        Self {
            services,
            extension,
            overlay,
            event: None,
            effect_bytes: 0,
            effects: Effects::default(),
            was_full: false,
            has_asked: false,
            opened: HashSet::new(),
            timers: 0,
            reports: 0,
            is_redelivery: false,
            inputs: None,
            trace: None,
        }
    }

    /// Sets the name of the handled item for log lines.
    pub(crate) fn set_event(&mut self, event: &'a str) {
        self.event = Some(event);
    }

    /// Handles an item that a version handled before it was rolled back: connections are as that version left them.
    pub(crate) fn set_redelivery(&mut self, is_redelivery: bool) {
        self.is_redelivery = is_redelivery;
    }

    /// Records times and random numbers from now on, for a shadow.
    pub(crate) fn record_inputs(&mut self) {
        self.inputs = Some(Vec::new());
    }

    /// The recorded times and random numbers.
    pub(crate) fn take_inputs(&mut self) -> Vec<u64> {
        self.inputs.take().unwrap_or_default()
    }

    /// Records what the handler asks for from now on.
    pub(crate) fn set_trace(&mut self, trace: Trace) {
        self.trace = Some(trace);
    }

    /// What the handler has asked for, if it is recorded.
    pub(crate) fn take_trace(&mut self) -> Option<Trace> {
        self.trace.take()
    }

    fn input(&mut self, value: u64) -> HostAnswer<'static> {
        if let Some(inputs) = &mut self.inputs {
            inputs.push(value);
        }
        HostAnswer::Number(value)
    }

    /// The effects, if there are any.
    #[must_use]
    pub(crate) fn take_effects(&mut self) -> Option<Box<Effects>> {
        // Most handlers have no effects; those of the others are moved once, and then by a pointer.
        (!self.effects.is_empty()).then(|| Box::new(std::mem::take(&mut self.effects)))
    }

    /// Whether an extension had no room for an event of the handler.
    #[must_use]
    pub(crate) fn was_full(&self) -> bool {
        self.was_full
    }

    /// Whether the handler has asked for effects on which its fields may rely, granted or not.
    #[must_use]
    pub(crate) fn has_asked(&self) -> bool {
        self.has_asked
    }

    fn serve(&mut self, call: HostCall<'_>) -> Result<HostAnswer<'_>, HostCallError> {
        // An instance whose report is dropped would not repeat it.
        self.has_asked |= call.is_effect() || matches!(call, HostCall::Conditions(_));
        match call {
            HostCall::Emit {
                name,
                payload,
                kind,
            } => self.emit(name, payload, kind)?,
            HostCall::Get(key) => {
                return Ok(HostAnswer::Value(self.get(key)?));
            }
            HostCall::Write(key, value) => self.write(key, value)?,
            HostCall::Scan(prefix) => {
                return Ok(HostAnswer::Entries(self.scan(prefix)?));
            }
            HostCall::Http {
                call,
                turn,
                encoded_bytes,
            } => self.call_http(QueuedCall { call: *call, turn }, encoded_bytes)?,
            HostCall::Wake(count) => {
                self.effects.wakes = self.effects.wakes.saturating_add(count);
            }
            HostCall::Unfinished(count) => self.effects.unfinished = Some(count),
            HostCall::Measure(kind, name, sample) => self.measure(kind, name, &sample)?,
            HostCall::Conditions(conditions) => self.effects.conditions = Some(conditions),
            HostCall::Log(level, line) => {
                log_line::log(&self.extension.name, self.event, level, &line);
            }
            HostCall::Now => {
                let now = self.services.clock.now_ms();
                return Ok(self.input(now));
            }
            HostCall::Random => {
                let number = self.random();
                return Ok(self.input(number));
            }
            HostCall::At(tag, unix_ms) => self.set_timer(tag, unix_ms)?,
            HostCall::Cancel(tag) => self.cancel_timer(tag)?,
            HostCall::PublicKey(key) => return Ok(HostAnswer::Bytes(self.public_key(key)?)),
            HostCall::Sign(key, bytes) => return Ok(HostAnswer::Bytes(self.sign(key, bytes)?)),
            HostCall::WsOpen(open) => self.open_socket(open)?,
            HostCall::WsSend { tag, text, frame } => self.send_frame(tag, text, frame)?,
            HostCall::WsClose(tag, close) => self.close_socket(tag, close)?,
            HostCall::Progress(ticket, text) => self.show_progress(ticket, text)?,
            HostCall::Finish(finish, value) => self.finish_command(finish, value)?,
        }
        Ok(HostAnswer::Done)
    }

    fn random(&self) -> u64 {
        let index = self.extension.drawn.fetch_add(1, Ordering::Relaxed);
        self.services.random.number(&self.extension.name, index)
    }

    fn emit(&mut self, name: &str, payload: &[u8], kind: Kind) -> Result<(), HostCallError> {
        if self.effects.events.len() >= HANDLER_EVENTS_MAX {
            return Err(HostCallError::TooManyEvents);
        }
        self.count_bytes(payload.len())?;
        check_event(name, payload)?;
        let claimed = self.services.bus.claim(name, payload, kind);
        self.was_full |= claimed.is_err();
        self.effects.events.push(claimed?);
        Ok(())
    }

    fn measure(
        &mut self,
        kind: meters::Kind,
        name: &str,
        sample: &Sample,
    ) -> Result<(), HostCallError> {
        if self.effects.readings.len() >= READINGS_MAX {
            return Err(HostCallError::TooManyReadings);
        }
        let reading = Reading::new(kind, name, sample)?;
        self.effects.readings.push(reading);
        Ok(())
    }

    fn get(&self, key: &str) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        let waiting = self.effects.writes.get(key).or(self.overlay.get(key));
        if let Some(value) = waiting {
            return Ok(value.as_deref().map(Cow::Borrowed));
        }
        let stored = self.services.store.get(&self.extension.name, key)?;
        Ok(stored.map(Cow::Owned))
    }

    fn scan(&self, prefix: &str) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let mut found = self.services.store.scan(&self.extension.name, prefix)?;
        self.overlay.merge(prefix, &mut found);
        merge(&self.effects.writes, prefix, &mut found);
        Ok(found)
    }

    fn write(&mut self, key: &str, value: Option<&[u8]>) -> Result<(), HostCallError> {
        if key.len() > KEY_BYTES_MAX {
            return Err(HostCallError::LongKey(key.len()));
        }
        self.count_bytes(value.map_or(0, <[u8]>::len))?;
        self.effects
            .writes
            .insert(key.to_owned(), value.map(Into::into));
        Ok(())
    }

    fn call_http(&mut self, call: QueuedCall, encoded_bytes: usize) -> Result<(), HostCallError> {
        let in_flight = self.extension.calls() + self.effects.calls.len();
        if in_flight >= CALLS_IN_FLIGHT_MAX {
            return Err(HostCallError::TooManyCalls);
        }
        self.count_bytes(encoded_bytes)?;
        self.effects.calls.push(call);
        Ok(())
    }

    fn count_bytes(&mut self, bytes: usize) -> Result<(), HostCallError> {
        self.effect_bytes = self.effect_bytes.saturating_add(bytes);
        if self.effect_bytes > EFFECT_BYTES_MAX {
            return Err(HostCallError::TooManyBytes);
        }
        Ok(())
    }
}

fn check_event(name: &str, payload: &[u8]) -> Result<(), HostCallError> {
    if is_reserved(name) {
        return Err(HostCallError::ReservedEvent(name.to_owned()));
    }
    serde_json::from_slice::<IgnoredAny>(payload)
        .map(drop)
        .map_err(|source| HostCallError::Payload {
            event: name.to_owned(),
            source,
        })
}

impl Host for Transaction<'_> {
    fn call(
        &mut self,
        service: u32,
        name: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, RString> {
        if let Some(trace) = &mut self.trace {
            trace.ask(service, name.as_str(), body.as_slice());
        }
        let answer = frame::answer_call((service, name, body), |call| self.serve(call));
        if let Some(trace) = &mut self.trace {
            trace.answer(service, &answer);
        }
        answer
    }
}

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
