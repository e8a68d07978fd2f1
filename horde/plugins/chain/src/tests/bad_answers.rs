//! Answers of a service that cannot be trusted.

use super::*;

/// Answers the poll, and returns the reason why it was not taken.
fn poll_fault(status: u16, body: &str) -> String {
    let mut chain = following(7);
    poll(&mut chain);
    let tag = tag(&chain, "block/latest");
    chain.respond(&tag, status, body);
    if status == 404 {
        respond(
            &mut chain,
            "block/latest/neurons",
            404,
            &error(404, "Identity 'sn12' not found"),
        );
    }
    fault(&mut chain)
}

/// The reason of the one state that was emitted.
fn fault(chain: &mut Chain) -> String {
    let emitted = chain.emitted();
    let [(_, state)] = emitted.as_slice() else {
        panic!("{emitted:?}");
    };
    assert_eq!(state["condition"], "unreachable");
    state["reason"].as_str().unwrap().to_owned()
}

/// Answers the request for the newest neurons, and returns the reason why it was not taken.
fn neurons_fault(body: &str) -> String {
    let mut chain = following(7);
    want(&mut chain, None);
    let tag = tag(&chain, "block/latest/neurons");
    chain.respond(&tag, 200, body);
    assert_eq!(emitted(&mut chain, "horde_neurons"), [] as [Value; 0]);
    let fault = status(&mut chain)["neurons_fault"].clone();
    let fault = fault.as_str().unwrap().to_owned();
    // The reason is logged once; the neurons are asked for at each poll.
    for _ in 0..2 {
        block(&mut chain, 7, 0);
        let tag = self::tag(&chain, "block/latest/neurons");
        chain.respond(&tag, 200, body);
    }
    assert_eq!(log_text(&mut chain).matches("warn no neurons").count(), 1);
    fault
}

fn neurons_text(change: impl Fn(&mut Value)) -> String {
    let mut changed = neuron(1);
    change(&mut changed);
    neurons_answer(7, 0, &[changed, neuron(2)]).to_string()
}

#[track_caller]
fn check(fault: &str, part: &str) {
    assert!(fault.contains(part), "{fault}");
}

#[test]
fn refusals_say_what_to_check() {
    for (status, advice) in [
        (401, "api_key_file"),
        (403, "api_key_file"),
        (404, "check `url`, `identity` and `netuid`"),
        (429, "raise `poll_ms`"),
        (500, "status 500"),
        (503, "status 503"),
    ] {
        check(
            &poll_fault(status, &error(status, "no").to_string()),
            advice,
        );
    }
    check(&poll_fault(500, ""), "status 500");
}

/// A service that answers for one subnet only.
#[test]
fn other_netuid_is_named_as_a_cause() {
    let reason = poll_fault(404, &error(404, "Not Found").to_string());
    check(&reason, "netuid");
}

#[test]
fn store_of_another_netuid_is_refused() {
    let mut chain = start();
    chain.store("netuid", "11");
    let error = chain.try_reload().unwrap_err().to_string();
    check(&error, "netuid 11, and config.horde_chain.netuid is 12");
}

#[test]
fn failures_on_the_way_are_named() {
    for kind in [
        // TLS faults are connections that cannot be made.
        HttpFailureKind::Connect,
        HttpFailureKind::Timeout,
        HttpFailureKind::Other,
        // 100 MB.
        HttpFailureKind::TooLarge,
    ] {
        let mut chain = following(7);
        poll(&mut chain);
        let tag = tag(&chain, "block/latest");
        chain.fail(&tag, kind);
        check(&fault(&mut chain), "no answer");
    }
}

#[test]
fn long_bodies_are_bounded() {
    let mut chain = following(7);
    want(&mut chain, None);
    want(&mut chain, Some(3));
    call(&mut chain, "c", &json!({ "request": "read_commits" }));
    assert_eq!(chain.http_calls().len(), 3);
    for call in chain.http_calls() {
        assert!(call.max_body_bytes <= 16 << 20, "{}", call.url);
    }
}

