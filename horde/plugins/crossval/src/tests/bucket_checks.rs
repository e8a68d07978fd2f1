//! Checks of the buckets by the running validator.

use super::*;

pub(super) const HOUR_MS: u64 = 3_600_000;
/// Steps of a check in their order.
pub(super) const STEPS: [&str; 5] = ["write", "read", "write without key", "list", "delete"];

/// An extension whose checks have just begun.
pub(super) fn begun() -> Harness<Crossval> {
    let mut harness = harness(&section());
    harness.event("horde_dynamic_config", small());
    assert_eq!(open(&harness).len(), 2);
    harness
}

/// The requests of checks that wait.
pub(super) fn open(harness: &Harness<Crossval>) -> Vec<tig_plugin_api::HttpCall> {
    let calls = harness.http_calls().iter();
    calls
        .filter(|call| call.tag.starts_with("check/"))
        .cloned()
        .collect()
}

pub(super) fn is_of_prompts(call: &tig_plugin_api::HttpCall) -> bool {
    call.tag.starts_with("check/prompts/")
}

/// An answer of the store: status, headers, body.
pub(super) type Answer = (u16, Vec<(&'static str, String)>, String);

pub(super) fn plain(status: u16, body: &str) -> Answer {
    (status, Vec::new(), body.to_owned())
}

pub(super) fn error(status: u16, code: &str) -> Answer {
    plain(status, &format!("<Error><Code>{code}</Code></Error>"))
}

/// Which step a request is.
pub(super) fn step_of(call: &tig_plugin_api::HttpCall) -> &'static str {
    let is_signed = call.url.contains("X-Amz-Signature");
    match (call.method.name(), is_signed) {
        ("PUT", true) => STEPS[0],
        ("PUT", false) => STEPS[2],
        ("DELETE", true) => STEPS[4],
        ("GET", false) if call.url.contains("list-type=2") => STEPS[3],
        ("GET", false) => STEPS[1],
        other => panic!("{other:?} {}", call.url),
    }
}

/// Answers all requests of both checks to their end: good ones, but for those that `fault` answers. Returns the steps of the bucket
/// of prompts.
pub(super) fn answer(
    harness: &mut Harness<Crossval>,
    fault: impl Fn(&str, &tig_plugin_api::HttpCall) -> Option<Answer>,
) -> Vec<&'static str> {
    let mut contents = std::collections::BTreeMap::new();
    let mut steps = Vec::new();
    for _ in 0..50 {
        let Some(call) = open(harness).into_iter().next() else {
            if !is_checking(harness) {
                return steps;
            }
            harness.advance_ms(1_000);
            continue;
        };
        let step = step_of(&call);
        if is_of_prompts(&call) {
            steps.push(step);
        }
        let good = match step {
            "write" => {
                contents.insert(call.tag.clone(), call.body.clone());
                plain(200, "")
            }
            "read" => plain(200, std::str::from_utf8(&contents[&call.tag]).unwrap()),
            "delete" => plain(204, ""),
            _ => error(403, "AccessDenied"),
        };
        let (status, headers, body) = fault(step, &call).unwrap_or(good);
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        harness.respond_with_headers(&call.tag, status, &headers, body);
    }
    panic!("a check does not end");
}

pub(super) fn is_checking(harness: &Harness<Crossval>) -> bool {
    let mut states = harness.extension().live.buckets.values();
    states.any(|state| state.check.is_some())
}

pub(super) fn buckets(harness: &mut Harness<Crossval>) -> Value {
    let reply = harness.request("GET", "/horde/pool", &[], "").unwrap();
    let report: Value = serde_json::from_slice(&reply.body).unwrap();
    report["buckets"].clone()
}

pub(super) fn warnings(harness: &mut Harness<Crossval>) -> Vec<String> {
    let logs = harness.logs().into_iter();
    let of_buckets = logs.filter(|(level, text)| level == "warn" && text.contains("bucket does"));
    of_buckets.map(|(_, text)| text).collect()
}

