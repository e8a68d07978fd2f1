//! Verdicts.

use super::*;

const RIGHT: &str =
    r#"{"What is 2+2?": "4", "Wie heißt der höchste Berg?": "Sagarmāthā", "more": 1}"#;

/// The verdicts so far, as `right`, or with the reason.
fn verdicts(harness: &mut Harness<JobLlm>) -> Vec<String> {
    let events = harness.emitted().into_iter();
    let checked = events.filter(|(name, _)| name == "horde_answer_checked");
    checked
        .map(|(_, event)| {
            let verdict = event["verdict"].as_str().unwrap();
            match event["reason"].as_str() {
                Some(reason) => format!("{verdict}: {reason}"),
                None => verdict.to_owned(),
            }
        })
        .collect()
}

fn given() -> Harness<JobLlm> {
    let mut harness = start();
    harness.event("horde_answer_given", answer("u"));
    assert_eq!(harness.http_calls()[0].url, ANSWERS_URL);
    assert_eq!(harness.http_calls()[0].timeout_ms, 10_000);
    harness
}

fn denied() -> &'static str {
    "<Error><Code>AccessDenied</Code></Error>"
}

#[test]
fn equal_answers_are_right() {
    let mut harness = given();
    harness.respond("u", 200, RIGHT);
    assert_eq!(verdicts(&mut harness), ["right"]);
    assert!(harness.stored().is_empty());
    assert!(harness.timers().is_empty());
}

#[test]
fn other_answers_are_wrong() {
    let long = format!("{{\"What is 2+2?\": \"{}\"}}", "4".repeat(3 << 20));
    for (file, expected) in [
        ("{}", "prompt 0 has no answer"),
        ("[]", "the file of answers is not a JSON object"),
        ("", "the file of answers is not a JSON object"),
        (
            &RIGHT.replace("\"4\"", "\"5\""),
            "the answer to prompt 0 differs",
        ),
        (
            &RIGHT.replace("\"4\"", "4"),
            "the answer to prompt 0 is not a text",
        ),
        (
            &RIGHT.replace("\"4\"", "null"),
            "the answer to prompt 0 is not a text",
        ),
        (
            &RIGHT.replace("What is 2+2?", " What is 2+2?"),
            "whose key has blanks around it",
        ),
        (
            &RIGHT.replace("höchste", "ho\u{308}chste"),
            "whose key is of another Unicode normalisation",
        ),
        (
            &RIGHT.replace("Sagarmāthā", "Sagarma\u{304}tha\u{304}"),
            "differs from the trusted miner's in its Unicode normalisation",
        ),
        (
            &RIGHT.replace("Sagarmāthā", ""),
            "the answer to prompt 1 differs",
        ),
        (&long, "the answer to prompt 0 differs"),
    ] {
        let mut harness = given();
        harness.respond("u", 200, file);
        let verdict = verdicts(&mut harness).remove(0);
        assert!(
            verdict.starts_with("wrong: ") && verdict.contains(expected),
            "{verdict}"
        );
    }
    let mut harness = given();
    harness.respond("u", 200, [0x1f, 0x8b, 8, 0]);
    assert!(verdicts(&mut harness)[0].contains("gzip"));
}

/// The answers of the mock to the seed before are others.
#[test]
fn answers_of_another_seed_are_wrong() {
    let prompt = "What is 2+2?";
    let mut answer = answer("u");
    let mock = |seed| horde_calc::llm::mock_answer(seed, prompt);
    answer["check"]["prompts"] = json!([{ "prompt": prompt, "answer": mock(2) }]);
    for (seed, expected) in [
        (2, "right"),
        (
            1,
            "wrong: the answer to prompt 0 differs from the trusted miner's",
        ),
    ] {
        let mut harness = start();
        harness.event("horde_answer_given", answer.clone());
        harness.respond("u", 200, json!({ prompt: mock(seed) }).to_string());
        assert_eq!(verdicts(&mut harness), [expected]);
    }
}

#[test]
fn file_that_is_too_long_is_wrong_at_once() {
    let mut harness = given();
    assert_eq!(harness.http_calls()[0].max_body_bytes, 4 << 20);
    harness.fail("u", HttpFailureKind::TooLarge);
    assert_eq!(
        verdicts(&mut harness),
        ["wrong: the file of answers is longer than 4 MiB"]
    );
}

