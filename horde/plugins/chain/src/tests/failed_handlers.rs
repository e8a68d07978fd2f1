//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Want(Option<u32>),
    Call(u8),
    Fetch,
    /// Answers the oldest request as a chain at this height of this fork would.
    Answer(u32, u8),
    Refuse(u16),
    Fail(HttpFailureKind),
    /// Handles the next timer.
    Timer,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let block = prop::option::of(prop::sample::select(&[1_u32, 2, 9][..]));
    let kind = prop::sample::select(
        &[
            HttpFailureKind::Connect,
            HttpFailureKind::Timeout,
            HttpFailureKind::RateLimited,
        ][..],
    );
    prop_oneof![
        3 => block.prop_map(Step::Want),
        3 => (0_u8..3).prop_map(Step::Call),
        1 => Just(Step::Fetch),
        10 => (1_u32..12, 0_u8..2).prop_map(|(number, fork)| Step::Answer(number, fork)),
        2 => prop::sample::select(&[404_u16, 400, 503][..]).prop_map(Step::Refuse),
        1 => kind.prop_map(Step::Fail),
        6 => Just(Step::Timer),
        1 => Just(Step::Reload),
    ]
}

/// The answer of a chain to a request.
fn answer(call: &HttpCall, number: u32, fork: u8) -> Value {
    let path = call.url.strip_prefix(PREFIX).unwrap();
    match path {
        "block/latest" => head(number, fork),
        "block/latest/neurons" => neurons_answer(number, fork, &[neuron(1)]),
        "weights/commit" => json!({ "block": number }),
        path => {
            let number = path.split('/').nth(1).unwrap().parse().unwrap();
            neurons_answer(number, fork, &[neuron(1)])
        }
    }
}

fn play(chain: &mut Chain, step: &Step) -> Result<Value> {
    let oldest = chain.http_calls().first().cloned();
    match (step, oldest) {
        (Step::Want(block), _) => {
            chain.try_event("horde_neurons_wanted", json!({ "block": block }))?;
        }
        (Step::Call(name), _) => {
            let deadline_ms = chain.now_ms() + 10_000;
            let name = name.to_string();
            let call = json!({ "call": name, "deadline_ms": deadline_ms, "request": commit() });
            chain.try_event("horde_chain_call", call)?;
        }
        (Step::Fetch, _) => chain.command("fetch_miners", &json!({})).map(drop)?,
        (Step::Answer(number, fork), Some(call)) => {
            let body = answer(&call, *number, *fork).to_string();
            chain.try_respond(&call.tag, 200, body)?;
        }
        (Step::Refuse(status), Some(call)) => chain.try_respond(&call.tag, *status, "{}")?,
        (Step::Fail(kind), Some(call)) => chain.try_fail(&call.tag, *kind)?,
        (Step::Timer, _) => chain.try_next_timer()?,
        (Step::Reload, _) => chain.try_reload()?,
        (_, None) => {}
    }
    Ok(status(chain))
}

/// Each call of a usual course, refused once.
#[test]
fn each_call_of_a_course_can_be_refused() {
    use Step::{Answer, Call, Fail, Fetch, Refuse, Reload, Timer, Want};

    let steps = [
        Timer,
        Refuse(404),
        Answer(5, 0),
        Want(Some(1)),
        Answer(5, 0),
        Fetch,
        Call(0),
        Timer,
        Answer(6, 0),
        Answer(6, 0),
        Answer(6, 0),
        Reload,
        Timer,
        Answer(6, 1),
        Timer,
        Fail(HttpFailureKind::Connect),
        Want(Some(2)),
        Timer,
        Answer(7, 1),
        Answer(7, 1),
        Call(1),
        Timer,
        Timer,
        Timer,
        Answer(8, 1),
    ];
    for k in 1..120 {
        check_failed_handlers(start, &steps, k, play);
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..50),
        k in 1_u64..120,
    ) {
        check_failed_handlers(start, &steps, k, play);
    }

    /// Whatever happens, kills too: numbers of blocks grow, and each call has one answer.
    #[test]
    fn blocks_grow_and_calls_have_one_answer(
        steps in prop::collection::vec(prop::option::weighted(0.95, step()), 1..80),
    ) {
        let mut chain = start();
        let mut newest = 0;
        // After a kill the newest block comes once more.
        let mut may_repeat = false;
        let mut open = std::collections::BTreeSet::new();
        for step in &steps {
            match step {
                Some(step) => {
                    let is_refused = play(&mut chain, step).is_err();
                    prop_assert!(!is_refused || matches!(step, Step::Fetch));
                }
                None => {
                    chain.kill();
                    may_repeat = true;
                }
            }
            if let Some(Step::Call(name)) = step {
                open.insert(name.to_string());
            }
            for (name, event) in chain.emitted() {
                match name.as_str() {
                    "horde_block" => {
                        let number = event["number"].as_u64().unwrap();
                        prop_assert!(number > newest || may_repeat && number == newest);
                        (newest, may_repeat) = (number, false);
                    }
                    "horde_chain_answer" => prop_assert!(open.remove(event["call"].as_str().unwrap())),
                    _ => {}
                }
            }
        }
        chain.advance_ms(20_000);
        for (call, _) in answers(&mut chain) {
            prop_assert!(open.remove(&call));
        }
        prop_assert!(open.is_empty(), "without an answer: {open:?}");
    }
}
