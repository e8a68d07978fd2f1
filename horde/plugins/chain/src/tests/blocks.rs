//! The newest block, and what the state of the chain is said to be.

use super::*;

#[test]
fn new_block_is_emitted_once() {
    let mut chain = start();
    block(&mut chain, 7, 0);
    let emitted = chain.emitted();
    let names: Vec<&str> = emitted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["horde_chain_state", "horde_block"]);
    assert_eq!(emitted[0].1["condition"], "following");
    assert_eq!(emitted[1].1["number"], 7);
    assert_eq!(emitted[1].1["hash"], hash(7, 0));
    block(&mut chain, 7, 0);
    block(&mut chain, 9, 0);
    assert_eq!(block_numbers(&mut chain), [9]);
    assert_eq!(chain.metric("horde_chain_block", &[]), Some(9.0));
    let labels = [("request", "block"), ("result", "ok")];
    assert_eq!(chain.metric("horde_chain_requests", &labels), Some(3.0));
}

#[test]
fn poll_carries_token_and_patience() {
    let mut chain = start();
    poll(&mut chain);
    let [call] = chain.http_calls() else {
        panic!("{:?}", paths(&chain));
    };
    let header = |name: &str| {
        let mut headers = call.headers.iter();
        headers
            .find(|(header, _)| header == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(header("Authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(header("X-Pylon-Timeout"), "19");
    assert!(call.max_body_bytes <= 1 << 20);
}

#[test]
fn polls_come_one_after_another() {
    let mut chain = start();
    poll(&mut chain);
    chain.advance_ms(3 * POLL_MS);
    assert_eq!(paths(&chain), ["block/latest"]);
    // The host answers each request. If one was lost all the same, polls go on.
    chain.advance_ms(30_000);
    assert_eq!(paths(&chain).len(), 2);
}

#[test]
fn both_shapes_of_the_answer_are_read() {
    let mut chain = following(7);
    poll(&mut chain);
    let answer = json!({ "block": head(8, 0) });
    respond(&mut chain, "block/latest", 200, &answer);
    assert_eq!(block_numbers(&mut chain), [8]);
}

/// Pylon 1.4.0 names the newest block only together with its neurons.
#[test]
fn service_without_the_route_is_asked_for_neurons() {
    let mut chain = start();
    want(&mut chain, None);
    poll(&mut chain);
    respond(&mut chain, "block/latest", 404, &error(404, "Not Found"));
    let answer = neurons_answer(7, 0, &[neuron(1)]);
    respond(&mut chain, "block/latest/neurons", 200, &answer);
    let emitted = chain.emitted();
    let names: Vec<&str> = emitted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["horde_chain_state", "horde_block", "horde_neurons"]);
    poll(&mut chain);
    assert_eq!(paths(&chain), ["block/latest/neurons"]);

    // What comes back after a failure may be a newer version.
    let tag = tag(&chain, "block/latest/neurons");
    chain.fail(&tag, HttpFailureKind::Connect);
    poll(&mut chain);
    assert_eq!(paths(&chain), ["block/latest"]);
}

#[test]
fn lost_service_is_reported_once_and_when_it_is_back() {
    let mut chain = following(7);
    chain.logs();
    for _ in 0..20 {
        poll(&mut chain);
        let tag = tag(&chain, "block/latest");
        chain.fail(&tag, HttpFailureKind::Connect);
    }
    let warnings = log_text(&mut chain).matches("warn ").count();
    assert_eq!(warnings, 1);
    assert_eq!(conditions(&mut chain), ["unreachable"]);
    assert_eq!(status(&mut chain)["failures"], 20);
    let wait_ms = chain.timers()["poll"] - chain.now_ms();
    assert!((30_000..=60_000).contains(&wait_ms), "{wait_ms}");
    block(&mut chain, 7, 0);
    let emitted = chain.emitted();
    assert_eq!(emitted.len(), 1, "{emitted:?}");
    assert_eq!(emitted[0].1["condition"], "following");
    assert!(log_text(&mut chain).contains("the chain is followed"));
}

#[test]
fn poll_waits_for_its_turn() {
    let mut chain = start();
    poll(&mut chain);
    let tag = tag(&chain, "block/latest");
    let limit = tig_plugin_api::RateLimit {
        allowed_per_minute: Some(2),
        wait_ms: 25_000,
    };
    chain.limit(&tag, limit);
    assert_eq!(chain.timers()["poll"] - chain.now_ms(), 25_000);
}

#[test]
fn block_that_stays_for_three_minutes_is_reported() {
    let mut chain = following(7);
    for _ in 0..STALL_MS / POLL_MS {
        block(&mut chain, 7, 0);
    }
    let emitted = chain.emitted();
    assert_eq!(emitted.len(), 1, "{emitted:?}");
    let state = &emitted[0].1;
    assert_eq!(
        (&state["condition"], &state["block"]),
        (&json!("stands_still"), &json!(7))
    );
    want(&mut chain, None);
    assert_eq!(paths(&chain), [""; 0]);
    block(&mut chain, 8, 0);
    assert_eq!(paths(&chain), ["block/latest/neurons"]);
    assert_eq!(block_numbers(&mut chain), [8]);
}

#[test]
fn two_hashes_of_a_height_stop_decisions() {
    let mut chain = following(7);
    block(&mut chain, 7, 1);
    want(&mut chain, None);
    block(&mut chain, 7, 1);
    let emitted = chain.emitted();
    assert_eq!(emitted.len(), 1, "{emitted:?}");
    let reason = emitted[0].1["reason"].as_str().unwrap();
    assert!(
        reason.contains(&hash(7, 0)) && reason.contains(&hash(7, 1)),
        "{reason}"
    );
    assert_eq!(paths(&chain), [""; 0]);
    block(&mut chain, 8, 1);
    let names: Vec<_> = chain.emitted().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["horde_chain_state", "horde_block"]);
}

#[test]
fn short_reorganisation_is_waited_out() {
    let mut chain = following(7);
    for (number, fork) in [(6, 0), (5, 0), (6, 0)] {
        block(&mut chain, number, fork);
    }
    assert_eq!(chain.emitted(), []);
    block(&mut chain, 8, 1);
    assert_eq!(block_numbers(&mut chain), [8]);
}

#[test]
fn height_that_stays_back_is_reported() {
    let mut chain = following(700);
    for _ in 0..=STALL_MS / POLL_MS {
        block(&mut chain, 5, 0);
    }
    let states = emitted(&mut chain, "horde_chain_state");
    let last = states.last().unwrap();
    assert_eq!(last["condition"], "contradicts");
    let reason = last["reason"].as_str().unwrap();
    assert!(reason.contains("is 5, and was 700 before"), "{reason}");
    assert_eq!(status(&mut chain)["block"]["number"], 700);
}

#[test]
fn status_shows_block_age_and_state() {
    let mut chain = start();
    assert_eq!(status(&mut chain)["state"], Value::Null);
    block(&mut chain, 7, 0);
    chain.advance_ms(1_500);
    want(&mut chain, Some(6));
    call(&mut chain, "c", &commit());
    let shown = status(&mut chain);
    assert_eq!(shown["block"]["age_ms"], 1_500);
    assert_eq!(shown["state"]["condition"], "following");
    assert_eq!(shown["wanted_blocks"], json!([6]));
    assert_eq!(shown["pending_calls"][0]["request"], "commit_weights");
    assert!(!shown.to_string().contains(TOKEN));
}
