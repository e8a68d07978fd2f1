//! Decisions for tests.

use tig_plugin_api::abi::service;
use tig_plugin_api::{HttpCall, HttpReply, Method};
use tig_recording::{Answer, Outcome, Step};

use super::compared::{Compared, Decision};
use super::{Report, ReportSettings};

pub(super) fn asked(service: u32, name: &str, body: &[u8]) -> Step<'static> {
    Step::Asked {
        service,
        name: name.to_owned().into(),
        body: body.to_vec().into(),
    }
}

pub(super) fn emitted(name: &str, payload: &str) -> Step<'static> {
    asked(service::EMIT, name, payload.as_bytes())
}

pub(super) fn written(key: &str, value: &str) -> Step<'static> {
    asked(service::STORAGE_PUT, key, value.as_bytes())
}

pub(super) fn drawn(number: u64) -> Step<'static> {
    Step::Answered {
        service: service::RANDOM,
        answer: Answer::Number(number),
    }
}

pub(super) fn sent(method: Method, url: &str, body: &str) -> Step<'static> {
    let call = HttpCall {
        tag: "t".to_owned(),
        method,
        url: url.to_owned(),
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        timeout_ms: 1_000,
        max_body_bytes: 1_000,
    };
    asked(service::HTTP, "", &call.encode().unwrap())
}

pub(super) fn replied(status: u16, body: &str) -> Outcome<'static> {
    let reply = HttpReply::text(status, body).encode().unwrap();
    Outcome::Replied(reply.into())
}

pub(super) fn failed(reason: &str) -> Outcome<'static> {
    Outcome::Failed(reason.to_owned().into())
}

/// An outcome with its steps.
pub(super) type Made = (Outcome<'static>, Vec<Step<'static>>);

pub(super) fn done<const N: usize>(steps: [Step<'static>; N]) -> Made {
    (Outcome::Done, steps.to_vec())
}

pub(super) fn decision(made: &Made) -> Decision<'_> {
    Decision {
        outcome: &made.0,
        steps: &made.1,
    }
}

pub(super) fn compared<'a>(
    extension: &'a str,
    number: u64,
    what: &'a str,
    recorded: &'a Made,
    replayed: &'a Made,
) -> Compared<'a> {
    Compared {
        extension,
        at_ms: 1_700_000_000_000 + number * 1_000,
        number,
        what,
        recorded: decision(recorded),
        replayed: decision(replayed),
    }
}

/// A report of an extension whose candidate pays more and chooses otherwise from the third call on.
pub(super) fn sample_report() -> Report {
    let mut report = Report::new(ReportSettings {
        has_consequences: true,
        ..ReportSettings::new("night.rec, with <candidate>")
    });
    let choice = |kind: &str, size: [u32; 2], fee: &str| {
        let [x, y] = size;
        let payload =
            format!(r#"{{"settings":{{"kind":"{kind}","size":[{x},{y}]}},"fee":"{fee}"}}"#);
        done([emitted("choice", &payload), drawn(7)])
    };
    let recorded = choice("c1", [50, 300], "0.5");
    let replayed = choice("c2", [60, 320], "1.5");
    for number in 1..=2 {
        report.add(&compared("chooser", number, "block", &recorded, &recorded));
    }
    for number in 3..=4 {
        report.add(&compared("chooser", number, "block", &recorded, &replayed));
    }
    let other = done([sent(Method::Get, "https://a.example/x?q=1", "")]);
    report.add(&compared("other", 1, "GET /x", &other, &other));
    report
}
