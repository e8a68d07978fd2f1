//! The extension as the host drives it: submissions in, requests out, answers and blocks back.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};
use tig_plugin_api::HttpFailureKind;
use tig_plugin_api::testing::Harness;

use crate::SubmissionsManager;
use crate::submission::RESEND_AFTER_BLOCKS;

mod example;
mod failed_handlers;
mod limits;
mod operator;
mod pause;
mod recorded;

type Manager = Harness<SubmissionsManager>;

const ID: &str = "c0ffee";
const KEY: &str = "0123456789abcdef0123456789abcdef";
const RETRY_MS: u64 = 30_000;

fn start() -> Manager {
    start_with(json!(null))
}

fn start_with(max_retries: Value) -> Manager {
    let mut manager = Harness::start(
        json!({ "name": "submissions_manager", "api_url": "http://api", "api_key": KEY,
        "config": { "submissions_manager": { "clear_precommits_submission_on_new_block": true,
            "max_retries": max_retries, "ms_delay_between_retries": RETRY_MS } } }),
    );
    manager.event("new_block", block(100, "none"));
    manager
}

/// A block in which benchmark `ID` has come to `stage`.
fn block(height: u32, stage: &str) -> Value {
    let settings = precommit(100, 0)["settings"].clone();
    let precommit = json!({ "benchmark_id": ID, "settings": settings, "state": null,
        "details": { "block_started": 100, "num_nonces": 8, "fee_paid": null } });
    let mut block = json!({ "block": { "id": format!("block{height}"), "details": { "height": height },
            "config": { "benchmark_submissions": { "lifespan_period": 120 } } },
        "precommits": {}, "benchmarks": {}, "proofs": {} });
    if stage != "none" {
        block["precommits"][ID] = precommit;
    }
    if stage == "benchmark" || stage == "proof" {
        block["benchmarks"][ID] = json!({ "id": ID });
    }
    if stage == "proof" {
        block["proofs"][ID] = json!({ "benchmark_id": ID });
    }
    block
}

fn precommit(height: u32, difficulty: i32) -> Value {
    json!({ "settings": { "player_id": "0x1", "block_id": format!("block{height}"), "challenge_id": "c003",
        "algorithm_id": "c003_a001", "difficulty": [50, difficulty] }, "num_nonces": 8 })
}

fn benchmark(id: &str) -> Value {
    json!({ "benchmark_id": id, "merkle_root": "11".repeat(32), "solution_nonces": [1, 2] })
}

fn proof(id: &str) -> Value {
    json!({ "benchmark_id": id, "merkle_proofs": [] })
}

/// Answers the open requests in their order; returns the events of it.
fn answer(manager: &mut Manager, status: u16, text: &str) -> Vec<(String, Value)> {
    let tag = manager.http_calls()[0].tag.clone();
    manager.respond(&tag, status, text);
    manager.emitted()
}

fn fail(manager: &mut Manager, kind: HttpFailureKind) -> Vec<(String, Value)> {
    let tag = manager.http_calls()[0].tag.clone();
    manager.fail(&tag, kind);
    manager.emitted()
}

