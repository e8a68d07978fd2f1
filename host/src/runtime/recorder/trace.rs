//! What a handler asks of the host, and the answers that do not follow from anything else.

use std::borrow::Cow;

use abi_stable::std_types::{RResult, RString, RVec};
use tig_plugin_api::abi::service;
use tig_recording::record::parts::{self, Steps};
use tig_recording::{Answer, Step};

use super::codes::Codes;

/// Whether calls of `service` ask for an effect, which is recorded.
#[must_use]
pub(crate) fn is_effect(service: u32) -> bool {
    matches!(
        service,
        service::EMIT
            | service::EMIT_DURABLE
            | service::EMIT_LATEST
            | service::STORAGE_PUT
            | service::STORAGE_DELETE
            | service::HTTP
            | service::WAKE
            | service::UNFINISHED
            | service::AT
            | service::CANCEL
            | service::WS_OPEN
            | service::WS_SEND
            | service::WS_CLOSE
            | service::PROGRESS
            | service::FINISH
            | service::CONDITIONS
    )
}

/// The steps of one handler.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    steps: Steps,
    /// The next answer is made by a shared secret, and would be one for a while.
    is_secret: bool,
    /// Such answers so far.
    codes: Codes,
}

impl Trace {
    /// Records a call before it is answered.
    pub(crate) fn ask(&mut self, service: u32, name: &str, body: &[u8]) {
        if is_effect(service) {
            let name = match self.codes.cover(name.as_bytes()) {
                Cow::Borrowed(_) => Cow::Borrowed(name),
                Cow::Owned(name) => String::from_utf8_lossy(&name).into_owned().into(),
            };
            let body = self.codes.cover(body);
            let step = Step::Asked {
                service,
                name,
                body,
            };
            push(&mut self.steps, &step);
        }
    }

    /// The answer of the call must not be known.
    pub(crate) fn cover_answer(&mut self) {
        self.is_secret = true;
    }

    /// Records the answer of a call.
    pub(crate) fn answer(&mut self, service: u32, answer: &RResult<RVec<u8>, RString>) {
        let is_secret = std::mem::take(&mut self.is_secret);
        let answer = match answer {
            RResult::RErr(reason) => Answer::Refused(reason.as_str().into()),
            RResult::ROk(bytes) => match service {
                service::NOW | service::RANDOM => {
                    let number = bytes.as_slice().try_into().map(u64::from_le_bytes);
                    // The host itself has made it of eight bytes.
                    Answer::Number(number.unwrap_or_default())
                }
                service::SIGN | service::PUBLIC_KEY if is_secret => {
                    Answer::Bytes(self.codes.add(bytes).into())
                }
                service::SIGN | service::PUBLIC_KEY => Answer::Bytes(bytes.as_slice().into()),
                _ => return,
            },
        };
        push(&mut self.steps, &Step::Answered { service, answer });
    }

    /// `bytes` without the answers that must not be known.
    #[must_use]
    pub(crate) fn cover<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.codes.cover(bytes)
    }

    /// The steps so far.
    #[must_use]
    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Forgets all steps, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.steps.count = 0;
        self.steps.encoded.clear();
        self.codes.clear();
    }
}

fn push(steps: &mut Steps, step: &Step<'_>) {
    // Texts and bytes always have such a form.
    if parts::encode_step(&mut steps.encoded, step).is_ok() {
        steps.count += 1;
    }
}
