//! What an operator must look at comes and goes.

use tig_plugin_api::testing::CallKind;
use tig_plugin_api::{Condition, HttpCall, Severity};

use super::bucket_checks::*;
use super::*;
use crate::limits::BUCKET_RECHECK_MS;

/// The longest pause of a station.
const PAUSE_MS: u64 = crate::limits::PAUSE_MS_MAX;

fn codes(harness: &Harness<Crossval>) -> Vec<(&str, &str)> {
    let conditions = harness.conditions().iter();
    conditions
        .map(|it| (it.code.as_str(), it.subject.as_str()))
        .collect()
}

/// The conditions of this code.
fn of_code(harness: &Harness<Crossval>, code: &str) -> Vec<Condition> {
    let conditions = harness.conditions().iter();
    conditions.filter(|it| it.code == code).cloned().collect()
}

fn only(harness: &Harness<Crossval>, code: &str) -> Condition {
    let mut of_code = of_code(harness, code);
    assert_eq!(of_code.len(), 1, "{code}: {:?}", harness.conditions());
    of_code.remove(0)
}

/// Reports that were refused since the last look, which are logged.
fn refused_reports(harness: &mut Harness<Crossval>) -> usize {
    let logs = harness.logs().into_iter();
    logs.filter(|(_, text)| text.contains("refused by the test"))
        .count()
}

/// The section without a trusted miner, whose failures would be reported, too.
fn without_miner() -> Harness<Crossval> {
    let mut section = section();
    section["trusted_miner_host"] = json!("");
    let mut harness = harness(&section);
    harness.advance_ms(0);
    harness
}

/// The store answers all requests, but for those whose tag begins so: to these it answers 503.
fn settle_but(world: &mut World, prefix: &str) {
    while let Some(call) = world.harness.http_calls().first().cloned() {
        match call.tag.starts_with(prefix) {
            true => world.harness.respond(&call.tag, 503, ""),
            false => world.serve(&call),
        }
    }
}

#[test]
fn missing_parts_of_the_config_are_reported() {
    let mut harness = harness(&json!({}));
    harness.advance_ms(0);
    assert_eq!(
        codes(&harness),
        [("no_buckets", ""), ("no_trusted_miner", "")]
    );
    let mut harness = without_miner();
    assert_eq!(codes(&harness), [("no_trusted_miner", "")]);
    assert_eq!(harness.conditions()[0].severity, Severity::Info);
    harness.fail_every(CallKind::Conditions);
    harness.advance_ms(HOUR_MS);
    assert_eq!(refused_reports(&mut harness), 0, "reported once");
    assert_eq!(codes(&World::start().harness), []);
}

#[test]
fn bucket_fault_is_reported_until_a_check_is_good() {
    let mut harness = without_miner();
    let denied = |step: &str, call: &HttpCall| {
        (step == "write" && is_of_prompts(call)).then(|| error(403, "AccessDenied"))
    };
    assert!(of_code(&harness, "bucket_fault").is_empty());
    answer(&mut harness, denied);
    let condition = only(&harness, "bucket_fault");
    assert_eq!(condition.subject, "prompts");
    assert_eq!(condition.severity, Severity::Warning);
    for part in [
        "https://s3.example.org/prompts ",
        "the bucket answers 403 AccessDenied",
    ] {
        assert!(condition.text.contains(part), "{}", condition.text);
    }
    assert!(condition.remedy.contains("allow s3:PutObject on prompts/*"));
    harness.fail_every(CallKind::Conditions);
    harness.advance_ms(BUCKET_RECHECK_MS);
    answer(&mut harness, denied);
    assert_eq!(refused_reports(&mut harness), 0, "the same fault");
    harness.stop_failing();
    harness.advance_ms(BUCKET_RECHECK_MS);
    answer(&mut harness, |_, _| None);
    assert!(of_code(&harness, "bucket_fault").is_empty());
}

#[test]
fn worst_of_several_faults_is_named() {
    let mut harness = without_miner();
    answer(&mut harness, |step, call| match step {
        // The header comes before the fault of the read.
        "write" if is_of_prompts(call) => {
            let region = ("x-amz-bucket-region", "eu-west-1".to_owned());
            Some((200, vec![region], String::new()))
        }
        "read" if is_of_prompts(call) => Some(error(403, "AccessDenied")),
        "list" => Some(plain(200, "<ListBucketResult>")),
        _ => None,
    });
    let conditions = of_code(&harness, "bucket_fault");
    let [answers, prompts] = &conditions[..] else {
        panic!("{conditions:?}")
    };
    assert!(answers.text.ends_with("prompts and answers of others"));
    let text = &prompts.text;
    assert!(text.contains("cannot be read without a key"), "{text}");
    assert!(text.contains("(and 2 more: see `buckets`"), "{text}");
    assert!(prompts.remedy.contains("let anybody read objects"));
}

