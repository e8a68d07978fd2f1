//! One call into an extension: reads go to the store, effects are held back until the call has returned `Ok`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use serde::de::IgnoredAny;
use tig_plugin_api::Sample;
use tig_plugin_api::abi::Host;
use tig_plugin_api::frame::{self, HostAnswer, HostCall};

use crate::limits::CALLS_IN_FLIGHT_MAX;
use crate::observe::meters::{self, Reading};
use crate::runtime::effects::Effects;
use crate::runtime::event::{HTTP_RESPONSE, Kind};
use crate::runtime::extension::Extension;
use crate::runtime::host_call_error::{
    EFFECT_BYTES_MAX, HANDLER_EVENTS_MAX, HostCallError, KEY_BYTES_MAX, READINGS_MAX,
};
use crate::runtime::log_line;
use crate::runtime::outbound::QueuedCall;
use crate::runtime::pending_writes::{Overlay, merge};
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
    /// Times and random numbers that the handler got, if they are recorded.
    inputs: Option<Vec<u64>>,
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
            inputs: None,
        }
    }

    /// Sets the name of the handled item for log lines.
    pub(crate) fn set_event(&mut self, event: &'a str) {
        self.event = Some(event);
    }

    /// Records times and random numbers from now on, for a shadow.
    pub(crate) fn record_inputs(&mut self) {
        self.inputs = Some(Vec::new());
    }

    /// The recorded times and random numbers.
    pub(crate) fn take_inputs(&mut self) -> Vec<u64> {
        self.inputs.take().unwrap_or_default()
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
        self.has_asked |= call.is_effect();
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
        self.effects.events.extend(claimed?);
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
    if name == HTTP_RESPONSE {
        return Err(HostCallError::ReservedEvent);
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
        frame::answer_call((service, name, body), |call| self.serve(call))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tig_plugin_api::abi::service;

    use super::*;
    use crate::config::Identity;
    use crate::runtime::bus::Bus;
    use crate::runtime::clock::{Clock, Random};
    use crate::runtime::outbound::{HttpSender, PendingCall};
    use crate::store::Store;

    /// A network that never responds.
    struct Silent;

    impl HttpSender for Silent {
        fn send(&self, _: PendingCall) {}
    }

    fn services(folder: &std::path::Path) -> Services {
        let store = Store::open(folder, &Identity::new()).unwrap();
        Services {
            bus: Bus::default(),
            store,
            clock: Clock::start(),
            random: Random::from_system(),
            http: Arc::new(Silent),
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
}
