//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use serde_json::{Value, json};
use tig_plugin_api::Result;
use tig_plugin_api::testing::{Harness, check_failed_handlers};

use super::support::*;
use crate::Receipts;

#[derive(Clone, Debug)]
enum Step {
    Own(u64),
    Neurons(u32),
    /// The oldest request is answered with receipts of these numbers; none for 404.
    Answer(Vec<u64>),
    Fail,
    Wait,
    Update,
    Fetch,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let numbers = prop::collection::vec(0..6_u64, 0..3);
    prop_oneof![
        3 => (0..6_u64).prop_map(Step::Own),
        3 => (1..4_u32).prop_map(Step::Neurons),
        10 => numbers.prop_map(Step::Answer),
        1 => Just(Step::Fail),
        5 => Just(Step::Wait),
        2 => Just(Step::Update),
        1 => Just(Step::Fetch),
        1 => Just(Step::Reload),
    ]
}

/// Even numbers are this validator's.
fn line(number: u64) -> String {
    let validator = if number.is_multiple_of(2) {
        own()
    } else {
        other()
    };
    receipt(number, &validator, &miner(1), 0).to_text() + "\n"
}

fn play(harness: &mut Harness<Receipts>, step: &Step) -> Result<Value> {
    let call = harness.http_calls().first().map(|call| call.tag.clone());
    match (step, call) {
        (Step::Own(number), _) => {
            let receipts = [receipt(*number, &own(), &miner(1), 0)];
            harness.try_event("horde_receipts_signed", signed_event(&receipts))?;
        }
        (Step::Neurons(block), _) => {
            harness.try_event("horde_neurons", neurons(*block, &[1, 2]))?;
        }
        (Step::Answer(numbers), Some(tag)) => {
            let body: String = numbers.iter().map(|number| line(*number)).collect();
            let status = if numbers.is_empty() { 404 } else { 200 };
            harness.try_respond(&tag, status, body)?;
        }
        (Step::Fail, Some(tag)) => {
            harness.try_fail(&tag, tig_plugin_api::HttpFailureKind::Timeout)?;
        }
        (Step::Wait, _) => harness.try_next_timer()?,
        (Step::Update, _) => harness.try_event("update", json!({}))?,
        (Step::Fetch, _) => harness.command("fetch_receipts", &json!({})).map(drop)?,
        (Step::Reload, _) => harness.try_reload()?,
        (Step::Answer(_) | Step::Fail, None) => {}
    }
    let reply = harness.request("GET", "/horde/receipts", &[], "")?;
    Ok(serde_json::from_slice(&reply.body)?)
}

#[test]
fn each_call_of_a_course_can_be_refused() {
    use Step::{Answer, Fail, Fetch, Neurons, Own, Reload, Update, Wait};

    let steps = [
        Own(2),
        Wait,
        Neurons(1),
        Answer(vec![1, 2, 4]),
        Answer(vec![]),
        Own(4),
        Fail,
        Wait,
        Fetch,
        Answer(vec![3]),
        Update,
        Reload,
        Neurons(2),
        Answer(vec![5]),
        Wait,
        Update,
    ];
    for k in 1..110 {
        check_failed_handlers(start_harness, &steps, k, play);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..30),
        k in 1_u64..120,
    ) {
        check_failed_handlers(start_harness, &steps, k, play);
    }
}