pub(super) fn diagnostics(harness: &Harness<Crossval>) -> Vec<String> {
    let keys = harness.stored().into_keys();
    keys.filter(|key| key.contains("diagnostic-")).collect()
}

#[test]
fn good_buckets_work_and_keep_nothing() {
    let mut harness = begun();
    let before = buckets(&mut harness);
    assert_eq!(before["prompts"]["works"], Value::Null, "not known yet");
    assert_eq!(
        diagnostics(&harness).len(),
        4,
        "named before they are written"
    );
    assert_eq!(answer(&mut harness, |_, _| None), STEPS);
    let after = buckets(&mut harness);
    for (name, url) in [
        ("prompts", "https://s3.example.org/prompts"),
        ("answers", "https://s3.example.org/answers"),
    ] {
        assert_eq!(after[name]["works"], true, "{after}");
        assert_eq!(after[name]["url"], url);
        assert_eq!(after[name]["faults"], json!([]));
        let metric = harness.metric("llm_bucket_works", &[("bucket", name)]);
        assert_eq!(metric, Some(1.0));
    }
    assert!(diagnostics(&harness).is_empty());
    assert!(warnings(&mut harness).is_empty());
}

/// Each fault of a store at the step at which it shows, with parts of its reason and its remedy.
#[test]
fn fault_is_reported_with_its_remedy() {
    let page = || plain(200, "<html>Welcome</html>");
    let list = || plain(200, "<ListBucketResult></ListBucketResult>");
    let stored = || (200, vec![("etag", "\"5\"".to_owned())], String::new());
    let moved = || {
        let header = ("x-amz-bucket-region", "eu-west-1".to_owned());
        (301, vec![header], String::new())
    };
    let cases: [(&str, Answer, bool, &str, &str); 16] = [
        (
            "write",
            error(404, "NoSuchBucket"),
            false,
            "404 NoSuchBucket",
            "make the bucket again",
        ),
        (
            "write",
            error(403, "InvalidAccessKeyId"),
            false,
            "403 InvalidAccessKeyId",
            "correct `access_key_id`",
        ),
        (
            "write",
            error(403, "SignatureDoesNotMatch"),
            false,
            "403 SignatureDoesNotMatch",
            "put the secret",
        ),
        (
            "write",
            error(403, "AccessDenied"),
            false,
            "takes no object: the bucket answers 403",
            "allow s3:PutObject on prompts/*",
        ),
        (
            "write",
            error(403, "RequestTimeTooSkewed"),
            false,
            "RequestTimeTooSkewed",
            "set the clock",
        ),
        (
            "write",
            error(400, "SecondLevelDomainForbidden"),
            false,
            "SecondLevelDomainForbidden",
            "path-style",
        ),
        (
            "write",
            error(500, "InternalError"),
            false,
            "500 InternalError",
            "`compute-horde check-s3` says more",
        ),
        (
            "write",
            moved(),
            false,
            "in the region eu-west-1, not in us-east-1",
            "set `region`",
        ),
        (
            "read",
            error(403, "AccessDenied"),
            false,
            "cannot be read without a key",
            "let anybody read objects",
        ),
        (
            "read",
            error(404, "NoSuchKey"),
            false,
            "404 NoSuchKey",
            "`compute-horde check-s3`",
        ),
        (
            "read",
            page(),
            false,
            "other content than was written",
            "a cache or another server",
        ),
        (
            "write without key",
            stored(),
            true,
            "anybody can write",
            "remove s3:PutObject",
        ),
        (
            "list",
            list(),
            true,
            "anybody can list",
            "remove s3:ListBucket",
        ),
        (
            "delete",
            error(403, "AccessDenied"),
            true,
            "cannot be deleted",
            "allow s3:DeleteObject",
        ),
        (
            "delete",
            error(503, "SlowDown"),
            true,
            "503 SlowDown",
            "`compute-horde check-s3`",
        ),
        (
            "list",
            (
                403,
                vec![("x-amz-bucket-region", "eu-west-1".to_owned())],
                String::new(),
            ),
            true,
            "eu-west-1",
            "set `region`",
        ),
    ];
    for (step, given, works, reason, remedy) in cases {
        let mut harness = begun();
        answer(&mut harness, |at, call| {
            (at == step && is_of_prompts(call)).then(|| given.clone())
        });
        let report = buckets(&mut harness);
        let fault = &report["prompts"]["faults"][0];
        let says = |key: &str| fault[key].as_str().unwrap_or_default().to_owned();
        assert!(says("reason").contains(reason), "{step}: {fault}");
        assert!(says("remedy").contains(remedy), "{step}: {fault}");
        assert_eq!(report["prompts"]["works"], works, "{step}: {fault}");
        assert_eq!(report["answers"]["faults"], json!([]), "{step}");
        let metric = harness.metric("llm_bucket_works", &[("bucket", "prompts")]);
        assert_eq!(metric, Some(f64::from(u8::from(works))));
        let warnings = warnings(&mut harness).join("\n");
        // The key that provisioning makes has no right to delete: that is a note.
        assert_eq!(
            warnings.contains(reason),
            fault["kind"] != "no_delete_right",
            "{step}: {warnings}"
        );
    }
}

