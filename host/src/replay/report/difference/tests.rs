//! Differences in words.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use tig_plugin_api::Method;
use tig_plugin_api::abi::service;
use tig_recording::Step;

use super::super::samples::{
    Made, asked, decision, done, drawn, emitted, failed, replied, sent, written,
};
use super::*;

fn text(recorded: &Made, replayed: &Made) -> String {
    let found = difference(decision(recorded), decision(replayed)).unwrap();
    let values = found.values.iter().map(|value| format!("\n{value}"));
    found.text + &values.collect::<String>()
}

#[test]
fn first_effect_that_differs_is_named() {
    let (a, b) = (emitted("a", "1"), emitted("b", "2"));
    let both = done([a.clone(), b.clone()]);
    for (replayed, words) in [
        (done([a.clone()]), "no longer emits `b` 2"),
        (done([b.clone()]), "no longer emits `a` 1"),
        (done([]), "no longer emits `a` 1"),
        (
            done([b.clone(), a.clone()]),
            "emits `b` 2 before it emits `a` 1",
        ),
        (
            done([a.clone(), written("k", "v"), b.clone()]),
            "also writes `k` v",
        ),
        (
            done([a.clone(), b.clone(), b.clone()]),
            "emits `b` 2: 2 times, not 1",
        ),
        (
            done([a.clone(), emitted("c", "2")]),
            "emits `c` 2, not emits `b` 2",
        ),
        (done([a.clone(), emitted("b", "3")]), "emits `b` 3, not 2"),
        (
            done([a.clone(), asked(service::EMIT_DURABLE, "b", b"2")]),
            "emits durable `b` 2, not emits `b` 2",
        ),
    ] {
        assert_eq!(text(&both, &replayed), words);
    }
    assert_eq!(text(&done([]), &both), "also emits `a` 1");
}

