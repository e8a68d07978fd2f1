//! The harness's host: storage in memory, a clock that stands, numbers that repeat.

use std::collections::BTreeMap;

use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use serde_json::Value;

use crate::{
    Context, Error, HttpCall, Result, Sample, Settings, Turn,
    abi::{Host, service},
    frame,
};

/// First moment of the harness's clock, in milliseconds since the Unix epoch.
const START_MS: u64 = 1_700_000_000_000;

#[derive(Default)]
pub(super) struct TestHost {
    pub(super) stored: BTreeMap<String, Vec<u8>>,
    /// What the current handler has overwritten, so that it costs no copy of all that is stored.
    undo: Vec<(String, Option<Vec<u8>>)>,
    pub(super) emitted: Vec<(String, Value)>,
    pub(super) calls: Vec<HttpCall>,
    /// How each of them waits.
    pub(super) turns: Vec<Turn>,
    pub(super) logs: Vec<(String, String)>,
    pub(super) now_ms: u64,
    random_state: u64,
    pub(super) woken: u64,
    pub(super) unfinished: u64,
    pub(super) metrics: BTreeMap<(String, Vec<(String, String)>), f64>,
    /// What the running handler has measured: service, name, sample.
    measured: Vec<(u32, String, Sample)>,
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
        self.undo.clear();
        let (emitted, calls) = (self.emitted.len(), self.calls.len());
        let (woken, unfinished) = (self.woken, self.unfinished);
        self.measured.clear();
        let result = handler(&mut Context::new(self, settings));
        if result.is_err() {
            for (key, before) in std::mem::take(&mut self.undo).into_iter().rev() {
                self.write(&key, before);
            }
            self.emitted.truncate(emitted);
            self.calls.truncate(calls);
            self.turns.truncate(calls);
            (self.woken, self.unfinished) = (woken, unfinished);
        } else {
            self.keep_measured();
        }
        result
    }

    fn answer(&mut self, service: u32, name: &str, body: &[u8]) -> Result<Vec<u8>> {
        match service {
            service::EMIT | service::EMIT_DURABLE | service::EMIT_LATEST => {
                self.emitted
                    .push((name.to_owned(), serde_json::from_slice(body)?));
            }
            service::STORAGE_GET => return Ok(self.get(name)),
            service::STORAGE_PUT => {
                let before = self.write(name, Some(body.to_vec()));
                self.undo.push((name.to_owned(), before));
            }
            service::STORAGE_DELETE => {
                let before = self.write(name, None);
                self.undo.push((name.to_owned(), before));
            }
            service::STORAGE_SCAN => return self.scan(name),
            service::HTTP => {
                self.calls.push(HttpCall::decode(body)?);
                self.turns.push(HttpCall::decode_turn(body)?);
            }
            service::LOG => {
                self.logs
                    .push((name.to_owned(), String::from_utf8_lossy(body).into_owned()));
            }
            service::NOW => return Ok(self.now_ms.to_le_bytes().to_vec()),
            service::UNFINISHED => self.unfinished = u64::from_le_bytes(body.try_into()?),
            service::COUNT | service::GAUGE => {
                let sample = serde_json::from_slice(body)?;
                self.measured.push((service, name.to_owned(), sample));
            }
            service::WAKE => self.woken += u64::from_le_bytes(body.try_into()?),
            service::RANDOM => return Ok(self.random().to_le_bytes().to_vec()),
            unknown => return Err(Error::msg(format_args!("unknown service {unknown}"))),
        }
        Ok(Vec::new())
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
        for (service, name, sample) in std::mem::take(&mut self.measured) {
            let value = self.metrics.entry((name, sample.labels)).or_default();
            match service {
                service::COUNT => *value += sample.value,
                _ => *value = sample.value,
            }
        }
    }

    fn get(&self, key: &str) -> Vec<u8> {
        frame::encode_value(self.stored.get(key).map(Vec::as_slice))
    }

    fn scan(&self, prefix: &str) -> Result<Vec<u8>> {
        let from_prefix = self.stored.range(prefix.to_owned()..);
        let entries = from_prefix
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.as_str(), value.as_slice()));
        frame::encode_entries(entries)
    }

    /// SplitMix64: the same numbers in every run of a test.
    fn random(&mut self) -> u64 {
        self.random_state = self.random_state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random_state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Host for TestHost {
    fn call(
        &mut self,
        service: u32,
        name: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, RString> {
        frame::encode_answer(self.answer(service, name.as_str(), body.as_slice()))
    }
}