/// The key that `provision-s3` makes has no right to delete.
#[test]
fn key_without_the_right_to_delete_is_no_trouble() {
    let mut harness = begun();
    let denied = |step: &str, _: &tig_plugin_api::HttpCall| {
        (step == "delete").then(|| error(403, "AccessDenied"))
    };
    answer(&mut harness, denied);
    assert!(warnings(&mut harness).is_empty());
    assert_eq!(buckets(&mut harness)["prompts"]["works"], true);
    harness.advance_ms(5 * HOUR_MS);
    assert!(
        open(&harness).is_empty(),
        "the next check is as late as ever"
    );
}

#[test]
fn page_of_a_proxy_is_neither_a_write_nor_a_list() {
    let mut harness = begun();
    answer(&mut harness, |step, _| {
        ["write without key", "list"]
            .contains(&step)
            .then(|| plain(200, "<html>Welcome</html>"))
    });
    assert_eq!(buckets(&mut harness)["prompts"]["faults"], json!([]));
}

/// A page in place of a deletion: the object is there still, and known.
#[test]
fn page_of_a_proxy_is_not_a_deletion() {
    for step in ["write", "delete"] {
        let mut harness = begun();
        answer(&mut harness, |at, _| {
            (at == step).then(|| plain(200, "<html>Welcome</html>"))
        });
        let report = buckets(&mut harness);
        let reason = report["prompts"]["faults"][0]["reason"].as_str().unwrap();
        assert!(reason.starts_with("a page of HTML or XML"), "{reason}");
        assert!(!diagnostics(&harness).is_empty(), "{step}");
    }
}

#[test]
fn clock_ten_minutes_off_is_reported() {
    let mut harness = begun();
    let seconds = harness.now_ms() / 1_000 + 600;
    let date = storage::http_date(seconds);
    answer(&mut harness, |step, _| {
        (step == "write").then(|| (200, vec![("date", date.clone())], String::new()))
    });
    let report = buckets(&mut harness);
    let fault = &report["answers"]["faults"][0];
    assert_eq!(fault["kind"], "clock");
    let reason = fault["reason"].as_str().unwrap();
    assert!(reason.contains("600 s behind the server's"), "{reason}");
}