#[test]
fn values_of_json_bodies_are_compared() {
    let choice = |kind: &str| {
        let payload = format!(r#"{{"kind":"{kind}","size":[1,2]}}"#);
        done([emitted("choice", &payload)])
    };
    let found = text(&choice("c1"), &choice("c2"));
    assert_eq!(
        found,
        "emits `choice` with 1 other value\nkind: \"c2\", not \"c1\""
    );
    let stored = |value: &str| done([written("key", value)]);
    assert_eq!(
        text(&stored(r#"{"a":1,"b":2}"#), &stored(r#"{"a":3}"#)),
        "writes `key` with 2 other values\na: 3, not 1\nb: absent, not 2"
    );
    // The same values in other bytes.
    assert_eq!(
        text(&stored(r#"{"a":1}"#), &stored(r#"{"a": 1}"#)),
        r#"writes `key` {"a": 1}, not {"a":1}"#
    );
}

#[test]
fn many_values_are_bounded() {
    let list = |value: &str| done([emitted("list", &format!("[{}]", [value; 100].join(",")))]);
    let (one, two) = (list("1"), list("2"));
    let found = difference(decision(&one), decision(&two)).unwrap();
    assert_eq!(found.values.len(), DIFFERENCE_VALUES_COUNT_MAX);
    assert_eq!(found.values_more, 100 - DIFFERENCE_VALUES_COUNT_MAX);
}

#[test]
fn requests_timers_and_long_bodies_have_words() {
    let get = |url: &str| done([sent(Method::Get, url, "")]);
    assert_eq!(
        text(&get("http://a/x"), &get("http://a/y")),
        "sends GET http://a/y, not sends GET http://a/x"
    );
    let post = |body: &str| done([sent(Method::Post, "http://a/x", body)]);
    assert_eq!(
        text(&post("[1]"), &post("[2]")),
        "sends POST http://a/x with 1 other value\n0: 2, not 1"
    );
    let at = |ms: u64| done([asked(service::AT, "t", &ms.to_le_bytes())]);
    assert_eq!(
        text(&at(0), &at(1_000)),
        "sets timer `t` to 1970-01-01T00:00:01.000Z, not to 1970-01-01T00:00:00.000Z"
    );
    let long = |end: &str| done([written("k", &("x".repeat(1_000) + end))]);
    assert_eq!(
        text(&long("a"), &long("b")),
        "writes `k` with another body from byte 1001"
    );
    let unknown = |body: &str| done([asked(999, "n", body.as_bytes())]);
    assert_eq!(
        text(&unknown("1"), &unknown("2")),
        "asks service 999 for `n` in a form unknown here 2, not 1"
    );
}

#[test]
fn outcomes_and_replies_are_compared() {
    let no_steps = |outcome: Outcome<'static>| -> Made { (outcome, Vec::new()) };
    let panicked = || no_steps(Outcome::Panicked("index".into()));
    let ok = |body: &str| no_steps(replied(200, body));
    for (recorded, replayed, words) in [
        (done([]), no_steps(failed("no")), "fails: no"),
        (done([]), panicked(), "panics: index"),
        (
            no_steps(failed("no")),
            done([]),
            "succeeds, the recorded one fails: no",
        ),
        (
            no_steps(failed("no")),
            panicked(),
            "panics: index, the recorded one fails: no",
        ),
        (ok("a"), ok("b"), "replies 200 b, not 200 a"),
        (
            ok(r#"{"a":1}"#),
            ok(r#"{"a":2}"#),
            "replies 200 with 1 other value\na: 2, not 1",
        ),
        (
            ok("a"),
            no_steps(replied(404, "a")),
            "replies 404 a, not 200 a",
        ),
        (ok("a"), done([]), "does not reply"),
    ] {
        assert_eq!(text(&recorded, &replayed), words);
    }
}

#[test]
fn words_of_failures_and_answers_do_not_count() {
    let failing = |reason: &str, step| -> Made { (failed(reason), vec![step]) };
    let (one, other) = (
        failing("a", emitted("x", "1")),
        failing("b", emitted("y", "2")),
    );
    assert_eq!(difference(decision(&one), decision(&other)), None);
    let (one, other) = (
        done([drawn(1), emitted("x", "1")]),
        done([emitted("x", "1"), drawn(2)]),
    );
    assert_eq!(difference(decision(&one), decision(&other)), None);
}

#[test]
fn hostile_names_are_escaped_and_bounded() {
    let hostile = "\u{1b}[2J\n\u{202e}".repeat(1_000);
    let steps = |end: &str| {
        let name = hostile.clone() + end;
        let body = format!(r#"{{"{}":"{end}"}}"#, "\u{202e}\u{9b}".repeat(500));
        done([emitted(&name, &body)])
    };
    let found = [
        text(&done([]), &steps("a")),
        text(&steps("a"), &steps("b")),
        text(&done([]), &(failed(&hostile), Vec::new())),
    ];
    for text in found {
        let is_plain = |char: char| char == '\n' || !(char.is_control() || char == '\u{202e}');
        assert!(text.chars().all(is_plain), "{text:?}");
        assert!(text.len() < 6_000, "{}", text.len());
    }
}

fn any_step() -> impl Strategy<Value = Step<'static>> {
    prop_oneof![
        (0..30u32, "[a-c]{0,2}", vec(any::<u8>(), 0..12))
            .prop_map(|(service, name, body)| asked(service, &name, &body)),
        ("[a-c]", "[0-9]|[{]\"a\":[0-9][}]").prop_map(|(name, body)| emitted(&name, &body)),
        any::<u64>().prop_map(drawn),
    ]
}

fn any_made() -> impl Strategy<Value = Made> {
    let outcome = prop_oneof![
        3 => Just(Outcome::Done),
        1 => vec(any::<u8>(), 0..12).prop_map(|reply| Outcome::Replied(reply.into())),
        1 => "[a-z]{0,3}".prop_map(|reason| failed(&reason)),
        1 => "[a-z]{0,3}".prop_map(|reason| Outcome::Panicked(reason.into())),
    ];
    (outcome, vec(any_step(), 0..6))
}

proptest! {
    #[test]
    fn equal_decisions_never_differ(made in any_made()) {
        assert_eq!(difference(decision(&made), decision(&made.clone())), None);
    }

    #[test]
    fn decisions_differ_in_both_directions(one in any_made(), other in any_made()) {
        let there = difference(decision(&one), decision(&other));
        let back = difference(decision(&other), decision(&one));
        assert_eq!(there.is_some(), back.is_some());
        if one.0.is_success() && one.0 == other.0 {
            let asked = |made: &Made| {
                let steps = made.1.iter().filter(|step| matches!(step, Step::Asked { .. }));
                steps.cloned().collect::<Vec<_>>()
            };
            assert_eq!(there.is_none(), asked(&one) == asked(&other));
        }
        assert!(there.is_none_or(|found| !found.text.is_empty() && !found.text.contains('\n')));
    }
}
