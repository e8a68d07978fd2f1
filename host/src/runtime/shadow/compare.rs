//! Compares what two versions have done with one item. Pure.

use std::sync::Arc;

use crate::runtime::effects::Effects;
use crate::runtime::service_effect::ServiceEffect;
use crate::store::{Emitted, Writes};
use tig_plugin_api::{HttpCall, HttpReply};

use super::values::differing_values;

/// Bytes of a value that are shown.
const SHOWN_BYTES: usize = 120;

/// What a handler has done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// Why it failed; then it has no effects.
    pub failure: Option<String>,
    /// Whether it failed and its instance was restored from storage.
    pub restored: bool,
    /// Its writes.
    pub writes: Writes,
    /// Names and payloads of its events.
    pub events: Vec<(Arc<str>, Arc<[u8]>)>,
    /// Its HTTP requests.
    pub calls: Vec<HttpCall>,
    /// What it has asked of timers, connections and commands.
    pub services: Vec<ServiceEffect>,
    /// Its reply.
    pub reply: Option<HttpReply>,
}

impl Record {
    /// The record of a handler that returned `Ok`.
    #[must_use]
    pub(crate) fn from_effects(effects: &Effects) -> Self {
        // An event without subscribers goes nowhere.
        let events = effects.events.iter().filter(|event| event.is_handled());
        let answer = effects.answer.as_ref();
        Self {
            failure: None,
            restored: false,
            writes: effects.writes.clone(),
            events: events
                .map(|event| (event.name().into(), event.payload().into()))
                .collect(),
            calls: effects
                .calls
                .iter()
                .map(|queued| queued.call.clone())
                .collect(),
            services: effects.services.clone(),
            reply: answer.map(|(_, answered)| answered.reply.clone()),
        }
    }

    /// The record of a handler that failed; `restored` if its instance was restored from storage.
    #[must_use]
    pub(crate) fn failed(reason: &str, restored: bool) -> Self {
        Self {
            failure: Some(reason.to_owned()),
            restored,
            ..Self::default()
        }
    }
}

/// The first difference between the shadow and the running version; `None` if both did the same.
#[must_use]
pub(crate) fn difference(running: &Record, shadow: &Record) -> Option<String> {
    match (&running.failure, &shadow.failure) {
        (None, None) => {}
        // The words of two failures may differ.
        (Some(_), Some(_)) => return None,
        (None, Some(reason)) => return Some(format!("fails: {reason}")),
        (Some(reason), None) => return Some(format!("succeeds, the running one fails: {reason}")),
    }
    let in_writes = || writes(&running.writes, &shadow.writes);
    let in_events = || events(&running.events, &shadow.events);
    let in_calls = || calls(&running.calls, &shadow.calls);
    let in_services = || services(&running.services, &shadow.services);
    let in_reply = || reply(running.reply.as_ref()?, shadow.reply.as_ref()?);
    in_reply()
        .or_else(in_events)
        .or_else(in_calls)
        .or_else(in_services)
        .or_else(in_writes)
}

fn reply(running: &HttpReply, shadow: &HttpReply) -> Option<String> {
    let same = running.status == shadow.status
        && running.body == shadow.body
        && running.hold_ms == shadow.hold_ms;
    (!same).then(|| {
        format!(
            "replies {} {}, not {} {}",
            shadow.status,
            shown(&shadow.body),
            running.status,
            shown(&running.body)
        )
    })
}

type Events = [(Arc<str>, Arc<[u8]>)];

fn events(running: &Events, shadow: &Events) -> Option<String> {
    let mut pairs = running.iter().zip(shadow);
    if let Some((expected, found)) = pairs.find(|(expected, found)| expected != found) {
        if expected.0 == found.0
            && let Some(values) = differing_values(&expected.1, &found.1)
        {
            return Some(format!("emits {}, {values}", found.0));
        }
        return Some(format!(
            "emits {} {}, not {} {}",
            found.0,
            shown(&found.1),
            expected.0,
            shown(&expected.1)
        ));
    }
    let (count, expected) = (shadow.len(), running.len());
    (count != expected).then(|| format!("emits {count} events, not {expected}"))
}

