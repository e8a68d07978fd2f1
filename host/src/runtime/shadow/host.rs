//! The host as a shadow sees it: effects are recorded, not carried out.
//!
//! Invariant: nothing outside can observe a shadow. It reads the storage as of its start and its own writes since, and
//! gets the same time and the same random numbers as the running version.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use tig_plugin_api::abi::Host;
use tig_plugin_api::frame::{self, HostAnswer, HostCall};

use super::compare::Record;
use crate::runtime::commands::CommandReport;
use crate::runtime::host_call_error::HostCallError;
use crate::runtime::log_line;
use crate::runtime::pending_writes::merge;
use crate::runtime::service_effect::ServiceEffect;
use crate::runtime::shared::Shared;
use crate::runtime::sockets::{Frame, SocketAction};
use crate::store::{StoreError, View, Writes};

/// Bytes that a shadow may write before it ends.
pub(crate) const WRITTEN_BYTES_MAX: usize = 64 << 20;

pub(crate) struct ShadowStore {
    /// The storage as of the start of the shadow.
    pub view: View,
    /// Its writes since.
    pub written: Writes,
    /// Bytes of `written`.
    pub bytes: usize,
    /// Number of random numbers that it has drawn beyond those of the running version.
    pub drawn: AtomicU64,
}

impl ShadowStore {
    /// Keeps the writes of a handler.
    pub(crate) fn keep(&mut self, writes: Writes) {
        let bytes = |value: &Option<std::sync::Arc<[u8]>>| value.as_ref().map_or(0, |v| v.len());
        for (key, value) in writes {
            self.bytes += key.len() + bytes(&value);
            let (length, before) = (key.len(), self.written.insert(key, value));
            if let Some(before) = before {
                self.bytes -= length + bytes(&before);
            }
        }
    }
}

/// One call into a shadow.
pub(crate) struct ShadowCall<'a> {
    shared: &'a Shared,
    extension: &'a str,
    store: &'a ShadowStore,
    /// Times and random numbers that the running version got.
    inputs: VecDeque<u64>,
    /// What the handler has done so far.
    pub record: Record,
    /// Whether it has asked for effects.
    pub has_asked: bool,
}

impl<'a> ShadowCall<'a> {
    /// A call without effects yet.
    #[must_use]
    pub(crate) fn begin(
        shared: &'a Shared,
        extension: &'a str,
        store: &'a ShadowStore,
        inputs: VecDeque<u64>,
    ) -> Self {
        Self {
            shared,
            extension,
            store,
            inputs,
            record: Record::default(),
            has_asked: false,
        }
    }

