//! The host as a shadow sees it: effects are recorded, not carried out.
//!
//! Invariant: nothing that a shadow does is seen outside it. It reads what was stored when it began and what it has
//! written itself since, and gets the same time and the same random numbers as the running version.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::atomic::{AtomicU64, Ordering},
};

use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use tig_plugin_api::{
    HttpCall,
    abi::{Host, service},
    frame,
};
use tracing::debug;

use super::compare::Record;
use crate::{
    runtime::{pending_writes::cover, runner::Shared},
    store::{View, Writes},
};

/// What a shadow may have written before it ends, in bytes.
pub const WRITTEN_BYTES_MAX: usize = 64 << 20;

/// See the module's documentation.
pub struct Stage {
    /// What was stored when the shadow began.
    pub view: View,
    /// What it has written since.
    pub written: Writes,
    /// Bytes of that.
    pub bytes: usize,
    /// Random numbers that it has drawn beyond those of the running version.
    pub drawn: AtomicU64,
}

impl Stage {
    /// Keeps what a handler has written.
    pub fn keep(&mut self, writes: Writes) {
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
pub struct Rehearsal<'a> {
    shared: &'a Shared,
    extension: &'a str,
    stage: &'a Stage,
    /// What time and randomness were to the running version.
    inputs: VecDeque<u64>,
    /// What was asked for.
    pub record: Record,
}

impl<'a> Rehearsal<'a> {
    /// A call that has no effect yet.
    #[must_use]
    pub fn begin(
        shared: &'a Shared,
        extension: &'a str,
        stage: &'a Stage,
        inputs: VecDeque<u64>,
    ) -> Self {
        Self {
            shared,
            extension,
            stage,
            inputs,
            record: Record::default(),
        }
    }

    fn answer(&mut self, service: u32, name: &str, body: &[u8]) -> Result<Vec<u8>, String> {
        match service {
            service::EMIT | service::EMIT_DURABLE | service::EMIT_LATEST => {
                // As for the running version, what nobody handles is no event.
                if self.shared.services.bus.is_handled(name) {
                    self.record.events.push((name.into(), body.into()));
                }
            }
            service::STORAGE_GET => return self.get(name),
            service::STORAGE_PUT => {
                let value = Some(body.into());
                self.record.writes.insert(name.to_owned(), value);
            }
            service::STORAGE_DELETE => {
                self.record.writes.insert(name.to_owned(), None);
            }
            service::STORAGE_SCAN => return self.scan(name),
            service::HTTP => {
                let call = HttpCall::decode(body).map_err(|error| error.to_string())?;
                self.record.calls.push(call);
            }
            service::LOG => {
                let text = String::from_utf8_lossy(body).replace(char::is_control, " ");
                debug!(extension = self.extension, "shadow: {text}");
            }
            service::NOW => {
                let now = || self.shared.services.clock.now_ms();
                return Ok(self
                    .inputs
                    .pop_front()
                    .unwrap_or_else(now)
                    .to_le_bytes()
                    .into());
            }
            service::RANDOM => {
                let number = self.inputs.pop_front().unwrap_or_else(|| self.random());
                return Ok(number.to_le_bytes().into());
            }
            service::WAKE | service::UNFINISHED | service::COUNT | service::GAUGE => {}
            unknown => {
                return Err(format!(
                    "this host has no service {unknown}; upgrade the host"
                ));
            }
        }
        Ok(Vec::new())
    }

    fn random(&self) -> u64 {
        let index = self.stage.drawn.fetch_add(1, Ordering::Relaxed);
        let row = format!("{} shadow", self.extension);
        self.shared.services.random.number(&row, index)
    }

    fn get(&self, key: &str) -> Result<Vec<u8>, String> {
        let written = self.record.writes.get(key).or(self.stage.written.get(key));
        if let Some(value) = written {
            return Ok(frame::encode_value(value.as_deref()));
        }
        let stored = self.stage.view.get(self.extension, key);
        let stored = stored.map_err(|error| error.to_string())?;
        Ok(frame::encode_value(stored.as_deref()))
    }

    fn scan(&self, prefix: &str) -> Result<Vec<u8>, String> {
        let stored = self.stage.view.scan(self.extension, prefix);
        let mut found: BTreeMap<_, _> = stored.map_err(|error| error.to_string())?;
        cover(&self.stage.written, prefix, &mut found);
        cover(&self.record.writes, prefix, &mut found);
        let entries = found
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_slice()));
        frame::encode_entries(entries).map_err(|error| error.to_string())
    }
}

impl Host for Rehearsal<'_> {
    fn call(
        &mut self,
        service: u32,
        name: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, RString> {
        frame::encode_answer(self.answer(service, name.as_str(), body.as_slice()))
    }
}
