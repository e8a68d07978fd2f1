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

/// A poll, and a request for the newest neurons that is refused.
fn refuse_neurons(chain: &mut Chain, number: u32) {
    block(chain, number, 0);
    respond(chain, "block/latest/neurons", 503, &error(503, "no node"));
}

#[test]
fn lost_service_is_reported_at_third_failure() {
    let mut chain = following(7);
    for expected in [&[][..], &[], &["chain_unreachable"], &["chain_unreachable"]] {
        fail_poll(&mut chain, HttpFailureKind::Connect);
        assert_eq!(codes(&chain), expected);
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
    chain.advance_ms(8_000);
    assert_eq!(codes(&chain), ["chain_unreachable"]);
    let text = &only(&chain).text;
    assert!(text.contains("does not answer in time"), "{text}");
}

/// What the host and the service say differs each time.
#[test]
fn text_does_not_change_with_each_failure() {
    let mut chain = following(7);
    let mut texts = Vec::new();
    for number in 0..8_u16 {
        poll(&mut chain);
        let tag = tag(&chain, "block/latest");
        chain.respond(&tag, 503, error(503, &number.to_string()).to_string());
        texts.extend(chain.conditions().iter().map(|it| it.text.clone()));
    }
    assert_eq!(texts.len(), 6);
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
    for _ in 0..3 {
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
        assert_eq!(condition.severity, Severity::Warning);
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
    // The want expires, and nothing says that the neurons could be had.
    for number in 16..60 {
        block(&mut chain, number, 0);
        for path in paths(&chain) {
            respond(&mut chain, &path, 503, &error(503, "no node"));
        }
    }
    assert_eq!(status(&mut chain)["wanted_blocks"], json!([]));
    assert_eq!(codes(&chain), ["neurons_unreadable"]);
    want(&mut chain, None);
    let answer = neurons_answer(59, 0, &[neuron(1)]);
    respond(&mut chain, "block/latest/neurons", 200, &answer);
    assert_eq!(codes(&chain), [""; 0]);
}

#[test]
fn reload_and_kill_keep_and_forget_the_trouble() {
    let mut chain = following(7);
    for _ in 0..3 {
        fail_poll(&mut chain, HttpFailureKind::Connect);
    }
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
    chain.fail_next(CallKind::Conditions, "");
    for _ in 0..5 {
        fail_poll(&mut chain, HttpFailureKind::Connect);
        assert_eq!(codes(&chain), [""; 0]);
    }
    fail_poll(&mut chain, HttpFailureKind::Timeout);
    assert_eq!(codes(&chain), ["chain_unreachable"]);
}