fn report(manager: &mut Manager) -> Value {
    let reply = manager.request("GET", "/submissions", &[], "").unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_ready_submission_has_its_key_in_the_header_only() {
    for (event, body, path) in [
        (
            "precommit_ready",
            precommit(100, 1),
            "http://api/submit-precommit",
        ),
        (
            "benchmark_ready",
            benchmark(ID),
            "http://api/submit-benchmark",
        ),
        ("proof_ready", proof(ID), "http://api/submit-proof"),
    ] {
        let mut manager = start();
        manager.event(event, body.clone());
        let call = manager.http_calls()[0].clone();
        assert_eq!(
            (
                call.url.as_str(),
                serde_json::from_slice::<Value>(&call.body).unwrap()
            ),
            (path, body.clone())
        );
        assert!(
            call.headers
                .contains(&("X-Api-Key".to_owned(), KEY.to_owned()))
        );
        assert!(
            call.headers
                .iter()
                .any(|(name, value)| name == "User-Agent" && !value.is_empty())
        );
        let events = answer(&mut manager, 200, "{}");
        assert_eq!(
            names(&events),
            [path.replace("http://api/", "").replace('-', "_") + "_success"]
        );
        let mut expected = body;
        expected["text"] = json!("{}");
        assert_eq!(events[0].1, expected);
        assert!(!format!("{:?}{:?}", manager.logs(), manager.stored()).contains(KEY));
    }
}

#[test]
fn a_submission_is_pending_until_a_block_shows_it() {
    let mut manager = start();
    manager.event("benchmark_ready", benchmark(ID));
    manager.event("benchmark_ready", benchmark(ID));
    answer(&mut manager, 200, r#"{"ok":true}"#);
    let sent = report(&mut manager)["benchmarks"][0].clone();
    assert_eq!(
        (&sent["state"], &sent["waits_for"]),
        (&json!("sent"), &json!("confirmation"))
    );
    assert_eq!(manager.unfinished(), 1, "a drain waits for the block");
    // The first listing may have been on its way when the benchmark was sent, however far its block is ahead.
    for height in 110..110 + RESEND_AFTER_BLOCKS {
        manager.event("new_block", block(height, "precommit"));
        assert_eq!(manager.http_calls().len(), 0);
    }
    manager.event("new_block", block(110 + RESEND_AFTER_BLOCKS, "precommit"));
    assert_eq!(manager.http_calls().len(), 1, "the API has lost it");
    let events = answer(&mut manager, 400, "benchmark c0ffee was already submitted");
    assert_eq!(names(&events), ["submit_benchmark_success"]);
    manager.event("new_block", block(114, "benchmark"));
    assert!(manager.stored().is_empty());
    assert_eq!(manager.unfinished(), 0);
    manager.event("benchmark_ready", benchmark(ID));
    assert_eq!(manager.http_calls().len(), 0, "confirmed already");
}

#[test]
fn refused_identities_are_logged_with_a_remedy() {
    for (status, text, remedy) in [
        (401, "invalid API key", "is whole"),
        (
            400,
            "wrong submitting player: expected a, got b",
            "of another account",
        ),
    ] {
        let mut manager = start();
        manager.event("precommit_ready", precommit(100, 0));
        answer(&mut manager, status, text);
        let logs = manager.logs();
        let is_logged =
            |(level, text): &(String, String)| level == "error" && text.contains(remedy);
        assert!(logs.iter().any(is_logged), "{logs:?}");
    }
}

#[test]
fn work_refused_for_its_key_is_sent_again() {
    for (event, work) in [
        ("benchmark_ready", benchmark(ID)),
        ("proof_ready", proof(ID)),
    ] {
        let mut manager = start();
        manager.event(event, work);
        let refusal = "wrong submitting player: expected a, got b";
        let events = answer(&mut manager, 400, refusal);
        assert_eq!(events[0].1["will_retry"], json!(true));
        // The operator corrects the key.
        manager.restart();
        manager.event("new_block", block(101, "precommit"));
        manager.advance_ms(RETRY_MS);
        manager.update();
        assert_eq!(manager.http_calls().len(), 1, "{event}");
    }
}

proptest! {
    /// However the clock was set between runs: paid work is sent after the delay at the latest.
    #[test]
    fn retries_survive_clock_jumps(ahead_days in 0_u64..60, back_ms in 0_u64..60 * 86_400_000) {
        let mut manager = start();
        manager.advance_ms(ahead_days * 86_400_000);
        manager.event("benchmark_ready", benchmark(ID));
        answer(&mut manager, 503, "maintenance");
        manager.set_back_ms(back_ms);
        manager.restart();
        manager.event("new_block", block(101, "precommit"));
        manager.advance_ms(RETRY_MS);
        manager.update();
        prop_assert_eq!(manager.http_calls().len(), 1);
    }
}

#[test]
fn failures_are_retried_as_configured() {
    let mut manager = start_with(json!(2));
    manager.event("benchmark_ready", benchmark(ID));
    for will_retry in [true, true, false] {
        let events = answer(&mut manager, 503, "maintenance");
        assert_eq!(events[0].0, "submit_benchmark_error");
        assert_eq!(
            events[0].1,
            json!({ "text": "maintenance", "status": 503, "request": benchmark(ID),
            "will_retry": will_retry })
        );
        manager.advance_ms(RETRY_MS - 1);
        manager.update();
        assert_eq!(manager.http_calls().len(), 0);
        manager.advance_ms(1);
        manager.update();
        assert_eq!(manager.http_calls().len(), usize::from(will_retry));
    }
    let labels = [("kind", "benchmark"), ("outcome", "retryable")];
    assert_eq!(manager.metric("answers", &labels), Some(3.0));
    assert_eq!(manager.unfinished(), 0, "nothing more can be done");
    let given_up = report(&mut manager)["benchmarks"][0].clone();
    assert_eq!(
        given_up,
        json!({ "id": ID, "state": "rejected", "waits_for": null, "attempts": 3, "last_error": "maintenance" })
    );
    manager.event("benchmark_ready", benchmark(ID));
    manager.event("new_block", block(220, "precommit"));
    assert_eq!(manager.http_calls().len(), 0);
    manager.event("new_block", block(221, "none"));
    assert!(manager.stored().is_empty(), "its lifespan is over");
}

#[test]
fn a_rejected_proof_raises_an_alarm_and_is_not_resent() {
    for (status, text, alarm) in [
        (
            400,
            "invalid proof nonces: expected [1], submitted [2]",
            "submission rejected",
        ),
        (
            200,
            r#"{"verified":{"Err":"invalid solution for nonce 7"}}"#,
            "calls the submission a fraud",
        ),
    ] {
        let mut manager = start();
        manager.event("proof_ready", proof(ID));
        let events = answer(&mut manager, status, text);
        assert_eq!(
            (events[0].0.as_str(), &events[0].1["will_retry"]),
            ("submit_proof_error", &json!(false))
        );
        assert_eq!(
            (events[1].0.as_str(), &events[1].1["benchmark_id"]),
            ("alert", &json!(ID))
        );
        assert!(
            manager
                .logs()
                .iter()
                .any(|(level, text)| level == "error" && text.contains(alarm))
        );
        manager.advance_ms(RETRY_MS);
        manager.restart();
        manager.event("proof_ready", proof(ID));
        manager.event("new_block", block(110, "benchmark"));
        assert_eq!(manager.http_calls().len(), 0);
    }
}

#[test]
fn a_precommit_is_repeated_only_if_it_never_arrived() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    let events = fail(&mut manager, HttpFailureKind::Connect);
    assert_eq!(
        (events[0].0.as_str(), &events[0].1["will_retry"]),
        ("submit_precommit_error", &json!(true))
    );
    manager.advance_ms(RETRY_MS);
    manager.update();
    assert_eq!(manager.http_calls().len(), 1);

    let events = fail(&mut manager, HttpFailureKind::Timeout);
    assert_eq!(events, [], "neither success nor error: the slot stays used");
    manager.advance_ms(RETRY_MS);
    manager.update();
    assert_eq!(manager.http_calls().len(), 0);
    assert_eq!(report(&mut manager)["precommits"], json!([]));
}

#[test]
fn a_precommit_is_not_carried_into_the_next_block() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    manager.event("precommit_ready", precommit(100, 2));
    manager.event("new_block", block(101, "none"));
    assert_eq!(
        names(&manager.emitted()),
        ["precommit_dropped"],
        "of the second"
    );
    let events = fail(&mut manager, HttpFailureKind::Connect);
    assert_eq!(events[0].1["will_retry"], json!(false));
    assert_eq!(events[1].1["settings"], precommit(100, 1)["settings"]);
    manager.advance_ms(RETRY_MS);
    manager.update();
    assert_eq!(
        (
            manager.http_calls().len(),
            &report(&mut manager)["precommits"]
        ),
        (0, &json!([]))
    );
}

