//! The host as a replayed extension sees it: answers come from the recording, effects go nowhere.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};

use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use tig_plugin_api::abi::{Host, service};
use tig_plugin_api::frame::{self, HostAnswer, HostCall};
use tig_recording::{Answer, Step};

use super::storage::Storage;
use crate::observe::meters::Reading;
use crate::runtime::host_call_error::{HostCallError, READINGS_MAX};
use crate::runtime::pending_writes::merge;
use crate::runtime::recorder::is_effect;
use crate::store::Writes;

/// Bytes of a signature that a candidate asks for beyond those that are recorded.
const SIGNATURE_BYTES: usize = 64;

/// What the host answered in the recorded call.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// By service, in order.
    numbers: HashMap<u32, VecDeque<u64>>,
    /// Keys and signatures, or why there was none; by service, in order.
    bytes: HashMap<u32, VecDeque<Result<Vec<u8>, String>>>,
    /// Refused effects: place among the effects, service, name and reason.
    refusals: VecDeque<(u64, u32, String, String)>,
}

impl Answers {
    /// Those of the recorded `steps`.
    pub(super) fn from_steps(steps: &[Step<'_>]) -> Self {
        let mut answers = Self::default();
        let mut effects = 0;
        let mut last_name = "";
        for step in steps {
            match step {
                Step::Asked { name, .. } => {
                    effects += 1;
                    last_name = name;
                }
                Step::Answered { service, answer } => match answer {
                    Answer::Number(number) => {
                        answers
                            .numbers
                            .entry(*service)
                            .or_default()
                            .push_back(*number);
                    }
                    Answer::Bytes(bytes) => {
                        let bytes = Ok(bytes.to_vec());
                        answers.bytes.entry(*service).or_default().push_back(bytes);
                    }
                    Answer::Refused(reason) if is_effect(*service) => {
                        let (name, reason) = (last_name.to_owned(), reason.to_string());
                        answers
                            .refusals
                            .push_back((effects, *service, name, reason));
                    }
                    Answer::Refused(reason) => {
                        let reason = Err(reason.to_string());
                        answers.bytes.entry(*service).or_default().push_back(reason);
                    }
                },
            }
        }
        answers
    }

    fn next_number(&mut self, service: u32) -> Option<u64> {
        self.numbers.get_mut(&service)?.pop_front()
    }

    fn next_bytes(&mut self, service: u32) -> Option<Result<Vec<u8>, String>> {
        self.bytes.get_mut(&service)?.pop_front()
    }

    /// Why the effect of this place is refused, if it was in the recording.
    fn refusal(&mut self, place: u64, service: u32, name: &str) -> Option<String> {
        while self
            .refusals
            .front()
            .is_some_and(|refusal| refusal.0 < place)
        {
            self.refusals.pop_front();
        }
        let next = self.refusals.front()?;
        let is_this = next.0 == place && next.1 == service && next.2 == name;
        let refusal = is_this.then(|| self.refusals.pop_front())?;
        refusal.map(|refusal| refusal.3)
    }
}

/// One call into a replayed extension.
pub(super) struct ReplayCall<'a> {
    storage: &'a Storage,
    answers: Answers,
    /// Time that is given when none is recorded any more.
    now_ms: u64,
    /// Numbers for random draws that the recording does not hold.
    seed: u64,
    /// Number of effects that were asked for.
    effects: u64,
    /// Number of readings.
    readings: usize,
    /// Whether the handler has asked for effects on which its fields may rely.
    pub(super) has_asked: bool,
    /// What it has written.
    pub(super) writes: Writes,
    /// What it has asked for.
    pub(super) steps: Vec<Step<'static>>,
}

impl<'a> ReplayCall<'a> {
    /// A call at `now_ms`, number `number` of its extension.
    pub(super) fn begin(storage: &'a Storage, answers: Answers, now_ms: u64, number: u64) -> Self {
        Self {
            storage,
            answers,
            now_ms,
            seed: number,
            effects: 0,
            readings: 0,
            has_asked: false,
            writes: Writes::new(),
            steps: Vec::new(),
        }
    }

    fn serve(&mut self, service: u32, call: HostCall<'_>) -> Result<HostAnswer<'_>, String> {
        self.has_asked |= call.is_effect() || matches!(call, HostCall::Conditions(_));
        match call {
            HostCall::Get(key) => {
                let value = match self.writes.get(key) {
                    Some(written) => written.as_deref(),
                    None => self.storage.get(key),
                };
                Ok(HostAnswer::Value(value.map(Cow::Borrowed)))
            }
            HostCall::Scan(prefix) => Ok(HostAnswer::Entries(self.scan(prefix))),
            HostCall::Write(key, value) => {
                self.writes.insert(key.to_owned(), value.map(Into::into));
                Ok(HostAnswer::Done)
            }
            HostCall::Now => {
                // A handler that reads the clock more often than the recorded one finds that it stands still.
                self.now_ms = self.answers.next_number(service).unwrap_or(self.now_ms);
                Ok(HostAnswer::Number(self.now_ms))
            }
            HostCall::Random => {
                let recorded = self.answers.next_number(service);
                let number = recorded.unwrap_or_else(|| self.draw());
                Ok(HostAnswer::Number(number))
            }
            HostCall::PublicKey(_) | HostCall::Sign(..) => {
                let recorded = self.answers.next_bytes(service);
                // Of what the recorded version has not signed, there is no signature.
                let bytes = recorded.unwrap_or_else(|| Ok(vec![0; SIGNATURE_BYTES]));
                bytes.map(HostAnswer::Bytes)
            }
            HostCall::Measure(kind, name, sample) => {
                if self.readings >= READINGS_MAX {
                    return Err(HostCallError::TooManyReadings.to_string());
                }
                let reading = Reading::new(kind, name, &sample);
                reading.map_err(|error| HostCallError::from(error).to_string())?;
                self.readings += 1;
                Ok(HostAnswer::Done)
            }
            _ => Ok(HostAnswer::Done),
        }
    }

    /// The same numbers in each replay.
    fn draw(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(1 << 32);
        let hash = blake3::hash(&self.seed.to_le_bytes());
        let (first, _) = hash
            .as_bytes()
            .split_first_chunk()
            .unwrap_or((&[0; 8], &[]));
        u64::from_le_bytes(*first)
    }

    fn scan(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = self.storage.scan(prefix);
        merge(&self.writes, prefix, &mut found);
        found
    }
}

impl Host for ReplayCall<'_> {
    fn call(
        &mut self,
        service: u32,
        name: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<RVec<u8>, RString> {
        // Its log lines were read when it ran.
        if matches!(service, service::LOG | service::LOG_FIELDS) {
            return RResult::ROk(RVec::new());
        }
        if is_effect(service) {
            self.effects += 1;
            self.steps.push(Step::Asked {
                service,
                name: name.as_str().to_owned().into(),
                body: body.to_vec().into(),
            });
            if let Some(reason) = self.answers.refusal(self.effects, service, name.as_str()) {
                self.has_asked = true;
                return RResult::RErr(reason.into());
            }
        }
        frame::answer_call((service, name, body), |call| self.serve(service, call))
    }
}
