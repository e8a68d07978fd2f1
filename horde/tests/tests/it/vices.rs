//! A batch with miners that misbehave: each harms its own score only.

use std::process::Command;

use horde_system_tests::{Artifacts, HostOptions};
use serde_json::{Value, json};

use crate::support::{Running, miners, sum};

/// Options under which jobs that are not answered end soon. A manifest may take long: all miners share the machine, and some flood it.
fn quick() -> HostOptions {
    HostOptions {
        batch: json!({
            "manifest_timeout_ms": 15_000,
            "spin_up_seconds": { "spin_up-4min.gpu-24gb": 4 },
        }),
        miners: json!({ "run_grace_ms": 1_000, "first_attempts_max": 1, "manifest_ms": 15_000 }),
        ..HostOptions::echo()
    }
}

/// What a vice costs its miner, which has two executors.
#[derive(Debug)]
enum Cost {
    /// Both answers are right.
    Nothing,
    /// It gets no job, for a reason with these words.
    NoJob(&'static str),
    /// Both jobs count in this column, for a reason with these words.
    Both(&'static str, &'static str),
    /// Each job is right or counts in one of these columns: which comes first is left to chance.
    Partly(&'static [&'static str]),
}

use Cost::{Both, NoJob, Nothing, Partly};

/// Vices of a miner, with `+` between them, and their cost.
type Case = (&'static str, Cost);

/// Miners without a vice, at the end of each batch.
const HONEST: usize = 4;

/// Most memory of a host in a debug build at such a batch, in KiB: frames of 60 MiB come, and several of 40 MiB are taken.
const MEMORY_KIB_MAX: u64 = 400 << 10;

/// Each vice of `horde-devnet vices`.
const EACH: [Case; 52] = [
    ("refuses", NoJob("refused (os error 111) (1 attempt)")),
    ("speaks-tls", NoJob("the peer speaks TLS")),
    ("mute", NoJob("did not complete the handshake in time")),
    ("answers-404", NoJob("404 Not Found")),
    ("answers-301", NoJob("redirects are not followed")),
    ("silent", NoJob("has not shown its manifest within 15 s")),
    ("unknown-validator", NoJob("Unknown validator")),
    ("inactive-validator", NoJob("Inactive validator")),
    ("clock-off", NoJob("the clocks of the two machines differ")),
    ("slow", Nothing),
    ("slow-manifest", Nothing),
    ("slow-accept", Nothing),
    ("slow-ready", Nothing),
    ("slow-result", Nothing),
    ("drops", Partly(&["unreachable"])),
    ("drops-once", Nothing),
    ("stops-reading", Both("late", "late: it did not answer")),
    ("closes-1011", Partly(&["unreachable"])),
    ("generic-error", Nothing),
    ("not-json", Nothing),
    ("no-message-type", Nothing),
    ("unknown-message", Nothing),
    ("binary-frames", NoJob("binary message")),
    (
        "huge-frame:60",
        Both("unreachable", "a frame that is too long"),
    ),
    ("floods-pings:2000", Nothing),
    ("floods-frames:2000", Nothing),
    ("manifest-count", NoJob("offers no executor")),
    ("manifest-unknown-class", NoJob("manifest is invalid")),
    (
        "manifest-other-class",
        NoJob("no job kind is configured for the class"),
    ),
    ("two-manifests", Nothing),
    (
        "no-manifest",
        NoJob("has not shown its manifest within 15 s"),
    ),
    ("declines", Both("declined", "it declined")),
    ("busy-for", Both("declined", "declined")),
    ("silent-when-busy", Nothing),
    ("blocks-when-busy", Nothing),
    ("ready-before-accept", Both("failed", "out of order")),
    ("fails-to-prepare", Both("failed", "could not be prepared")),
    ("finished-before-run", Both("failed", "out of order")),
    ("failed-after-ready", Both("failed", "or refused the job")),
    ("fails-jobs", Both("failed", "exit code 1")),
    ("twice", Nothing),
    ("others-uuids", Nothing),
    ("wrong-answer", Both("wrong", "wrong answer")),
    ("wrong-answer-of-payload-size", Both("wrong", "xxx")),
    ("odd-stdout", Both("wrong", r"\0")),
    ("large-stdout", Both("wrong", "bytes or more")),
    ("late-result", Partly(&["late", "unreachable"])),
    // These are about files of prompts and answers, which such jobs do not have.
    ("late-upload", Nothing),
    ("no-upload", Nothing),
    ("odd-answers", Nothing),
    ("changes-answers", Nothing),
    ("odd-series", Nothing),
];

/// Vices at other steps, and several at once.
const STEPS: [Case; 36] = [
    ("drops:auth", NoJob("without a close frame")),
    ("drops:manifest", Both("unreachable", "close frame")),
    ("drops:accept", Partly(&["unreachable"])),
    ("drops:run", Partly(&["unreachable"])),
    ("drops:result", Partly(&["unreachable"])),
    ("drops-once:auth", Nothing),
    ("drops-once:manifest", Nothing),
    ("drops-once:accept", Nothing),
    ("drops-once:run", Nothing),
    ("drops-once:result", Nothing),
    ("stops-reading:auth", Both("late", "the reservation")),
    ("stops-reading:manifest", Both("late", "the reservation")),
    ("stops-reading:run", Partly(&["late"])),
    ("stops-reading:result", Partly(&["late"])),
    ("closes-1011:auth", NoJob("code 1011")),
    ("closes-1011:manifest", Both("unreachable", "code 1011")),
    ("closes-1011:accept", Partly(&["unreachable"])),
    ("closes-1011:result", Partly(&["unreachable"])),
    ("generic-error:auth", Nothing),
    ("generic-error:ready", Nothing),
    ("generic-error:run", Nothing),
    ("generic-error:result", Nothing),
    ("not-json:auth", Nothing),
    ("not-json:run", Nothing),
    ("unknown-message:ready", Nothing),
    ("others-uuids:nobody", Nothing),
    ("others-uuids:finished", Nothing),
    ("manifest-count:0", NoJob("offers no executor")),
    (
        "clock-off:3600",
        NoJob("the clocks of the two machines differ"),
    ),
    ("late-result:2000", Partly(&["late", "unreachable"])),
    ("twice+others-uuids", Nothing),
    ("wrong-answer+twice", Both("wrong", "wrong answer")),
    ("drops-once:run+odd-stdout", Both("wrong", r"\0")),
    ("drops-once:accept+slow:300", Nothing),
    ("not-json:accept+generic-error:ready", Nothing),
    ("ready-before-accept+twice", Both("failed", "out of order")),
];

/// Runs a batch with a miner for each case and honest ones, and stops the host.
fn check(cases: &[Case]) {
    let of_miner = |(index, (vices, _)): (usize, &Case)| {
        let each = vices.split('+').map(|vice| format!("{index}={vice}"));
        each.collect::<Vec<_>>()
    };
    let vices: Vec<String> = cases.iter().enumerate().flat_map(of_miner).collect();
    let vices: Vec<&str> = vices.iter().map(String::as_str).collect();
    let count = cases.len() + HONEST;
    let mut running = Running::start(&quick(), &miners(count, &vices));
    let (code, result) = running.run_batch();
    assert_eq!((code, &result["end"]), (0, &"stored".into()), "{result}");
    let mut faults: Vec<String> = Vec::new();
    for (index, (vices, cost)) in cases.iter().enumerate() {
        if !is_cost(&result["miners"][index], cost) {
            faults.push(format!(
                "{vices}: not {cost:?}: {}",
                result["miners"][index]
            ));
        }
    }
    for index in cases.len()..count {
        if !is_cost(&result["miners"][index], &Nothing) {
            faults.push(format!("honest: {}", result["miners"][index]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let violations = running.violations();
    // A miner whose clock is wrong takes the validator's for wrong.
    let is_real = |violation: &&Value| violation["kind"] != "authentication_refused";
    let real: Vec<_> = violations.iter().filter(is_real).collect();
    assert!(real.is_empty(), "{real:?}");
    let memory_kib = running.host_memory_kib();
    assert!(memory_kib < MEMORY_KIB_MAX, "{memory_kib} KiB");
    running.host.stop();
    check_log(&running.host.log());
}

fn is_cost(miner: &Value, cost: &Cost) -> bool {
    let class = &miner["classes"][0];
    let count = |column: &str| class[column].as_u64().unwrap_or_default();
    let is_reason =
        |value: &Value, words: &str| value.as_str().is_some_and(|it| it.contains(words));
    match cost {
        Nothing => (count("jobs"), count("right")) == (2, 2) && class["reason"].is_null(),
        NoJob(words) => {
            let is_said = is_reason(&miner["no_link"], words) || is_reason(&class["reason"], words);
            count("jobs") == 0 && is_said
        }
        Both(column, words) => count(column) == 2 && is_reason(&class["reason"], words),
        Partly(columns) => {
            let lost: u64 = columns.iter().map(|column| count(column)).sum();
            count("jobs") == 2 && count("right") + lost == 2
        }
    }
}

/// What an operator reads must not alarm without cause, give away secrets or steer the terminal.
fn check_log(log: &str) {
    for unwanted in ["ERROR", "panicked", "left behind", "01010101"] {
        let line = log.lines().find(|line| line.contains(unwanted));
        assert_eq!(line, None, "{unwanted}");
    }
    let is_control = |character: char| character.is_control() && character != '\n';
    let line = log.lines().find(|line| line.contains(is_control));
    assert_eq!(line, None, "control characters are escaped");
}

#[test]
fn each_vice_costs_its_own_miner_only() {
    let listed = Artifacts::of_running_test()
        .unwrap()
        .program("horde-devnet");
    let listed = Command::new(listed).arg("vices").output().unwrap().stdout;
    let listed = String::from_utf8(listed).unwrap();
    let name = |text: &str| text.trim().split([' ', ':', '[']).next().map(str::to_owned);
    let cases: Vec<_> = EACH.iter().filter_map(|(vice, _)| name(vice)).collect();
    let listed: Vec<_> = listed.lines().filter_map(name).collect();
    assert_eq!(cases, listed, "each vice has its case");
    check(&EACH);
}

#[test]
fn vices_at_each_step_cost_their_own_miner_only() {
    check(&STEPS);
}

#[test]
fn long_frames_of_many_miners_fit_into_memory() {
    // Just below the limit, so that each is taken: 600 MiB together.
    let vices: Vec<String> = (0..12)
        .map(|index| format!("{index}=huge-frame:49"))
        .collect();
    let vices: Vec<&str> = vices.iter().map(String::as_str).collect();
    let running = Running::start(&quick(), &miners(14, &vices));
    let (code, result) = running.run_batch();
    assert_eq!(code, 0, "{result}");
    for index in 12..14 {
        assert!(is_cost(&result["miners"][index], &Nothing), "{result}");
    }
    let memory_kib = running.host_memory_kib();
    assert!(memory_kib < 700 << 10, "{memory_kib} KiB");
}

#[test]
fn dropped_sockets_lose_no_job() {
    let vices: Vec<String> = (0..4)
        .map(|index| format!("{index}=drops-once:ready"))
        .collect();
    let vices: Vec<&str> = vices.iter().map(String::as_str).collect();
    let running = Running::start(&quick(), &miners(4, &vices));
    let (code, result) = running.run_batch();
    assert_eq!((code, sum(&result, "right")), (0, 8), "{result}");
}
