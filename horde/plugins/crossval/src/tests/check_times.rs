//! When checks of the buckets begin, and whose answers they take.

use super::bucket_checks::*;
use super::*;

#[test]
fn good_bucket_is_checked_every_six_hours() {
    let mut harness = begun();
    answer(&mut harness, |_, _| None);
    harness.advance_ms(6 * HOUR_MS - 60_000);
    assert!(open(&harness).is_empty());
    harness.advance_ms(2 * 60_000);
    assert_eq!(open(&harness).len(), 2);
}

/// An object that a check could not delete is tried again later, in vain. No check may come of that: it would leave one more.
#[test]
fn refused_deletion_begins_no_check() {
    let mut harness = begun();
    answer(&mut harness, |step, _| {
        (step == "delete").then(|| error(403, "AccessDenied"))
    });
    let mut refused = 0;
    harness.advance_ms(crate::limits::DIAGNOSTIC_MS);
    for _ in 0..60 {
        let calls = harness.http_calls().to_vec();
        for call in calls {
            assert!(call.tag.starts_with("delete/"), "{}", call.tag);
            refused += 1;
            harness.respond(&call.tag, 403, DENIED);
        }
        assert!(!is_checking(&harness));
        harness.advance_ms(60_000);
    }
    assert!(refused >= 10, "{refused}");
}

/// A bucket that is known to be faulty is checked every ten minutes anyway.
#[test]
fn fault_of_a_faulty_bucket_begins_no_check() {
    let mut harness = begun();
    answer(&mut harness, |step, _| {
        (step == "list").then(|| plain(200, "<ListBucketResult>"))
    });
    let objects = std::collections::BTreeMap::new();
    let mut world = World { harness, objects }.generated();
    let mut failed = 0;
    for _ in 0..9 {
        world.harness.advance_ms(60_000);
        for tag in world.tags() {
            assert!(tag.starts_with("series/"), "{tag}");
            failed += 1;
            world.harness.respond(&tag, 503, "");
        }
    }
    assert!(failed > 0);
    world.harness.advance_ms(60_000);
    assert_eq!(open(&world.harness).len(), 2);
}

/// Killed at each step: the next run checks anew, and deletes what the run before has left.
#[test]
fn check_killed_at_any_step_leaves_nothing() {
    for kill_at in STEPS {
        let mut world = World::start();
        world.harness.advance_ms(6 * HOUR_MS);
        world.harness.advance_ms(60_000);
        loop {
            let calls = open(&world.harness);
            let call = calls.iter().find(|call| step_of(call) == kill_at);
            if let Some(call) = call {
                // It reaches the bucket, and its answer nobody.
                let path = path_of(&call.url);
                if kill_at == "write" {
                    world.objects.insert(path, call.body.clone());
                }
                break;
            }
            world.serve(&calls[0]);
        }
        world.harness.kill();
        world.harness.advance_ms(0);
        world.settle();
        world.harness.advance_ms(660_000);
        world.settle();
        let left: Vec<_> = world
            .objects
            .keys()
            .filter(|path| path.contains("diagnostic"))
            .collect();
        assert!(left.is_empty(), "{kill_at}: {left:?}");
        assert!(diagnostics(&world.harness).is_empty(), "{kill_at}");
    }
}

#[test]
fn reload_goes_on_with_a_check() {
    let mut harness = begun();
    harness.reload();
    harness.advance_ms(0);
    assert_eq!(open(&harness).len(), 2);
    assert_eq!(answer(&mut harness, |_, _| None), STEPS);
}

/// A drain waits for nothing that a check leaves, and one that is under way may end.
#[test]
fn drain_begins_no_check() {
    let mut harness = begun();
    harness.event("drain", json!({}));
    assert_eq!(answer(&mut harness, |_, _| None), STEPS);
    harness.advance_ms(7 * HOUR_MS);
    assert!(!is_checking(&harness));
    let mut harness = begun();
    harness.event("drain", json!({}));
    harness.advance_ms(7 * HOUR_MS);
    assert_eq!(
        open(&harness).len(),
        2,
        "one without an answer is not begun again"
    );
}

/// The answers come to an instance that has begun checks of its own.
#[test]
fn answer_to_an_older_check_is_ignored() {
    let mut harness = begun();
    let older = open(&harness);
    let mut live = harness.extension().live.clone();
    live.buckets.clear();
    harness.succeed_to(1, &json!(live)).unwrap();
    harness.advance_ms(0);
    for call in &older {
        harness.respond(&call.tag, 404, "<Error><Code>NoSuchBucket</Code></Error>");
    }
    assert_eq!(answer(&mut harness, |_, _| None), STEPS);
    let report = buckets(&mut harness);
    assert_eq!(report["prompts"]["works"], true, "{report}");
    assert!(warnings(&mut harness).is_empty());
}

/// What the checks have found with the former settings is known until they are over that have the new ones.
#[test]
fn reload_with_other_settings_begins_checks() {
    let mut harness = begun();
    let broken = |step: &str, _: &tig_plugin_api::HttpCall| {
        (step == "write").then(|| error(403, "InvalidAccessKeyId"))
    };
    for is_open in [false, true] {
        if is_open {
            harness.advance_ms(11 * 60_000);
            assert_eq!(open(&harness).len(), 2);
        } else {
            answer(&mut harness, broken);
        }
        let older = open(&harness);
        let mut live = harness.extension().live.clone();
        for state in live.buckets.values_mut() {
            state.settings = "us-east-1 id-before s3".to_owned();
        }
        harness.succeed_to(1, &json!(live)).unwrap();
        harness.advance_ms(0);
        assert_eq!(open(&harness).len(), older.len() + 2);
        assert_eq!(buckets(&mut harness)["prompts"]["works"], false);
        for call in older {
            harness.respond(&call.tag, 403, DENIED);
        }
        assert_eq!(answer(&mut harness, broken), STEPS[..1]);
    }
    let logged = warnings(&mut harness);
    assert_eq!(logged.len(), 2, "{logged:?}");
}

/// The answers went to an instance without buckets.
#[test]
fn check_without_an_answer_is_begun_again() {
    let mut harness = begun();
    let older: Vec<_> = open(&harness).into_iter().map(|call| call.tag).collect();
    harness.advance_ms(9 * 60_000);
    assert_eq!(open(&harness).len(), 2);
    harness.advance_ms(2 * 60_000);
    let tags: Vec<_> = open(&harness).into_iter().map(|call| call.tag).collect();
    assert_eq!(tags.len(), 4);
    assert_eq!(tags[..2], older);
    for tag in &older {
        harness.fail(tag, HttpFailureKind::Timeout);
    }
    assert_eq!(answer(&mut harness, |_, _| None), STEPS);
}

#[test]
fn clock_set_back_delays_no_check() {
    let mut harness = begun();
    answer(&mut harness, |_, _| None);
    harness.set_back_ms(24 * HOUR_MS);
    harness.event("horde_dynamic_config", small());
    assert_eq!(open(&harness).len(), 2);
}