#[test]
fn answers_missing_three_times_are_wrong() {
    let mut harness = given();
    for _ in 0..2 {
        harness.respond("u", 404, "<Error><Code>NoSuchKey</Code></Error>");
        assert!(verdicts(&mut harness).is_empty());
        assert!(harness.http_calls().is_empty(), "a pause");
        harness.advance_ms(1_000);
    }
    harness.respond("u", 404, "");
    assert_eq!(harness.http_calls()[0].url, CONTROL_URL);
    harness.respond("u", 200, "prompts");
    let verdict = verdicts(&mut harness).remove(0);
    assert!(
        verdict.starts_with("wrong: it said that it has finished"),
        "{verdict}"
    );
}

/// A server that has no object at all is not the bucket.
#[test]
fn answers_missing_with_all_objects_are_excused() {
    let mut harness = given();
    for _ in 0..4 {
        harness.respond("u", 404, "");
        harness.advance_ms(1_000);
    }
    let verdict = verdicts(&mut harness).remove(0);
    assert_eq!(
        verdict,
        "excused: its answers cannot be read: the bucket answers 404"
    );
}

/// The page of a proxy comes with status 200. Where the other object is there, the miner has written the page itself.
#[test]
fn page_for_answers_is_judged_by_another_object() {
    const PAGE: &str = "<!DOCTYPE html><title>Log in</title>";
    for (control, expected) in [
        (
            PAGE,
            "excused: its answers cannot be read: a page answers in place of the bucket",
        ),
        (
            "the prompts of a workload",
            "wrong: its file of answers is a page of HTML or XML",
        ),
    ] {
        let mut harness = given();
        for _ in 0..3 {
            assert!(verdicts(&mut harness).is_empty());
            harness.advance_ms(1_000);
            harness.respond("u", 200, PAGE);
        }
        assert_eq!(harness.http_calls()[0].url, CONTROL_URL);
        harness.respond("u", 200, control);
        assert_eq!(verdicts(&mut harness), [expected]);
    }
    let mut harness = given();
    harness.respond("u", 200, PAGE);
    harness.advance_ms(1_000);
    harness.respond("u", 200, RIGHT);
    assert_eq!(
        verdicts(&mut harness),
        ["right"],
        "it was there for a moment"
    );
}

#[test]
fn answers_that_appear_a_moment_later_are_right() {
    let mut harness = given();
    harness.respond("u", 404, "");
    harness.advance_ms(1_000);
    harness.respond("u", 200, RIGHT);
    assert_eq!(verdicts(&mut harness), ["right"]);
}

#[test]
fn fault_of_the_bucket_is_excused() {
    for (status, body, expected) in [
        (500, "", "the bucket answers 500"),
        (503, "<Error><Code>SlowDown</Code></Error>", "503 SlowDown"),
        (
            404,
            "<Error><Code>NoSuchBucket</Code></Error>",
            "404 NoSuchBucket",
        ),
        (
            403,
            "<Error><Code>AccountProblem</Code></Error>",
            "403 AccountProblem",
        ),
        (
            403,
            "<Error><Code>InvalidAccessKeyId</Code></Error>",
            "403 InvalidAccessKeyId",
        ),
        (
            403,
            "<Error><Code>RequestTimeTooSkewed</Code></Error>",
            "403 RequestTimeTooSkewed",
        ),
        (
            403,
            "<Error><Code>SecondLevelDomainForbidden</Code></Error>",
            "403 SecondLevelDomainForbidden",
        ),
        (
            301,
            "<Error><Code>PermanentRedirect</Code><Region>eu-south-2</Region></Error>",
            "it is in the region eu-south-2; set that one",
        ),
        (429, "", "the bucket answers 429"),
    ] {
        let mut harness = given();
        for _ in 0..3 {
            assert!(verdicts(&mut harness).is_empty());
            harness.advance_ms(1_000);
            harness.respond("u", status, body);
        }
        let verdict = verdicts(&mut harness).remove(0);
        assert!(
            verdict.starts_with("excused: ") && verdict.contains(expected),
            "{verdict}"
        );
    }
    for kind in [
        HttpFailureKind::Timeout,
        HttpFailureKind::Connect,
        HttpFailureKind::Other,
    ] {
        let mut harness = given();
        for _ in 0..3 {
            harness.advance_ms(1_000);
            harness.fail("u", kind);
        }
        let verdict = verdicts(&mut harness).remove(0);
        assert_eq!(
            verdict,
            "excused: its answers cannot be read: made by the test"
        );
    }
}

