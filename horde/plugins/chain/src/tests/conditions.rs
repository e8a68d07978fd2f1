//! Conditions: each begins when something lasts, and ends with its cause.

use tig_plugin_api::testing::CallKind;
use tig_plugin_api::{Condition, RateLimit, Severity};

use super::*;

fn codes(chain: &Chain) -> Vec<&str> {
    let conditions = chain.conditions().iter();
    conditions
        .map(|condition| condition.code.as_str())
        .collect()
}

fn only(chain: &Chain) -> &Condition {
    let [condition] = chain.conditions() else {
        panic!("{:?}", chain.conditions());
    };
    condition
}

fn fail_poll(chain: &mut Chain, kind: HttpFailureKind) {
    poll(chain);
    let tag = tag(chain, "block/latest");
    chain.fail(&tag, kind);
}

/// Polls fail until the service counts as away.
fn lose_service(chain: &mut Chain, kind: HttpFailureKind) {
    for _ in 0..5 {
        fail_poll(chain, kind);
    }
    assert_eq!(codes(chain), ["chain_unreachable"]);
}

/// Waits for neurons, which are refused until that is reported. Returns the newest block.
fn lose_neurons(chain: &mut Chain) -> u32 {
    want(chain, None);
    let tag = tag(chain, "block/latest/neurons");
    chain.fail(&tag, HttpFailureKind::Connect);
    for number in 8..=15 {
        refuse_neurons(chain, number);
    }
    assert_eq!(codes(chain), ["neurons_unreadable"]);
    15
}

/// A poll, and a request for the newest neurons that is refused.
fn refuse_neurons(chain: &mut Chain, number: u32) {
    block(chain, number, 0);
    respond(chain, "block/latest/neurons", 503, &error(503, "no node"));
}

#[test]
fn lost_service_is_reported_if_it_lasts() {
    let mut chain = following(7);
    let begin_ms = chain.now_ms() + POLL_MS;
    for _ in 0..5 {
        fail_poll(&mut chain, HttpFailureKind::Connect);
        let is_lasting = chain.now_ms() - begin_ms >= 30_000;
        assert_eq!(codes(&chain).len(), usize::from(is_lasting));
    }
    let condition = only(&chain);
    assert_eq!(condition.severity, Severity::Critical);
    let text = &condition.text;
    assert!(
        text.contains("http://pylon/ cannot be connected to"),
        "{text}"
    );
    assert!(condition.remedy.contains("config.horde_chain.url"));
    block(&mut chain, 7, 0);
    assert_eq!(codes(&chain), [""; 0]);
    fail_poll(&mut chain, HttpFailureKind::Connect);
    assert_eq!(codes(&chain), [""; 0], "earlier failures count no more");
}

/// Failures come as fast as the config lets them.
#[test]
fn fast_failures_of_a_restart_are_not_reported() {
    let section =
        json!({ "url": "http://pylon/", "identity": "sn12", "netuid": 12, "poll_ms": 20 });
    let mut chain = Chain::start(settings(&section));
    block(&mut chain, 7, 0);
    let begin_ms = chain.now_ms();
    let mut failures = 0;
    while chain.now_ms() - begin_ms < 10_000 {
        fail_poll(&mut chain, HttpFailureKind::Connect);
        failures += 1;
        assert_eq!(codes(&chain), [""; 0], "{failures}");
    }
    assert!(failures > 5, "{failures}");
    // The service is back, and the next poll finds it.
    chain.advance_ms(25_000);
    assert_eq!(codes(&chain), [""; 0]);
    respond(&mut chain, "block/latest", 200, &head(8, 0));
    assert_eq!(codes(&chain), [""; 0]);
}

/// One failure, and a request that is on its way for long.
#[test]
fn lost_answer_alone_is_not_reported() {
    let mut chain = following(7);
    fail_poll(&mut chain, HttpFailureKind::Timeout);
    chain.advance_ms(25_000);
    assert_eq!(codes(&chain), [""; 0]);
    let tag = tag(&chain, "block/latest");
    chain.fail(&tag, HttpFailureKind::Timeout);
    assert_eq!(codes(&chain), [""; 0]);
    fail_poll(&mut chain, HttpFailureKind::Timeout);
    assert_eq!(codes(&chain), ["chain_unreachable"]);
    let text = &only(&chain).text;
    assert!(text.contains("does not answer in time"), "{text}");
}

