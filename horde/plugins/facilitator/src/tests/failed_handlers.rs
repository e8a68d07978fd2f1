//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use serde_json::json;
use tig_plugin_api::testing::{Harness, check_failed_handlers};
use tig_plugin_api::{Result, WsCloseClass, WsEventKind};

use super::support::*;
use crate::Facilitator;

#[derive(Clone, Debug)]
enum Step {
    Open,
    Request(u64),
    Unreadable(u64),
    Answer(&'static str),
    Give(u64, &'static str),
    Close,
    /// The timer that is due next.
    Wait,
    Connect,
    Update,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let answers = [
        "",
        "",
        "",
        "job.not_found",
        "job.integrity_error",
        "value_error",
        "auth.not_authenticated",
    ];
    let statuses = ["accepted", "accepted", "completed", "failed"];
    prop_oneof![
        6 => Just(Step::Open),
        4 => (0..4_u64).prop_map(Step::Request),
        2 => (0..8_u64).prop_map(Step::Unreadable),
        12 => prop::sample::select(answers.to_vec()).prop_map(Step::Answer),
        8 => (0..4_u64, prop::sample::select(statuses.to_vec())).prop_map(|(job, status)| Step::Give(job, status)),
        2 => Just(Step::Close),
        6 => Just(Step::Wait),
        1 => Just(Step::Connect),
        2 => Just(Step::Update),
        1 => Just(Step::Reload),
    ]
}

fn play(harness: &mut Harness<Facilitator>, step: &Step) -> Result<serde_json::Value> {
    let connection = &harness.extension().run.connection;
    let tag = Some(connection.tag()).filter(|tag| connection.is_current(tag));
    let is_connecting = connection.state().name() == "connecting";
    let at_us = 0;
    let frame = |text: String| WsEventKind::Frame { text, at_us };
    let event = match step {
        Step::Open => is_connecting.then_some(WsEventKind::Opened { at_us }),
        Step::Request(job) => Some(frame(request(&uuid(*job)).to_string())),
        Step::Unreadable(job) => Some(frame(format!(r#"{{"uuid":"{}"}}"#, uuid(*job)))),
        Step::Answer("") => Some(frame(SUCCESS.to_owned())),
        Step::Answer(kind) => Some(frame(error_answer(kind))),
        Step::Close => Some(WsEventKind::Closed {
            code: None,
            reason: String::new(),
            class: WsCloseClass::Peer,
            unsent: 0,
        }),
        _ => None,
    };
    match (step, tag, event) {
        (_, Some(tag), Some(event)) => harness.try_ws(&tag, event)?,
        (Step::Give(job, status), _, _) => {
            let event = status_event(&uuid(*job), status, "c");
            harness.try_event("horde_job_status", event)?;
        }
        (Step::Wait, _, _) => harness.try_next_timer()?,
        (Step::Connect, _, _) => harness
            .command("connect_facilitator", &json!({}))
            .map(drop)?,
        (Step::Update, _, _) => harness.try_event("update", json!({}))?,
        (Step::Reload, _, _) => harness.try_reload()?,
        _ => {}
    }
    let reply = harness.request("GET", "/horde/facilitator", &[], "")?;
    Ok(serde_json::from_slice(&reply.body)?)
}

/// Each call of a whole course, refused once.
#[test]
fn each_call_of_a_course_can_be_refused() {
    use Step::{Answer, Close, Connect, Give, Open, Reload, Request, Unreadable, Update, Wait};

    let steps = [
        Wait,
        Open,
        Answer(""),
        Request(1),
        Give(1, "accepted"),
        Unreadable(5),
        Answer("job.not_found"),
        Answer(""),
        Wait,
        Answer(""),
        Close,
        Connect,
        Open,
        Give(1, "completed"),
        Answer(""),
        Reload,
        Answer("value_error"),
        Wait,
        Update,
        Answer(""),
        Answer("auth.not_authenticated"),
        Wait,
        Open,
    ];
    for k in 1..90 {
        check_failed_handlers(start_harness, &steps, k, play);
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..40),
        k in 1_u64..120,
    ) {
        check_failed_handlers(start_harness, &steps, k, play);
    }
}