#[test]
fn store_without_an_answer_is_reported() {
    let mut harness = begun();
    let tag = open(&harness)[0].tag.clone();
    harness.fail(&tag, HttpFailureKind::Connect);
    let report = buckets(&mut harness);
    let fault = &report["prompts"]["faults"][0];
    let reason = fault["reason"].as_str().unwrap();
    assert!(reason.contains("the bucket does not answer"), "{reason}");
    assert_eq!(report["prompts"]["works"], false);
    // The object may have been written all the same.
    let named = diagnostics(&harness);
    let of_prompts = named.iter().filter(|key| key.contains("prompts/"));
    assert_eq!(of_prompts.count(), 2, "{named:?}");
}

#[test]
fn object_that_appears_late_is_read_again() {
    let mut harness = begun();
    let reads = std::cell::Cell::new(0);
    let steps = answer(&mut harness, |step, call| {
        let is_read = step == "read" && is_of_prompts(call);
        reads.set(reads.get() + u32::from(is_read));
        (is_read && reads.get() < 4).then(|| error(404, "NoSuchKey"))
    });
    assert_eq!(steps.iter().filter(|step| **step == "read").count(), 4);
    assert_eq!(buckets(&mut harness)["prompts"]["works"], true);
}

#[test]
fn fault_is_logged_once_and_its_end_too() {
    // With a key that may delete, and with one that may not.
    for may_delete in [true, false] {
        let mut harness = begun();
        let good = |step: &str, _: &tig_plugin_api::HttpCall| {
            (step == "delete" && !may_delete).then(|| error(403, "AccessDenied"))
        };
        let broken = |step: &str, _: &tig_plugin_api::HttpCall| {
            (step == "write").then(|| error(404, "NoSuchBucket"))
        };
        answer(&mut harness, broken);
        assert_eq!(warnings(&mut harness).len(), 2);
        let since = buckets(&mut harness)["prompts"]["since_ms"].clone();
        for _ in 0..3 {
            harness.advance_ms(660_000);
            answer(&mut harness, broken);
        }
        assert!(
            warnings(&mut harness).is_empty(),
            "the same is logged once a day"
        );
        assert_eq!(buckets(&mut harness)["prompts"]["since_ms"], since);
        harness.advance_ms(660_000);
        answer(&mut harness, good);
        assert_eq!(ends(&mut harness), 2, "{may_delete}");
        assert_eq!(buckets(&mut harness)["prompts"]["works"], true);
    }
}

/// Lines of the log that say that a fault has passed, since the last look.
fn ends(harness: &mut Harness<Crossval>) -> usize {
    let logs = harness.logs().into_iter();
    logs.filter(|(_, text)| text.contains("does what is needed again"))
        .count()
}

/// A failure of a deletion says nothing of the right to delete: the bucket is checked again soon.
#[test]
fn failed_deletion_is_a_fault_that_passes() {
    let failures = [
        error(503, "SlowDown"),
        plain(200, "<html>Welcome</html>"),
        error(403, "SignatureDoesNotMatch"),
    ];
    for failure in failures {
        let mut harness = begun();
        answer(&mut harness, |step, _| {
            (step == "delete").then(|| failure.clone())
        });
        assert_eq!(warnings(&mut harness).len(), 2, "{failure:?}");
        let report = buckets(&mut harness);
        assert_eq!(report["prompts"]["works"], true, "{report}");
        assert_eq!(report["prompts"]["faults"][0]["kind"], "delete");
        harness.advance_ms(660_000);
        answer(&mut harness, |step, _| {
            (step == "delete").then(|| error(403, "AccessDenied"))
        });
        assert_eq!(ends(&mut harness), 2, "{failure:?}");
    }
}

#[test]
fn object_that_anybody_could_write_is_deleted() {
    let mut harness = begun();
    answer(&mut harness, |step, _| {
        (step == "write without key").then(|| (200, vec![("etag", "5".to_owned())], String::new()))
    });
    let calls = harness.http_calls().iter();
    let deletions: Vec<_> = calls
        .filter(|call| call.tag.starts_with("delete/") && call.url.contains("-public"))
        .collect();
    assert_eq!(deletions.len(), 2);
}