#[test]
fn a_precommit_is_not_sent_again_after_a_restart() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    let tag = manager.http_calls()[0].tag.clone();
    manager.restart();
    manager.event("new_block", block(100, "none"));
    manager.advance_ms(RETRY_MS);
    manager.update();
    assert_eq!(
        manager.http_calls().len(),
        1,
        "the one of the process before"
    );
    manager.event("precommit_ready", precommit(100, 2));
    assert_eq!(manager.http_calls().len(), 2);
    manager.respond(&tag, 200, "{}");
    assert_eq!(
        manager.emitted(),
        [],
        "not taken for the response of the second"
    );
}

#[test]
fn a_restart_sends_nothing_before_a_block_is_seen() {
    let mut manager = start();
    manager.event("benchmark_ready", benchmark(ID));
    manager.event("benchmark_ready", benchmark("f00d"));
    manager.restart();
    manager.update();
    assert_eq!(
        manager.http_calls().len(),
        1,
        "the one of the process before"
    );
    manager.event("new_block", block(101, "benchmark"));
    assert_eq!(manager.http_calls().len(), 2);
    assert_eq!(
        report(&mut manager)["benchmarks"].as_array().unwrap().len(),
        1,
        "the other is confirmed"
    );
}

#[test]
fn a_reload_still_awaits_the_response() {
    let mut manager = start();
    manager.event("precommit_ready", precommit(100, 1));
    manager.event("proof_ready", proof(ID));
    manager.reload();
    manager.update();
    assert_eq!(manager.http_calls().len(), 2);
    assert_eq!(
        names(&answer(&mut manager, 200, "{}")),
        ["submit_precommit_success"]
    );
    assert_eq!(
        names(&answer(&mut manager, 200, "{}")),
        ["submit_proof_success"]
    );
}

