//! Calls an instance with what is recorded.

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::sabi_types::RMut;
use abi_stable::std_types::{RSlice, RStr};
use tig_plugin_api::abi::{EventRef, Failure, Host_TO, HostRef, InstanceBox, question};
use tig_plugin_api::{HttpReply, HttpRequest, frame};
use tig_recording::{Mask, Outcome, Question, Step};

use super::call::{Answers, ReplayCall};
use super::storage::Storage;
use crate::plugin::Plugin;
use crate::store::Writes;

/// What a call has done.
pub(super) struct Done {
    pub(super) outcome: Outcome<'static>,
    pub(super) steps: Vec<Step<'static>>,
    /// The handler had asked for effects and failed, or panicked: its instance is not to be used again.
    pub(super) is_lost: bool,
}

impl Done {
    /// Covers the secrets, as they are covered in the recording.
    pub(super) fn cover(&mut self, mask: &Mask) {
        for step in &mut self.steps {
            if let Step::Asked { name, body, .. } = step {
                cover_text(name.to_mut(), mask);
                mask.cover(body.to_mut());
            }
        }
        match &mut self.outcome {
            Outcome::Done => {}
            Outcome::Replied(reply) => mask.cover(reply.to_mut()),
            Outcome::Failed(text) | Outcome::Panicked(text) => cover_text(text.to_mut(), mask),
        }
    }
}

fn cover_text(text: &mut String, mask: &Mask) {
    let mut bytes = std::mem::take(text).into_bytes();
    mask.cover(&mut bytes);
    *text = String::from_utf8_lossy(&bytes).into_owned();
}

/// Steps and writes of a call.
pub(super) type Asked = (Vec<Step<'static>>, Writes);

/// Creates an instance at a `moment`, which is a time and the number of the call.
pub(super) fn create(
    storage: &Storage,
    (plugin, settings): (&Plugin, &[u8]),
    snapshot: Option<&[u8]>,
    (at_ms, number): (u64, u64),
    recorded: &[Step<'_>],
) -> (Result<InstanceBox, Failure>, Asked) {
    let answers = Answers::from_steps(recorded);
    let mut call = ReplayCall::begin(storage, answers, at_ms, number);
    let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut call), TD_Opaque);
    let created = plugin.create(host, settings, snapshot);
    (created, (call.steps, call.writes))
}

pub(super) fn ask(
    instance: &mut InstanceBox,
    call: &mut ReplayCall<'_>,
    question: &Question<'_>,
) -> Done {
    let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(call), TD_Opaque);
    let returned: Result<Option<Vec<u8>>, Failure> = match question {
        Question::Event {
            name,
            sequence,
            redelivered,
            payload,
        } => {
            let event = EventRef {
                sequence: *sequence,
                redelivered: *redelivered,
                name: RStr::from_str(name),
                payload: RSlice::from_slice(payload),
            };
            instance.on_event(host, event).map(|()| None).into_result()
        }
        Question::Request(request) => {
            let reply = instance.on_request(host, RSlice::from_slice(request));
            reply.map(|reply| Some(reply.into_vec())).into_result()
        }
        Question::Command(command) => {
            let question = RStr::from_str(question::COMMAND);
            let asked = instance.ask(host, question, RSlice::from_slice(command));
            asked.map(|_| None).into_result()
        }
    };
    let has_asked = call.has_asked;
    let (outcome, is_lost) = match returned {
        Ok(None) => (Outcome::Done, false),
        // The host decodes a reply, and so it is recorded.
        Ok(Some(reply)) => match HttpReply::decode(&reply).and_then(|reply| reply.encode()) {
            Ok(reply) => (Outcome::Replied(reply.into()), false),
            Err(error) => (
                Outcome::Failed(format!("invalid reply: {error}").into()),
                true,
            ),
        },
        Err(failure) if failure.panicked => {
            (Outcome::Panicked(failure.text.into_string().into()), true)
        }
        Err(failure) => (
            Outcome::Failed(failure.text.into_string().into()),
            has_asked,
        ),
    };
    Done {
        outcome,
        steps: std::mem::take(&mut call.steps),
        is_lost,
    }
}

/// What an instance was called with, for people.
pub(super) fn name_question(question: &Question<'_>) -> String {
    match question {
        Question::Event { name, .. } => name.to_string(),
        Question::Request(request) => match HttpRequest::decode(request) {
            Ok(request) => format!("{} {}", request.method, request.path),
            Err(_) => "request".to_owned(),
        },
        Question::Command(command) => match frame::decode::<frame::CommandHead>(command) {
            Ok((head, _)) => format!("command {}", head.command),
            Err(_) => "command".to_owned(),
        },
    }
}