/// What the host and the service say differs each time.
#[test]
fn text_does_not_change_with_each_failure() {
    let mut chain = following(7);
    let mut texts = Vec::new();
    for number in 0..10_u16 {
        poll(&mut chain);
        let tag = tag(&chain, "block/latest");
        chain.respond(&tag, 503, error(503, &number.to_string()).to_string());
        texts.extend(chain.conditions().iter().map(|it| it.text.clone()));
    }
    assert!(texts.len() > 4, "{texts:?}");
    texts.dedup();
    assert!(
        texts.len() == 1 && texts[0].contains("status 503"),
        "{texts:?}"
    );
    poll(&mut chain);
    let tag = tag(&chain, "block/latest");
    let limit = RateLimit {
        allowed_per_minute: Some(2),
        wait_ms: 25_000,
    };
    chain.limit(&tag, limit);
    let condition = only(&chain);
    assert!(condition.text.contains("limit of requests"));
    assert!(condition.remedy.contains("http.gets_per_minute"));
}

#[test]
fn refused_token_is_named_and_not_shown() {
    let mut chain = following(7);
    for _ in 0..5 {
        poll(&mut chain);
        respond(&mut chain, "block/latest", 401, &error(401, TOKEN));
    }
    let condition = only(&chain);
    assert!(condition.remedy.contains("api_key_file"), "{condition:?}");
    assert!(!format!("{condition:?}").contains(TOKEN));
}

#[test]
fn standing_chain_is_reported_until_a_block() {
    let mut chain = following(7);
    for _ in 1..STALL_MS / POLL_MS {
        block(&mut chain, 7, 0);
        assert_eq!(codes(&chain), [""; 0]);
    }
    for _ in 0..3 {
        block(&mut chain, 7, 0);
        let condition = only(&chain);
        assert_eq!(condition.code, "chain_stands_still");
        assert_eq!(condition.severity, Severity::Critical);
        assert!(condition.text.contains("no block above 7"));
    }
    block(&mut chain, 8, 0);
    assert_eq!(codes(&chain), [""; 0]);
}

#[test]
fn two_hashes_are_reported_if_no_block_follows() {
    let mut chain = following(7);
    block(&mut chain, 7, 1);
    block(&mut chain, 8, 1);
    chain.advance_ms(30_000);
    assert_eq!(codes(&chain), [""; 0], "the next block has ended it");
    let mut texts = Vec::new();
    for round in 0..16 {
        block(&mut chain, 8, round % 2);
        texts.extend(chain.conditions().iter().map(|it| it.text.clone()));
    }
    assert_eq!(texts.len(), 8, "from 30 s on");
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    let condition = only(&chain);
    assert_eq!(condition.code, "chain_contradicts");
    assert_eq!(condition.severity, Severity::Critical);
    assert!(condition.text.contains("two hashes"));
    block(&mut chain, 9, 0);
    assert_eq!(codes(&chain), [""; 0]);
}

/// A chain that was begun afresh: its height grows with each answer.
#[test]
fn height_that_went_back_is_reported_until_passed() {
    let mut chain = following(700);
    let mut texts = Vec::new();
    for number in 5..(5 + 60) {
        block(&mut chain, number, 0);
        let found = chain.conditions().iter();
        let found = found.filter(|it| it.code == "chain_contradicts");
        texts.extend(found.map(|it| it.text.clone()));
    }
    assert!(texts.len() > 2);
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    let condition = only(&chain);
    assert!(condition.text.contains("gone back below"), "{condition:?}");
    assert!(condition.remedy.contains("empty store"), "{condition:?}");
    block(&mut chain, 701, 0);
    assert_eq!(codes(&chain), [""; 0]);
}

#[test]
fn unreadable_neurons_are_reported_if_they_last() {
    let mut chain = following(7);
    want(&mut chain, None);
    let tag = tag(&chain, "block/latest/neurons");
    chain.fail(&tag, HttpFailureKind::Connect);
    for number in 8..15 {
        refuse_neurons(&mut chain, number);
        assert_eq!(codes(&chain), [""; 0], "{number}");
    }
    refuse_neurons(&mut chain, 15);
    let condition = only(&chain);
    assert_eq!(condition.code, "neurons_unreadable");
    assert_eq!(condition.severity, Severity::Warning);
    assert!(condition.text.contains("status 503"), "{}", condition.text);
    block(&mut chain, 16, 0);
    let answer = neurons_answer(16, 0, &[neuron(1)]);
    respond(&mut chain, "block/latest/neurons", 200, &answer);
    assert_eq!(codes(&chain), [""; 0]);
}