#[test]
fn a_lost_response_blocks_nothing_for_ever() {
    let mut manager = start();
    manager.event("proof_ready", proof(ID));
    let lost = manager.http_calls()[0].tag.clone();
    manager.advance_ms(10 * 60_000);
    manager.update();
    manager.advance_ms(RETRY_MS);
    manager.update();
    assert_eq!(manager.http_calls().len(), 2);
    manager.emitted();
    manager.respond(&lost, 200, "{}");
    assert_eq!(
        manager.emitted(),
        [],
        "the response of an abandoned request is ignored"
    );
    assert_eq!(
        names(&answer(&mut manager, 200, "{}")),
        ["submit_proof_success"]
    );
}

proptest! {
    /// Whatever answers, blocks and restarts come, a benchmark ends confirmed or is still pending, never lost.
    #[test]
    fn a_benchmark_is_never_lost(steps in proptest::collection::vec(0_u8..7, 0..40)) {
        let mut manager = start();
        manager.event("benchmark_ready", benchmark(ID));
        let mut height = 100;
        for step in steps {
            match step {
                0 => manager.restart(),
                1 => manager.reload(),
                2 => manager.advance_ms(RETRY_MS),
                3 => {
                    height += 1;
                    manager.event("new_block", block(height, "precommit"));
                }
                _ if manager.http_calls().is_empty() => manager.update(),
                4 => drop(answer(&mut manager, 200, "{}")),
                5 => drop(answer(&mut manager, 502, "bad gateway")),
                _ => drop(fail(&mut manager, HttpFailureKind::Timeout)),
            }
            prop_assert!(manager.stored().contains_key("benchmark/c0ffee"));
        }
        manager.event("new_block", block(height + 1, "precommit"));
        manager.event("new_block", block(height + 1 + RESEND_AFTER_BLOCKS, "precommit"));
        manager.advance_ms(10 * 60_000);
        manager.update();
        manager.advance_ms(RETRY_MS);
        manager.update();
        prop_assert!(!manager.http_calls().is_empty(), "it is sent again in the end");
        manager.event("new_block", block(height + 1 + RESEND_AFTER_BLOCKS, "benchmark"));
        prop_assert!(manager.stored().is_empty());
    }
}