/// Where listing is not allowed, a missing object is denied.
#[test]
fn control_object_decides_where_reading_is_denied() {
    let ask = || {
        let mut harness = given();
        for _ in 0..3 {
            harness.advance_ms(1_000);
            harness.respond("u", 403, denied());
        }
        assert!(verdicts(&mut harness).is_empty());
        assert_eq!(harness.http_calls()[0].url, CONTROL_URL);
        harness
    };
    let mut harness = ask();
    harness.respond("u", 200, "prompts");
    assert!(verdicts(&mut harness)[0].starts_with("wrong: it said that it has finished"));
    let mut harness = ask();
    harness.respond("u", 403, denied());
    assert!(verdicts(&mut harness)[0].starts_with("excused: "));
    let mut harness = ask();
    harness.fail("u", HttpFailureKind::Timeout);
    assert!(verdicts(&mut harness)[0].starts_with("excused: "));
    let mut harness = ask();
    harness.fail("u", HttpFailureKind::TooLarge);
    assert!(verdicts(&mut harness)[0].starts_with("wrong: "));
}

#[test]
fn damaged_check_is_excused() {
    let mut harness = start();
    let mut answer = answer("u");
    answer["check"] = json!({ "answers_url": 7 });
    harness.event("horde_answer_given", answer);
    let verdict = verdicts(&mut harness).remove(0);
    assert!(
        verdict.starts_with("excused: what is needed to check"),
        "{verdict}"
    );
}

#[test]
fn bucket_that_hangs_is_excused_in_time_for_the_batch() {
    let mut harness = start();
    for number in 0..100 {
        harness.event("horde_answer_given", answer(&format!("u{number}")));
    }
    assert_eq!(harness.http_calls().len(), 32);
    harness.advance_ms(50_000);
    let verdicts = verdicts(&mut harness);
    assert_eq!(verdicts.len(), 100);
    assert!(
        verdicts[0].contains("did not answer within 50 s"),
        "{}",
        verdicts[0]
    );
    let warnings = harness
        .logs()
        .into_iter()
        .filter(|(level, _)| level == "warn");
    assert_eq!(warnings.count(), 1, "once for a batch");
    assert_eq!(harness.metric("llm_answers_excused", &[]), Some(100.0));
}

#[test]
fn many_answers_are_read_at_the_same_time() {
    let mut harness = start();
    for number in 0..512 {
        harness.event("horde_answer_given", answer(&format!("u{number}")));
    }
    let mut checked = 0;
    while let Some(call) = harness.http_calls().first() {
        assert!(harness.http_calls().len() <= 32);
        let tag = call.tag.clone();
        harness.respond(&tag, 200, RIGHT);
        checked += 1;
    }
    assert_eq!(checked, 512);
    assert_eq!(verdicts(&mut harness).len(), 512);
    assert!(harness.stored().is_empty());
}

#[test]
fn check_goes_on_after_a_kill() {
    let mut harness = given();
    harness.kill();
    harness.advance_ms(0);
    assert_eq!(harness.http_calls().len(), 1);
    // The batch gives it again, too.
    harness.event("horde_answer_given", answer("u"));
    assert_eq!(harness.http_calls().len(), 1);
    harness.respond("u", 200, RIGHT);
    assert_eq!(verdicts(&mut harness), ["right"]);
}

#[test]
fn reload_reads_nothing_twice() {
    let mut harness = given();
    harness.reload();
    harness.advance_ms(0);
    assert_eq!(harness.http_calls().len(), 1);
    harness.respond("u", 200, RIGHT);
    assert_eq!(verdicts(&mut harness), ["right"]);
}

#[test]
fn clock_set_back_leaves_no_answer_waiting() {
    let mut harness = given();
    harness.set_back_ms(86_400_000);
    harness.kill();
    harness.advance_ms(60_000);
    assert_eq!(verdicts(&mut harness).len(), 1);
}