/// Lets the want of the newest neurons expire. Returns the newest block.
fn expire_neurons(chain: &mut Chain) -> u32 {
    let mut number = lose_neurons(chain);
    while status(chain)["wanted_blocks"] != json!([]) {
        number += 1;
        refuse_neurons_if_asked(chain, number);
    }
    assert_eq!(codes(chain), ["neurons_unreadable"]);
    number
}

fn refuse_neurons_if_asked(chain: &mut Chain, number: u32) {
    block(chain, number, 0);
    for path in paths(chain) {
        respond(chain, &path, 503, &error(503, "no node"));
    }
}

#[test]
fn unreadable_neurons_end_if_none_are_wanted() {
    let mut chain = following(7);
    let number = expire_neurons(&mut chain);
    for number in number + 1..number + 10 {
        block(&mut chain, number, 0);
    }
    assert_eq!(codes(&chain), [""; 0]);
    // A later failure is not one of a row.
    want(&mut chain, None);
    let tag = tag(&chain, "block/latest/neurons");
    chain.fail(&tag, HttpFailureKind::Connect);
    assert_eq!(codes(&chain), [""; 0]);
}

/// The schedule asks again at each block.
#[test]
fn unreadable_neurons_wanted_again_stay_reported() {
    let mut chain = following(7);
    let number = expire_neurons(&mut chain);
    for number in number + 1..number + 15 {
        if number % 3 == 0 {
            want(&mut chain, None);
        }
        refuse_neurons_if_asked(&mut chain, number);
        assert_eq!(codes(&chain), ["neurons_unreadable"], "{number}");
    }
}

/// The answer is readable, and is not the newest any more.
#[test]
fn readable_old_neurons_end_the_condition() {
    let mut chain = following(7);
    let number = lose_neurons(&mut chain);
    block(&mut chain, number + 1, 0);
    let answer = neurons_answer(number, 0, &[neuron(1)]);
    respond(&mut chain, "block/latest/neurons", 200, &answer);
    assert_eq!(status(&mut chain)["wanted_blocks"], json!([null]));
    assert_eq!(codes(&chain), [""; 0]);
}

#[test]
fn readable_neurons_of_a_fork_end_the_condition() {
    let mut chain = following(7);
    let number = lose_neurons(&mut chain);
    want(&mut chain, Some(8));
    let answer = neurons_answer(8, 1, &[neuron(1)]);
    respond(&mut chain, "block/8/neurons", 200, &answer);
    block(&mut chain, number + 1, 0);
    assert_eq!(status(&mut chain)["wanted_blocks"], json!([null, 8]));
    assert_eq!(codes(&chain), [""; 0]);
}

#[test]
fn unreadable_neurons_give_way_to_lost_service() {
    let mut chain = following(7);
    let number = lose_neurons(&mut chain);
    fail_poll(&mut chain, HttpFailureKind::Connect);
    assert_eq!(codes(&chain), ["neurons_unreadable"], "one failed poll");
    while codes(&chain) == ["neurons_unreadable"] {
        fail_poll(&mut chain, HttpFailureKind::Connect);
    }
    assert_eq!(codes(&chain), ["chain_unreachable"]);
    refuse_neurons(&mut chain, number + 1);
    assert_eq!(codes(&chain), [""; 0], "neurons are judged afresh");
}

#[test]
fn reload_and_kill_keep_and_forget_the_trouble() {
    let mut chain = following(7);
    lose_service(&mut chain, HttpFailureKind::Connect);
    chain.reload();
    assert_eq!(codes(&chain), ["chain_unreachable"]);
    let condition = only(&chain);
    assert!(condition.text.contains("as it should"), "{condition:?}");
    assert!(condition.remedy.contains("/horde/chain"), "{condition:?}");
    fail_poll(&mut chain, HttpFailureKind::Connect);
    assert!(only(&chain).text.contains("connected to"));
    chain.kill();
    poll(&mut chain);
    assert_eq!(codes(&chain), [""; 0], "a new start finds out again");
}

/// The first report is lost in the host: a repetition would be seen.
#[test]
fn same_conditions_are_not_reported_again() {
    let mut chain = following(7);
    for _ in 0..2 {
        fail_poll(&mut chain, HttpFailureKind::Connect);
    }
    assert_eq!(codes(&chain), [""; 0]);
    chain.fail_next(CallKind::Conditions, "");
    for _ in 0..8 {
        fail_poll(&mut chain, HttpFailureKind::Connect);
        assert_eq!(codes(&chain), [""; 0]);
    }
    fail_poll(&mut chain, HttpFailureKind::Timeout);
    assert_eq!(codes(&chain), ["chain_unreachable"]);
}
