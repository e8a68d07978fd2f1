//! Faults of the buckets at each station.

use super::*;

/// Answers of a store that fails, with a part of what is reported of each.
const FAULTS: [(u16, &str, &str); 6] = [
    (500, "InternalError", "the bucket answers 500 InternalError"),
    (503, "SlowDown", "503 SlowDown"),
    (404, "NoSuchBucket", "404 NoSuchBucket"),
    (403, "InvalidAccessKeyId", "403 InvalidAccessKeyId"),
    (
        403,
        "RequestTimeTooSkewed",
        "this clock is 600 s ahead of the server's",
    ),
    (
        301,
        "PermanentRedirect",
        "it is in the region eu-west-1; set that one",
    ),
];

/// All requests that wait fail so.
fn fail_all(world: &mut World, (status, code, _): (u16, &str, &str)) {
    let body = format!("<Error><Code>{code}</Code></Error>");
    let seconds = world.harness.now_ms() / 1_000 - 600;
    let date = http_date(seconds);
    let mut headers = vec![("x-amz-bucket-region", "eu-west-1")];
    if code == "RequestTimeTooSkewed" {
        headers.push(("date", date.as_str()));
    }
    for tag in world.tags() {
        world
            .harness
            .respond_with_headers(&tag, status, &headers, body.clone());
    }
}

/// A time of the day at which the harness begins, which is the 14th of November 2023 at 22:13:20, or of those before and after it.
pub(super) fn http_date(unix_seconds: u64) -> String {
    const MIDNIGHT: u64 = 1_699_920_000;
    let seconds = unix_seconds - MIDNIGHT;
    let day = 14 + seconds / 86_400;
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("Tue, {day} Nov 2023 {hour:02}:{minute:02}:{second:02} GMT")
}

#[test]
fn fault_while_series_are_read_costs_none() {
    for fault in FAULTS {
        let mut world = World::with_series();
        fail_all(&mut world, fault);
        world.assert_failure("sampling", fault.2);
        world.assert_state("sampling", "pauses after a failure");
        world.harness.advance_ms(30_000);
        world.settle();
        assert_eq!(
            world.report()["workloads"].as_array().unwrap().len(),
            2,
            "{fault:?}"
        );
        assert_eq!(world.report()["series"]["live"], 4);
    }
}

/// Where listing is not allowed, a missing object is denied, too. But if all are denied, the policy is gone.
#[test]
fn bucket_that_cannot_be_read_costs_no_series() {
    let mut world = World::with_series();
    for _ in 0..5 {
        fail_all(&mut world, (403, "AccessDenied", ""));
        world.harness.advance_ms(600_000);
    }
    assert_eq!(world.report()["series"]["live"], 4);
    world.assert_failure("sampling", "the bucket answers 403 AccessDenied");
    world.settle();
    assert_eq!(world.report()["workloads"].as_array().unwrap().len(), 2);
}

#[test]
fn store_that_does_not_answer_is_reported() {
    let mut world = World::with_series();
    for tag in world.tags() {
        world.harness.fail(&tag, HttpFailureKind::Timeout);
    }
    world.assert_failure("sampling", "the bucket does not answer: made by the test");
}

#[test]
fn fault_while_a_workload_is_uploaded_is_tried_again() {
    for fault in FAULTS {
        let mut world = World::with_series();
        while !world.tags().iter().any(|tag| tag.starts_with("upload/")) {
            let tag = world.tags()[0].clone();
            let body = series(1);
            world.harness.respond(&tag, 200, body);
        }
        fail_all(&mut world, fault);
        world.assert_failure("upload", fault.2);
        assert!(
            world.all_asked().is_empty(),
            "nothing is there to be answered"
        );
        world.harness.advance_ms(60_000);
        world.settle();
        assert!(
            world
                .objects
                .keys()
                .any(|path| path.starts_with("/answers/")),
            "{fault:?}"
        );
        world.assert_state("upload", "rests");
    }
}

#[test]
fn fault_while_answers_are_read_costs_no_workload() {
    for fault in FAULTS {
        let mut world = World::with_series();
        world.settle();
        let asked = world.asked();
        world.solve(&asked);
        for _ in 0..9 {
            fail_all(&mut world, fault);
            world.harness.advance_ms(10_000);
        }
        world.assert_state("answering", "its answers are read");
        world.settle();
        assert_eq!(world.records("sample/").len(), 2, "{fault:?}");
    }
}