    fn serve(&mut self, call: HostCall<'_>) -> Result<HostAnswer<'_>, HostCallError> {
        self.has_asked |= call.is_effect();
        match call {
            HostCall::Emit { name, payload, .. } => {
                // As for the running version, an event without subscribers goes nowhere.
                if self.shared.services.bus.is_handled(name) {
                    self.record.events.push((name.into(), payload.into()));
                }
            }
            HostCall::Get(key) => return Ok(HostAnswer::Value(self.get(key)?)),
            HostCall::Write(key, value) => {
                let value = value.map(Into::into);
                self.record.writes.insert(key.to_owned(), value);
            }
            HostCall::Scan(prefix) => return Ok(HostAnswer::Entries(self.scan(prefix)?)),
            HostCall::Http { call, .. } => self.record.calls.push(*call),
            HostCall::Log(_, line) => log_line::log_shadow(self.extension, &line),
            HostCall::Now => {
                let now = || self.shared.services.clock.now_ms();
                let now_ms = self.inputs.pop_front().unwrap_or_else(now);
                return Ok(HostAnswer::Number(now_ms));
            }
            HostCall::Random => {
                let number = self.inputs.pop_front().unwrap_or_else(|| self.random());
                return Ok(HostAnswer::Number(number));
            }
            HostCall::Wake(_) | HostCall::Unfinished(_) | HostCall::Measure(..) => {}
            // Those of the running version count.
            HostCall::Conditions(_) => {}
            HostCall::At(tag, unix_ms) => {
                let tag = tag.into();
                self.record_service(ServiceEffect::SetTimer { tag, unix_ms });
            }
            HostCall::Cancel(tag) => {
                let tag = tag.into();
                self.record_service(ServiceEffect::CancelTimer { tag });
            }
            HostCall::PublicKey(key) => {
                let bytes = self.shared.services.keys.public_key(self.extension, key)?;
                return Ok(HostAnswer::Bytes(bytes));
            }
            HostCall::Sign(key, bytes) => {
                let signature = self.shared.services.keys.sign(self.extension, key, bytes)?;
                return Ok(HostAnswer::Bytes(signature));
            }
            HostCall::WsOpen(open) => self.record_socket(SocketAction::Open(open)),
            HostCall::WsSend { tag, text, frame } => {
                self.record_socket(SocketAction::Send(Frame {
                    tag: tag.into(),
                    text: text.into(),
                    number: frame,
                }));
            }
            HostCall::WsClose(tag, close) => {
                self.record_socket(SocketAction::Close(tag.into(), close));
            }
            HostCall::Progress(ticket, text) => {
                let report = CommandReport::Progress(text.to_owned());
                self.record_service(ServiceEffect::Command(ticket, report));
            }
            HostCall::Finish(finish, value) => {
                let report = CommandReport::Finished {
                    code: finish.code,
                    value: value.into(),
                };
                self.record_service(ServiceEffect::Command(finish.ticket, report));
            }
        }
        Ok(HostAnswer::Done)
    }

    fn record_socket(&mut self, action: SocketAction) {
        self.record_service(ServiceEffect::Socket(action));
    }

    fn record_service(&mut self, effect: ServiceEffect) {
        self.record.services.push(effect);
    }

    fn random(&self) -> u64 {
        let index = self.store.drawn.fetch_add(1, Ordering::Relaxed);
        let row = format!("{} shadow", self.extension);
        self.shared.services.random.number(&row, index)
    }

    fn get(&self, key: &str) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        let written = self.record.writes.get(key).or(self.store.written.get(key));
        if let Some(value) = written {
            return Ok(value.as_deref().map(Cow::Borrowed));
        }
        let stored = self.store.view.get(self.extension, key)?;
        Ok(stored.map(Cow::Owned))
    }

    fn scan(&self, prefix: &str) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let mut found = self.store.view.scan(self.extension, prefix)?;
        merge(&self.store.written, prefix, &mut found);
        merge(&self.record.writes, prefix, &mut found);
        Ok(found)
    }
}

impl Host for ShadowCall<'_> {
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

    use super::*;
    use crate::http::client::HttpClient;
    use crate::http::ws::recorded::RecordedSockets;
    use crate::keys::{KeyError, Keys};
    use crate::runtime::clock::{Clock, Random};
    use crate::store::Store;

    #[test]
    fn shadow_is_refused_what_its_extension_is() {
        let store = Store::in_memory().unwrap();
        let shadow_store = ShadowStore {
            view: store.view().unwrap(),
            written: Writes::new(),
            bytes: 0,
            drawn: AtomicU64::new(0),
        };
        let shared = Shared::new(
            store,
            (
                Arc::new(HttpClient::recording()),
                Arc::new(RecordedSockets::default()),
            ),
            Keys::default(),
            (Clock::start(), Random::seeded(1)),
        );
        let mut call = ShadowCall::begin(&shared, "x", &shadow_store, VecDeque::new());
        let refused = call.serve(HostCall::Sign("hotkey", b"text")).map(drop);
        let refusal = refused.unwrap_err();
        let is_unknown = matches!(refusal, HostCallError::Key(KeyError::Unknown { .. }));
        assert!(is_unknown, "{refusal}");
        let reason = "no space left on device".to_owned();
        let failed = HostCallError::from(StoreError::Failed { reason });
        assert!(matches!(failed, HostCallError::Store(_)), "{failed}");
    }
}
