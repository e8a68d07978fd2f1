//! Faults of the buckets at each station.

use std::collections::BTreeMap;

use super::*;

/// Answers of a store that fails, with a part of what is reported of each.
const FAULTS: [(u16, &str, &str); 9] = [
    (500, "InternalError", "the bucket answers 500 InternalError"),
    (503, "SlowDown", "503 SlowDown"),
    (404, "NoSuchBucket", "404 NoSuchBucket"),
    (403, "InvalidAccessKeyId", "403 InvalidAccessKeyId"),
    (
        403,
        "SecondLevelDomainForbidden",
        "403 SecondLevelDomainForbidden",
    ),
    (403, "SignatureDoesNotMatch", "403 SignatureDoesNotMatch"),
    (400, "ExpiredToken", "400 ExpiredToken"),
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

const PAGE: &str = "<html><title>Log in</title></html>";

/// What no status says: the connection is refused or ends, or nothing comes in time.
const FAILURES: [HttpFailureKind; 3] = [
    HttpFailureKind::Connect,
    HttpFailureKind::Timeout,
    HttpFailureKind::Other,
];

#[test]
fn unreachable_store_costs_nothing_at_any_station() {
    for kind in FAILURES {
        let mut world = World::with_series();
        let fail_all = |world: &mut World| {
            for tag in world.tags() {
                world.harness.fail(&tag, kind);
            }
        };
        fail_all(&mut world);
        world.assert_failure("sampling", "does not answer");
        world.harness.advance_ms(30_000);
        while !world.tags().iter().any(|tag| tag.starts_with("upload/")) {
            let call = world.harness.http_calls()[0].clone();
            world.serve(&call);
        }
        fail_all(&mut world);
        world.assert_failure("upload", "does not answer");
        world.harness.advance_ms(60_000);
        world.settle();
        let asked = world.wait_for_job();
        world.solve(&asked);
        fail_all(&mut world);
        world.harness.advance_ms(10_000);
        world.settle();
        assert_eq!(world.records("sample/").len(), 2, "{kind:?}");
        let report = world.report();
        for workload in report["workloads"].as_array().unwrap() {
            assert_eq!(workload["failures"], 0, "{kind:?}");
        }
        assert_eq!(report["series"]["live"], 4, "{kind:?}");
    }
}

/// A proxy that wants a login answers 200 to everything.
#[test]
fn page_of_a_proxy_costs_nothing_at_any_station() {
    let mut world = World::with_series();
    while !world.tags().iter().any(|tag| tag.starts_with("upload/")) {
        let call = world.harness.http_calls()[0].clone();
        world.serve(&call);
    }
    for tag in world.tags() {
        world.harness.respond(&tag, 200, PAGE);
    }
    world.assert_failure("upload", "a page of HTML or XML");
    assert!(world.all_asked().is_empty());
    world.harness.advance_ms(60_000);
    world.settle();
    let asked = world.wait_for_job();
    world.solve(&asked);
    for tag in world.tags() {
        world.harness.respond(&tag, 200, PAGE);
    }
    world.harness.advance_ms(10_000);
    world.settle();
    assert_eq!(world.records("sample/").len(), 2);
}

/// Each fault while an object is deleted: it is known until it is gone.
#[test]
fn fault_while_objects_are_deleted_forgets_none() {
    for fault in FAULTS {
        let mut world = World::start();
        world.up();
        let asked = world.asked();
        world.generate(&asked);
        world.settle();
        let asked = world.asked();
        let path = asked.uploads()[0].clone();
        world.objects.insert(path.clone(), b"{}".to_vec());
        world.over(&asked, &failed());
        world.harness.advance_ms(3_600_000);
        let is_deletion = |tag: &String| tag.starts_with("delete/answers/solved/");
        assert!(world.tags().iter().any(is_deletion), "{fault:?}");
        fail_all(&mut world, fault);
        let record = path.replace("/answers/", "doomed/answers/");
        assert!(world.harness.stored().contains_key(&record), "{fault:?}");
        world.harness.advance_ms(120_000);
        world.settle();
        assert!(!world.objects.contains_key(&path), "{fault:?}");
        assert!(!world.harness.stored().contains_key(&record), "{fault:?}");
    }
}

/// The policy of the bucket of answers is gone: the workload is not to blame, and the check of the bucket says what to do.
#[test]
fn answers_that_nobody_may_read_cost_no_workload() {
    let mut world = World::with_series();
    world.settle();
    let asked = world.asked();
    world.harness.advance_ms(60_000);
    world.settle();
    world.solve(&asked);
    for _ in 0..60 {
        while let Some(call) = world.harness.http_calls().first().cloned() {
            let is_read = call.method.name() == "GET" && call.url.contains("/answers/");
            match is_read {
                true => world.harness.respond(&call.tag, 403, DENIED),
                false => world.serve(&call),
            }
        }
        world.harness.advance_ms(1_000);
    }
    world.assert_state("answering", "its answers are read");
    let remedy = world.report()["buckets"]["answers"]["faults"][0]["remedy"].clone();
    assert!(
        remedy
            .as_str()
            .unwrap()
            .contains("let anybody read objects"),
        "{remedy}"
    );
    world.settle();
    world.harness.advance_ms(10_000);
    world.settle();
    assert_eq!(world.records("sample/").len(), 2);
}

/// A station that meets a fault has its bucket checked at once, which says what to do.
#[test]
fn fault_of_a_station_brings_a_check() {
    let mut world = World::with_series();
    world.settle();
    let asked = world.asked();
    world.harness.advance_ms(60_000);
    world.solve(&asked);
    let checks = |world: &World| {
        let tags = world.tags();
        tags.iter().filter(|tag| tag.starts_with("check/")).count()
    };
    assert_eq!(checks(&world), 0);
    let tag = world
        .tags()
        .into_iter()
        .find(|tag| tag.starts_with("answers/"));
    let no_bucket = "<Error><Code>NoSuchBucket</Code></Error>";
    let before = world.report()["buckets"]["answers"].clone();
    world.harness.respond(&tag.unwrap(), 404, no_bucket);
    assert_eq!(checks(&world), 1);
    assert_eq!(before["works"], true, "{before}");
    assert_eq!(
        world.report()["buckets"]["answers"],
        before,
        "what is known stays while the check runs"
    );
}

/// Jobs for a bucket that is gone would be in vain: none is begun until a check finds the bucket again.
#[test]
fn lasting_fault_of_a_bucket_stops_its_jobs() {
    for (station, bucket) in [("generation", "prompts"), ("answering", "answers")] {
        let mut world = match station {
            "generation" => World::start(),
            _ => World::with_series(),
        };
        world.settle();
        // Returns whether a job was begun meanwhile.
        let pass_time = |world: &mut World, minutes: u32| {
            let mut jobs = 0;
            for _ in 0..6 * minutes {
                world.up();
                for asked in world.all_asked() {
                    jobs += 1;
                    world.over(&asked, &json!({ "outcome": "interrupted" }));
                }
                world.harness.advance_ms(10_000);
                while let Some(call) = world.harness.http_calls().first().cloned() {
                    match call.url.starts_with(&format!("{STORE}/{bucket}/")) {
                        true => world.harness.respond(
                            &call.tag,
                            404,
                            "<Error><Code>NoSuchBucket</Code></Error>",
                        ),
                        false => world.serve(&call),
                    }
                }
            }
            jobs > 0
        };
        assert!(
            pass_time(&mut world, 6 * 60),
            "no check has found the fault yet"
        );
        pass_time(&mut world, 20);
        assert!(!pass_time(&mut world, 60), "{station}");
        world.assert_state(
            station,
            &format!("waits: the bucket of {bucket} does not work"),
        );
        let asked = world.wait_for_job();
        assert_eq!(asked.is_generation(), station == "generation");
        world.assert_state(station, "the trusted miner has it");
    }
}

/// One check may meet a fault that has passed a moment later, and the next is ten minutes away.
#[test]
fn single_failed_check_stops_no_job() {
    let mut harness = harness(&section());
    harness.event("horde_dynamic_config", small());
    let objects = BTreeMap::new();
    let mut world = World { harness, objects };
    fail_all(&mut world, FAULTS[0]);
    assert_eq!(world.report()["buckets"]["prompts"]["works"], false);
    world.up();
    let asked = world.asked();
    world.over(&asked, &json!({ "outcome": "interrupted" }));
    let begun_ms = world.harness.now_ms();
    world.wait_for_job();
    assert!(world.harness.now_ms() - begun_ms < 5 * 60_000);
}

/// Whoever computes can still write when it is done: URLs live longer than any job with all its waits.
#[test]
fn url_outlives_every_job() {
    use crate::limits::{ANSWERING_MS, GENERATION_MS, OUTCOME_GRACE_MS, URL_SECONDS};
    let longest_ms = GENERATION_MS.max(ANSWERING_MS) + OUTCOME_GRACE_MS;
    assert!(u64::from(URL_SECONDS) * 1_000 > 2 * longest_ms);
    // A job that is asked for again after a kill gets new ones.
    let mut world = World::start();
    world.up();
    let before = world.asked();
    world.harness.advance_ms(200_000);
    world.harness.kill();
    world.harness.advance_ms(0);
    world.up();
    let after = world.asked();
    let date = |asked: &Asked| {
        let url = asked.request["output_upload"]["uploads"][0]["url"].to_string();
        url.split("X-Amz-Date=").nth(1).unwrap()[..16].to_owned()
    };
    assert!(date(&after) > date(&before));
}

/// The key is of another account, or its right was taken away.
#[test]
fn upload_denied_to_the_key_is_tried_again() {
    let mut world = World::with_series();
    world.harness.advance_ms(60_000);
    while !world.tags().iter().any(|tag| tag.starts_with("upload/")) {
        let call = world.harness.http_calls()[0].clone();
        world.serve(&call);
    }
    for tag in world.tags() {
        world.harness.respond(&tag, 403, DENIED);
    }
    world.assert_failure("upload", "the bucket answers 403 AccessDenied");
    let mut tags = world.tags().into_iter();
    let tag = tags.find(|tag| tag.starts_with("check/answers/"));
    world
        .harness
        .respond(&tag.expect("it is checked"), 403, DENIED);
    let fault = world.report()["buckets"]["answers"]["faults"][0].clone();
    let remedy = fault["remedy"].as_str().unwrap();
    assert!(
        remedy.contains("allow s3:PutObject on answers/*"),
        "{remedy}"
    );
    for _ in 0..2 {
        world.harness.advance_ms(60_000);
        world.settle();
    }
    world.assert_state("upload", "rests");
    assert_eq!(world.report()["workloads"].as_array().unwrap().len(), 2);
}