#[test]
fn unreadable_answers_are_made_again() {
    let mut world = World::with_series();
    world.settle();
    let asked = world.asked();
    world.solve(&asked);
    for _ in 0..10 {
        fail_all(&mut world, FAULTS[0]);
        world.harness.advance_ms(10_000);
    }
    world.assert_failure("answering", "500 InternalError");
    let workloads = world.report()["workloads"].clone();
    assert!(
        workloads
            .as_array()
            .unwrap()
            .iter()
            .all(|workload| workload["failures"] == 0)
    );
    let asked = world.wait_for_job();
    world.solve(&asked);
    world.settle();
    assert_eq!(world.records("sample/").len(), 2);
}

#[test]
fn answers_that_come_late_to_the_bucket_count() {
    let mut world = World::with_series();
    world.settle();
    let asked = world.asked();
    world.over(&asked, &finished());
    world.settle();
    world.harness.advance_ms(10_000);
    world.settle();
    world.solve(&asked);
    world.harness.advance_ms(10_000);
    world.settle();
    assert_eq!(world.records("sample/").len(), 2);
}

#[test]
fn answers_that_never_come_count_against_the_workload() {
    let mut world = World::with_series();
    world.settle();
    let asked = world.asked();
    world.over(&asked, &finished());
    for _ in 0..3 {
        world.settle();
        world.harness.advance_ms(10_000);
    }
    world.assert_failure(
        "answering",
        "its answers cannot be read: the bucket answers 404 NoSuchKey",
    );
}

#[test]
fn object_that_cannot_be_deleted_is_tried_ten_times() {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    world.over(&asked, &failed());
    assert_eq!(world.records("doomed/").len(), 4);
    world.harness.advance_ms(3_599_000);
    let deletions = |world: &World| {
        world
            .tags()
            .iter()
            .filter(|tag| tag.starts_with("delete/"))
            .count()
    };
    assert_eq!(deletions(&world), 0, "the miner may still write it");
    let first = asked.uploads()[0].replace("/prompts/", "delete/prompts/");
    let mut tries = 0;
    for _ in 0..200 {
        world.harness.advance_ms(60_000);
        let tags = world.tags();
        for tag in tags.iter().filter(|tag| tag.starts_with("delete/")) {
            tries += usize::from(*tag == first);
            let denied = "<Error><Code>AccessDenied</Code></Error>";
            world.harness.respond(tag, 403, denied);
        }
    }
    assert_eq!(tries, 10);
    let record = first.replace("delete/", "doomed/");
    assert!(!world.harness.stored().contains_key(&record));
    let logs = world.harness.logs();
    let logged = logs
        .iter()
        .filter(|(_, text)| text.contains("left to their lifecycle rule"));
    assert_eq!(logged.count(), 1);
}

/// The key of the extension signs the day alone: what it is given signs on that day only.
#[test]
fn key_signs_nothing_but_the_day() {
    use tig_plugin_api::testing::{Harness, TestKey};
    let settings = json!({ "name": "horde_crossval", "config": { "horde_crossval": section() } });
    let key = TestKey::new("s3", [], |bytes| {
        assert_eq!(bytes, b"20231114");
        vec![7; 32]
    });
    let mut harness = Harness::<Crossval>::start_with_keys(settings, vec![key]).unwrap();
    harness.advance_ms(0);
    let manifest = json!([{ "executor_class": CLASS, "count": 1 }]);
    let up = json!({ "hotkey": "", "state": { "up": { "manifest": manifest } } });
    harness.event("horde_miner_link", up);
    let mut made = harness.emitted().into_iter();
    assert!(made.any(|(name, _)| name == "horde_jobs_made"));
}

#[test]
fn key_of_another_kind_is_refused_at_the_start() {
    use tig_plugin_api::testing::{Harness, TestKey};
    let settings = json!({ "name": "horde_crossval", "config": { "horde_crossval": section() } });
    let sr25519 = TestKey::new("s3", [], |_| vec![7; 64]);
    let error = Harness::<Crossval>::start_with_keys(settings.clone(), vec![sr25519])
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("is not of the kind hmac-sha256"),
        "{error}"
    );
    let error = Harness::<Crossval>::try_start(settings).err().unwrap();
    assert!(error.to_string().contains("no key `s3`"), "{error}");
}
