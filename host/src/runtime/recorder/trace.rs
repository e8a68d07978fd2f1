//! What a handler asks of the host, and the answers that do not follow from anything else.

use abi_stable::std_types::{RResult, RString, RVec};
use tig_plugin_api::abi::service;
use tig_recording::record::parts::{self, Steps};
use tig_recording::{Answer, Step};

/// Stands for each byte of an answer that must not be known.
const COVER: u8 = b'*';

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
}

impl Trace {
    /// Records a call before it is answered.
    pub(crate) fn ask(&mut self, service: u32, name: &str, body: &[u8]) {
        if is_effect(service) {
            self.push(&Step::Asked {
                service,
                name: name.into(),
                body: body.into(),
            });
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
                    Answer::Bytes(vec![COVER; bytes.len()].into())
                }
                service::SIGN | service::PUBLIC_KEY => Answer::Bytes(bytes.as_slice().into()),
                _ => return,
            },
        };
        self.push(&Step::Answered { service, answer });
    }

    fn push(&mut self, step: &Step<'_>) {
        // Texts and bytes always have such a form.
        if parts::encode_step(&mut self.steps.encoded, step).is_ok() {
            self.steps.count += 1;
        }
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
    }
}