#[test]
fn answers_that_are_no_blocks_are_refused() {
    let hash = hash(8, 0);
    let cut = head(8, 0).to_string();
    for (body, part) in [
        ("", "EOF"),
        ("<!doctype html><html>Log in</html>", "web page"),
        (&cut[..cut.len() - 5], "EOF"),
        ("[]", "invalid length"),
        ("{}", "names no block"),
        (
            &format!(r#"{{"number": "8", "hash": "{hash}"}}"#),
            "invalid type",
        ),
        (
            &format!(r#"{{"number": -8, "hash": "{hash}"}}"#),
            "invalid value",
        ),
        (
            &format!(r#"{{"number": 4294967296, "hash": "{hash}"}}"#),
            "invalid value",
        ),
        (r#"{"number": 8, "hash": "0xabc"}"#, "is not `0x` and 64"),
        (
            &format!(r#"{{"number": 8, "hash": "{}"}}"#, &hash[2..]),
            "is not `0x` and 64",
        ),
        (
            &format!(r#"{{"number": 8, "hash": "{hash}00"}}"#),
            "is not `0x` and 64",
        ),
        (
            &format!(r#"{{"number": 0, "hash": "{hash}"}}"#),
            "newest block is 0",
        ),
    ] {
        check(&poll_fault(200, body), part);
    }
}

/// The seed of a cycle is the text of a hash, so that its letters count.
#[test]
fn hash_in_capitals_is_read_as_usual() {
    let mut chain = following(7);
    poll(&mut chain);
    let digits = "AB".repeat(32);
    let answer = json!({ "number": 8, "hash": format!("0x{digits}") });
    respond(&mut chain, "block/latest", 200, &answer);
    let blocks = emitted(&mut chain, "horde_block");
    assert_eq!(blocks[0]["hash"], format!("0x{}", "ab".repeat(32)));
}

#[test]
fn neuron_that_comes_twice_is_refused() {
    let one = neuron(1).to_string();
    let (block, hotkey) = (head(7, 0), hotkey(1));
    let twice =
        format!(r#"{{"block": {block}, "neurons": {{"{hotkey}": {one}, "{hotkey}": {one}}}}}"#);
    check(&neurons_fault(&twice), "hotkey 5");
    let same_uid = neurons_text(|neuron| neuron["uid"] = json!(2));
    check(&neurons_fault(&same_uid), "uid 2 comes twice");
}

#[test]
fn neuron_with_a_bad_hotkey_is_refused() {
    let text = neurons_text(|neuron| neuron["hotkey"] = json!("not\u{1b}[31m SS58"));
    let fault = neurons_fault(&text);
    check(&fault, "is not an SS58 address");
    assert!(!fault.contains('\u{1b}'));
    let [one, other] = [hotkey(1), hotkey(3)];
    let text = neurons_text(|_| {}).replacen(&format!(r#""{one}":"#), &format!(r#""{other}":"#), 1);
    check(&neurons_fault(&text), "has the hotkey");
}

/// A validator that is left out would change the order of all others.
#[test]
fn stake_that_is_not_a_number_is_refused() {
    for (stake, part) in [
        ("NaN", "expected value"),
        ("-1.0", "is not a number from 0 up"),
        ("1e999", "out of range"),
        ("\"7\"", "invalid type"),
        ("null", "invalid type"),
    ] {
        let text = neurons_text(|neuron| neuron["stakes"]["total"] = json!(12345.5));
        check(&neurons_fault(&text.replace("12345.5", stake)), part);
    }
    let without = neurons_text(|neuron| neuron["stakes"] = json!({}));
    check(&neurons_fault(&without), "missing field");
}

#[test]
fn neurons_out_of_bounds_are_refused() {
    check(
        &neurons_fault(&neurons_text(|neuron| neuron["uid"] = json!(65_536))),
        "invalid value",
    );
    check(
        &neurons_fault(&neurons_text(|neuron| neuron["last_update"] = json!("7"))),
        "invalid type",
    );
    check(
        &neurons_fault(&json!({ "block": head(7, 0), "neurons": [] }).to_string()),
        "invalid type",
    );
    let one = neuron(1).to_string();
    let entries: Vec<_> = (0..=crate::limits::NEURONS_COUNT_MAX)
        .map(|number| format!(r#""{number}":{one}"#))
        .collect();
    let text = format!(
        r#"{{"block": {}, "neurons": {{{}}}}}"#,
        head(7, 0),
        entries.join(",")
    );
    check(&neurons_fault(&text), "more than 65536 neurons");
}

#[test]
fn answer_for_another_block_is_refused() {
    let mut chain = following(20);
    want(&mut chain, Some(10));
    respond(
        &mut chain,
        "block/10/neurons",
        200,
        &neurons_answer(11, 0, &[]),
    );
    let fault = status(&mut chain)["neurons_fault"].clone();
    check(
        fault.as_str().unwrap(),
        "block 10 was asked for, and it says it is block 11",
    );
    assert_eq!(chain.emitted(), []);
}

#[test]
fn token_in_an_answer_is_not_shown() {
    let detail = format!("bad token {TOKEN}");
    for body in [error(401, &detail).to_string(), detail.clone()] {
        let mut chain = following(7);
        poll(&mut chain);
        let tag = tag(&chain, "block/latest");
        chain.respond(&tag, 401, body);
        let shown = fault(&mut chain);
        check(&shown, "bad token ***");
        assert!(!log_text(&mut chain).contains(TOKEN));
    }
}