fn calls(running: &[HttpCall], shadow: &[HttpCall]) -> Option<String> {
    let same = |expected: &HttpCall, found: &HttpCall| {
        expected.tag == found.tag
            && expected.method == found.method
            && expected.url == found.url
            && expected.body == found.body
    };
    let mut pairs = running.iter().zip(shadow);
    if let Some((expected, found)) = pairs.find(|(expected, found)| !same(expected, found)) {
        // URLs and bodies may hold secrets, which a status must not show; tags are names.
        return Some(format!(
            "sends a request `{}` that differs from `{}`",
            found.tag, expected.tag
        ));
    }
    let (count, expected) = (shadow.len(), running.len());
    (count != expected).then(|| format!("sends {count} requests, not {expected}"))
}

fn services(running: &[ServiceEffect], shadow: &[ServiceEffect]) -> Option<String> {
    let mut pairs = running.iter().zip(shadow);
    if let Some((expected, found)) = pairs.find(|(expected, found)| expected != found) {
        // Texts of frames may hold secrets, so only names are shown.
        let (expected, found) = (expected.name(), found.name());
        if expected == found {
            return Some(format!("{found}, but with other content"));
        }
        return Some(format!("{found}, the running one {expected}"));
    }
    let (count, expected) = (shadow.len(), running.len());
    (count != expected)
        .then(|| format!("asks {count} things of timers, connections and commands, not {expected}"))
}

fn writes(running: &Writes, shadow: &Writes) -> Option<String> {
    for (key, value) in shadow {
        match running.get(key) {
            None => return Some(format!("writes `{key}`, the running one does not")),
            Some(expected) if expected != value => {
                return Some(format!(
                    "writes {} to `{key}`, not {}",
                    shown_value(value),
                    shown_value(expected)
                ));
            }
            Some(_) => {}
        }
    }
    let missing = running.keys().find(|key| !shadow.contains_key(*key))?;
    Some(format!("does not write `{missing}`"))
}

fn shown_value(value: &Option<Arc<[u8]>>) -> String {
    value.as_deref().map_or("nothing".to_owned(), shown)
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES)]);
    let more = if bytes.len() > SHOWN_BYTES { ".." } else { "" };
    format!("{}{more}", text.replace(char::is_control, " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::sockets::{Frame, SocketAction};

    fn emitting(events: &[(&str, &str)]) -> Record {
        let event = |(name, payload): &(&str, &str)| ((*name).into(), payload.as_bytes().into());
        Record {
            events: events.iter().map(event).collect(),
            ..Record::default()
        }
    }

    #[test]
    fn first_difference_is_described() {
        let running = emitting(&[("a", "1"), ("b", "2")]);
        let difference_to = |shadow: &Record| difference(&running, shadow);
        assert_eq!(difference_to(&running), None);
        assert_eq!(
            difference_to(&emitting(&[("a", "1")])).unwrap(),
            "emits 1 events, not 2"
        );
        let other = emitting(&[("a", "1"), ("b", "3")]);
        assert_eq!(difference_to(&other).unwrap(), "emits b 3, not b 2");
        let scored = |scores| emitting(&[("scores", scores)]);
        assert_eq!(
            difference(&scored(r#"{"5A":1,"5B":2}"#), &scored(r#"{"5A":1,"5B":3}"#)).unwrap(),
            "emits scores, values that differ: 1\n    5B: 3, not 2"
        );
        assert_eq!(
            difference_to(&Record::failed("no", false)).unwrap(),
            "fails: no"
        );

        let mut writing = running.clone();
        writing.writes.insert("k".to_owned(), None);
        assert_eq!(
            difference_to(&writing).unwrap(),
            "writes `k`, the running one does not"
        );
        assert_eq!(
            difference(&writing, &running).unwrap(),
            "does not write `k`"
        );
    }

    #[test]
    fn difference_in_a_frame_shows_no_text() {
        let sending = |text: &str| {
            let frame = Frame {
                tag: "peer".into(),
                text: text.into(),
                number: None,
            };
            Record {
                services: vec![ServiceEffect::Socket(SocketAction::Send(frame))],
                ..Record::default()
            }
        };
        let (running, shadow) = (sending("secret"), sending("other"));
        assert_eq!(difference(&running, &running), None);
        assert_eq!(
            difference(&running, &shadow).unwrap(),
            "sends a frame on connection `peer`, but with other content"
        );
        assert_eq!(
            difference(&running, &Record::default()).unwrap(),
            "asks 0 things of timers, connections and commands, not 1"
        );
    }

    #[test]
    fn two_failures_are_the_same() {
        let (one, other) = (Record::failed("a", false), Record::failed("b", true));
        assert_eq!(difference(&one, &other), None);
    }
}