#[test]
fn key_without_right_to_delete_is_not_reported() {
    let mut harness = without_miner();
    answer(&mut harness, |step, _| {
        (step == "delete").then(|| error(403, "AccessDenied"))
    });
    assert_ne!(
        buckets(&mut harness)["prompts"]["faults"],
        json!([]),
        "a note"
    );
    assert!(of_code(&harness, "bucket_fault").is_empty());
}

#[test]
fn clock_fault_has_the_same_text_each_time() {
    // A good answer, and one that complains of the clock, each from a server whose clock differs a bit more each time.
    for status in [200, 403] {
        let mut harness = without_miner();
        let check = |harness: &mut Harness<Crossval>, ahead: u64| {
            let date = storage::http_date(harness.now_ms() / 1_000 + ahead);
            answer(harness, |step, _| {
                let (_, _, body) = error(403, "RequestTimeTooSkewed");
                (step == "write").then(|| (status, vec![("date", date.clone())], body))
            });
            of_code(harness, "bucket_fault")
        };
        let first = check(&mut harness, 600);
        assert_eq!(first.len(), 2);
        assert!(first[0].remedy.contains("set the clock"), "{first:?}");
        harness.advance_ms(BUCKET_RECHECK_MS);
        assert_eq!(check(&mut harness, 671), first, "{status}");
    }
}

#[test]
fn failing_miner_is_reported_from_third_failure() {
    let mut world = World::start();
    world.up();
    for count in 1..4 {
        assert!(of_code(&world.harness, "trusted_miner_failing").is_empty());
        let asked = world.wait_for_job();
        world.over(&asked, &failed());
        assert_eq!(
            world.report()["stations"]["generation"]["failures_in_succession"],
            count
        );
    }
    let condition = only(&world.harness, "trusted_miner_failing");
    assert_eq!(condition.subject, "generation");
    assert_eq!(condition.severity, Severity::Warning);
    let reason = "attempt after attempt: the job has failed with status 1";
    assert!(condition.text.ends_with(reason), "{}", condition.text);
    let asked = world.wait_for_job();
    world.harness.fail_every(CallKind::Conditions);
    world.over(&asked, &failed());
    let asked = world.wait_for_job();
    assert_eq!(refused_reports(&mut world.harness), 0, "the same failure");
    world.harness.stop_failing();
    world.harness.kill();
    world.harness.advance_ms(0);
    assert_eq!(only(&world.harness, "trusted_miner_failing"), condition);
    world.generate(&asked);
    assert!(of_code(&world.harness, "trusted_miner_failing").is_empty());
}

#[test]
fn failures_of_answering_end_with_answers() {
    let mut world = World::with_series();
    world.settle();
    for _ in 0..3 {
        let asked = world.wait_for_job();
        world.over(&asked, &json!({ "outcome": "declined" }));
    }
    let condition = only(&world.harness, "trusted_miner_failing");
    assert_eq!(condition.subject, "answering");
    assert!(condition.text.ends_with("it has declined the job"));
    let asked = world.wait_for_job();
    world.solve(&asked);
    world.settle();
    assert!(of_code(&world.harness, "trusted_miner_failing").is_empty());
}

/// An operator may switch the trusted miner off while all samples are there.
#[test]
fn failures_with_a_full_pool_are_not_reported() {
    let mut world = World::full();
    world.harness.emitted();
    world.harness.advance_ms(24 * HOUR_MS);
    for _ in 0..3 {
        let asked = world.wait_for_job();
        world.over(&asked, &json!({ "outcome": "declined" }));
    }
    let failures = &world.report()["stations"]["answering"]["failures_in_succession"];
    assert_eq!(*failures, 3);
    assert_eq!(codes(&world.harness), []);
    world.want("b", &[("a", 1)]);
    let expected = [("trusted_miner_failing", "answering")];
    assert_eq!(codes(&world.harness), expected, "now it is needed");
}

