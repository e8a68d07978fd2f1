//! The pool of prompts with a trusted miner that writes odd files, and with miners that lie: generation, sampling and answering go on
//! (section 10.6).

use std::thread;
use std::time::{Duration, Instant};

use horde_system_tests::{LANGUAGE_CLASS, Pipeline, PipelineOptions};
use serde_json::{Value, json};
use tig_system_tests::post;

use crate::pipeline::{FILL_MAX, check_sound, start};

/// Pools at the same time.
const POOLS: usize = 8;
/// Longest time for a pool to fill whose stations are run by hand.
const HAND_MAX: Duration = Duration::from_secs(150);
/// Series that are wanted, and as many samples. The first job makes 25 or 30, whether the network's values have come by then or not.
const SERIES: usize = 30;

/// What may be wrong with a series, and whether nothing can be sampled from it.
const SERIES_FAULTS: [(&str, bool); 11] = [
    ("empty", true),
    ("one-line", true),
    ("fewer-lines", false),
    ("no-line-end", false),
    ("crlf", false),
    ("outer-blanks", false),
    ("line-separator", false),
    ("repeated-line", false),
    ("long-line", true),
    ("not-utf8", true),
    // It may be the page of a proxy, so it is tried again.
    ("html-page", false),
];

/// What may be wrong with a file of answers, and whether it has none that count.
const ANSWER_FAULTS: [(&str, bool); 8] = [
    ("missing-keys", true),
    ("extra-keys", false),
    ("blank-keys", true),
    ("not-text", true),
    ("not-object", true),
    ("not-json", true),
    ("gzip", true),
    ("huge", true),
];

/// Runs each of these in a thread, so many at the same time.
fn each<T: Copy + Send + 'static>(cases: &[T], run: fn(T)) {
    for some in cases.chunks(POOLS) {
        let running: Vec<_> = some
            .iter()
            .map(|&case| thread::spawn(move || run(case)))
            .collect();
        for one in running {
            one.join().unwrap();
        }
    }
}

/// The first series of each job is odd. As many samples as series are wanted, so that each series is read.
fn fill_from_odd_series((how, is_dropped): (&'static str, bool)) {
    let options = PipelineOptions {
        trusted_vices: vec![format!("odd-series:{how}")],
        series: SERIES,
        samples: SERIES,
        workload_samples: 7,
        // A second sample is drawn from another series for each that was dropped.
        crossval: json!({ "uses_per_series": 2 }),
        ..PipelineOptions::default()
    };
    let (pipeline, _folder) = start(&options);
    let filled = pipeline.wait_until_full(FILL_MAX);
    filled.unwrap_or_else(|error| panic!("{how}: {error}\n{}", pipeline.log()));
    let log = pipeline.log();
    let dropped = log.contains("series of prompts cannot be sampled");
    assert_eq!(dropped, is_dropped, "{how}: {log}");
    assert_eq!(pipeline.dropped_workloads(), Vec::<String>::new(), "{how}");
    check_sound(pipeline);
}

#[test]
fn odd_series_do_not_stop_the_pool() {
    each(&SERIES_FAULTS, fill_from_odd_series);
}

fn set_trusted_vices(pipeline: &Pipeline, vices: &[&str]) {
    let body = json!({ "vices": vices }).to_string();
    let answer = post(&pipeline.network.control, "/trusted/vice", body.as_bytes()).unwrap();
    assert!(answer.status < 300, "{}", answer.body);
}

/// Has workloads answered by hand, since the station pauses for longer after each failure, until this holds.
fn answer_until(pipeline: &Pipeline, what: &str, mut holds: impl FnMut(&Value) -> bool) {
    let start = Instant::now();
    while !holds(&pipeline.pool().unwrap()) {
        assert!(
            start.elapsed() < HAND_MAX,
            "{what}: {}\n{}",
            pipeline.pool().unwrap(),
            pipeline.log()
        );
        // It is refused while a job is under way.
        let _ = pipeline.run_station("answering");
    }
}

/// All answers are odd: each workload is given up after three attempts, and the pool fills when the trusted miner has recovered.
fn fill_after_odd_answers((how, is_dropped): (&'static str, bool)) {
    let options = PipelineOptions {
        trusted_vices: vec![format!("odd-answers:{how}")],
        ..PipelineOptions::default()
    };
    let (pipeline, _folder) = start(&options);
    if is_dropped {
        answer_until(&pipeline, how, |pool| {
            let workloads = pool["workloads"].as_array().unwrap().iter();
            let mut failures = workloads.map(|workload| workload["failures"].as_u64().unwrap());
            assert!(failures.all(|count| count < 3), "{how}: {pool}");
            !pipeline.dropped_workloads().is_empty()
        });
    }
    set_trusted_vices(&pipeline, &[]);
    answer_until(&pipeline, how, |pool| {
        pool["samples"]["ready"] == pool["samples"]["wanted"]
    });
    let dropped = pipeline.dropped_workloads();
    assert_eq!(dropped.is_empty(), !is_dropped, "{how}: {dropped:?}");
    for line in dropped {
        assert!(line.contains("it has failed 3 times"), "{how}: {line}");
    }
    check_sound(pipeline);
}

#[test]
fn odd_answers_give_a_workload_up_after_three_tries() {
    each(&ANSWER_FAULTS, fill_after_odd_answers);
}

/// The outcomes of a miner's jobs for language models.
fn row<'a>(batch: &'a Value, hotkey: &str) -> &'a Value {
    let mut miners = batch["miners"].as_array().unwrap().iter();
    let miner = miners.find(|miner| miner["hotkey"] == hotkey).unwrap();
    let mut classes = miner["classes"].as_array().unwrap().iter();
    classes
        .find(|class| class["executor_class"] == LANGUAGE_CLASS)
        .unwrap()
}

#[test]
fn lying_miners_get_nothing_for_prompts() {
    let lies = [
        "odd-answers:wrong",
        "odd-answers:other-seed",
        "odd-answers:missing-keys",
        "odd-answers:not-json",
        "odd-answers:huge",
        "no-upload",
    ];
    let vices = lies.iter().enumerate();
    let options = PipelineOptions {
        miners: 8,
        vices: vices
            .map(|(index, vice)| format!("{index}={vice}"))
            .collect(),
        series: 8,
        samples: 8,
        ..PipelineOptions::default()
    };
    let (pipeline, _folder) = start(&options);
    pipeline.wait_until_full(FILL_MAX).unwrap();
    let (code, batch) = pipeline.run_batch().unwrap();
    assert_eq!(code, 0, "{batch}");
    for (index, miner) in pipeline.network.miners.iter().enumerate() {
        let row = row(&batch, &miner.hotkey);
        let is_honest = index >= lies.len();
        let expected = if is_honest { (1, 0) } else { (0, 1) };
        let outcome = (
            row["right"].as_u64().unwrap(),
            row["wrong"].as_u64().unwrap(),
        );
        assert_eq!(outcome, expected, "{:?}: {row}", lies.get(index));
        assert_eq!(row["score"].as_f64().unwrap() > 0.0, is_honest, "{row}");
    }
    check_sound(pipeline);
}