/// A block that has confirmed the precommit of `ID` with `rand_hash`, and sampled `nonces` of its benchmark.
fn confirmed(height: u32, rand_hash: &str, nonces: &[u64]) -> Value {
    let mut block = block(height, "benchmark");
    block["precommits"][ID]["state"] = json!({ "block_confirmed": height, "rand_hash": rand_hash });
    block["benchmarks"][ID]["state"] =
        json!({ "block_confirmed": height, "sampled_nonces": nonces });
    block
}

#[test]
fn a_submission_of_a_rolled_back_block_is_dropped() {
    let mut manager = start();
    manager.event("new_block", confirmed(101, "first", &[1, 2]));
    let leaf = |nonce: u64| {
        let leaf =
            json!({ "nonce": nonce, "runtime_signature": 0, "fuel_consumed": 0, "solution": {} });
        json!({ "leaf": leaf, "branch": "" })
    };
    let proof = |nonce| json!({ "benchmark_id": ID, "merkle_proofs": [leaf(1), leaf(nonce)] });
    manager.event("proof_ready", proof(2));
    let tag = manager.http_calls()[0].tag.clone();

    manager.event("new_block", confirmed(101, "first", &[1, 3]));
    assert_eq!(report(&mut manager)["proofs"], json!([]));
    manager.event("proof_ready", proof(3));
    manager.respond(&tag, 400, "not these nonces");
    let sent = manager.http_calls()[0].clone();
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        proof(3),
        "the first answer says nothing of the second proof"
    );
    manager.respond(&sent.tag, 200, "");
    assert_eq!(report(&mut manager)["proofs"][0]["state"], "sent");

    manager.event("new_block", confirmed(101, "second", &[1, 3]));
    assert_eq!(report(&mut manager)["proofs"], json!([]));
}

#[test]
fn another_benchmark_of_a_job_replaces_the_first() {
    let mut manager = start();
    manager.event("benchmark_ready", benchmark(ID));
    assert_eq!(
        names(&answer(&mut manager, 500, "later")),
        ["submit_benchmark_error"]
    );
    let mut other = benchmark(ID);
    other["merkle_root"] = json!("22".repeat(32));
    manager.event("benchmark_ready", other.clone());
    let sent = manager.http_calls()[0].clone();
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), other);
}

#[test]
fn a_benchmark_for_an_unlisted_hash_is_not_sent() {
    let mut manager = start();
    let mut late = benchmark(ID);
    late["rand_hash"] = json!("first");
    manager.event("new_block", confirmed(101, "second", &[1]));
    let mut block = block(102, "precommit");
    block["precommits"][ID]["state"] = json!({ "block_confirmed": 101, "rand_hash": "second" });
    manager.event("new_block", block.clone());
    manager.event("benchmark_ready", late.clone());
    assert_eq!(manager.http_calls().len(), 0);

    late["rand_hash"] = json!("second");
    manager.event("benchmark_ready", late);
    let sent = manager.http_calls()[0].clone();
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        benchmark(ID),
        "the hash is not part of the request"
    );
}

#[test]
fn a_restart_drops_submissions_of_a_stale_hash() {
    let mut manager = start();
    manager.restart();
    let mut ready = benchmark(ID);
    ready["rand_hash"] = json!("first");
    manager.event("benchmark_ready", ready);
    let mut block = block(102, "precommit");
    block["precommits"][ID]["state"] = json!({ "block_confirmed": 101, "rand_hash": "second" });
    manager.event("new_block", block);
    assert_eq!(manager.http_calls().len(), 0);
    assert_eq!(report(&mut manager)["benchmarks"], json!([]));
}