#[test]
fn failing_station_is_reported_until_it_succeeds() {
    for (prefix, station) in [("series/", "sampling"), ("upload/", "upload")] {
        let mut world = World::with_series();
        for _ in 0..3 {
            assert!(of_code(&world.harness, "station_failing").is_empty());
            settle_but(&mut world, prefix);
            world.harness.advance_ms(PAUSE_MS);
        }
        let condition = only(&world.harness, "station_failing");
        assert_eq!(condition.subject, station);
        let cause = "the bucket answers 503";
        assert!(condition.text.ends_with(cause), "{}", condition.text);
        world.harness.advance_ms(PAUSE_MS);
        world.settle();
        assert!(of_code(&world.harness, "station_failing").is_empty());
    }
}

#[test]
fn unneeded_station_is_not_reported() {
    let mut world = World::start();
    world.up();
    for _ in 0..3 {
        let asked = world.wait_for_job();
        world.over(&asked, &failed());
    }
    only(&world.harness, "trusted_miner_failing");
    let mut dynamic = small();
    dynamic["max_prompt_series"] = json!(0);
    world.harness.event("horde_dynamic_config", dynamic);
    assert!(of_code(&world.harness, "trusted_miner_failing").is_empty());
}

#[test]
fn condition_has_no_presigned_url() {
    let mut world = World::start();
    let reason = "no PUT to https://s3.example.org/a?X-Amz-Signature=5ec7e7\n";
    // More often than a job waits for its link.
    for _ in 0..20 {
        world.link(&json!({ "down": { "reason": reason } }));
        if !of_code(&world.harness, "trusted_miner_failing").is_empty() {
            break;
        }
        world.harness.advance_ms(30_000);
    }
    let text = only(&world.harness, "trusted_miner_failing").text;
    assert!(
        text.contains("no PUT to https://s3.example.org/a"),
        "{text}"
    );
    assert!(!text.contains("5ec7e7"), "{text}");
}

#[test]
fn unreliable_miner_is_reported_until_it_agrees() {
    let (mut world, asked) = judge::next_day();
    let mut solved = world.solved(&asked);
    let key = solved.as_object().unwrap().keys().next().unwrap().clone();
    let other = json!("another answer");
    solved[&key] = other.clone();
    let mut body = solved.to_string();
    let path = asked.uploads()[0].clone();
    world.objects.insert(path, body.into_bytes());
    assert_eq!(codes(&world.harness), []);
    world.over(&asked, &finished());
    world.settle();
    let condition = only(&world.harness, "trusted_miner_unreliable");
    assert_eq!(condition.severity, Severity::Warning);
    let mut is_checked = false;
    while !is_checked {
        assert_eq!(of_code(&world.harness, &condition.code).len(), 1);
        let again = world.wait_for_job();
        if again.is_generation() {
            world.generate(&again);
            world.settle();
            continue;
        }
        // Another workload is answered as ever; that one has the same answers as in the check before.
        let mut solved = world.solved(&again);
        is_checked = again.volume() == asked.volume();
        if is_checked {
            solved[&key] = other.clone();
        }
        body = solved.to_string();
        let path = again.uploads()[0].clone();
        world.objects.insert(path, body.into_bytes());
        world.over(&again, &finished());
        world.settle();
    }
    assert!(of_code(&world.harness, &condition.code).is_empty());
}

#[test]
fn shortage_is_reported_until_the_pool_has_enough() {
    let mut world = World::full();
    world.want("b", &[("a", 4)]);
    assert_eq!(codes(&world.harness), [], "all were there");
    world.want("c", &[("a", 2)]);
    let condition = only(&world.harness, "samples_short");
    assert_eq!(condition.severity, Severity::Info);
    assert!(condition.text.contains(CLASS), "{}", condition.text);
    world.harness.emitted();
    world.settle();
    assert_eq!(codes(&world.harness), [("samples_short", "")]);
    let asked = world.wait_for_job();
    world.solve(&asked);
    world.settle();
    assert_eq!(world.report()["samples"]["ready"], 2);
    assert_eq!(codes(&world.harness), []);
}

#[test]
fn shortage_of_long_ago_is_not_reported() {
    let mut world = World::full();
    world.want("b", &[("a", 9)]);
    assert_eq!(of_code(&world.harness, "samples_short").len(), 1);
    world.harness.advance_ms(6 * HOUR_MS - 60_000);
    assert_eq!(of_code(&world.harness, "samples_short").len(), 1);
    world.harness.advance_ms(2 * 60_000);
    assert!(of_code(&world.harness, "samples_short").is_empty());
}
