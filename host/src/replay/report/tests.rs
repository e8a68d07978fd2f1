//! What a report collects.

use super::samples::{compared, done, emitted, failed, sample_report};
use super::*;

#[test]
fn calls_are_counted_for_each_extension() {
    let report = sample_report();
    let [chooser, other] = &report.extensions[..] else {
        panic!("{:?}", report.extensions);
    };
    assert_eq!((chooser.calls.all, chooser.calls.same), (4, 2));
    assert_eq!((other.calls.all, other.calls.different()), (1, 0));
    assert!(report.has_differences());
    assert_eq!(
        report.period_ms,
        Some((1_700_000_001_000, 1_700_000_004_000))
    );
}

#[test]
fn first_difference_has_its_call() {
    let report = sample_report();
    let first = &report.extensions[0].differences[0];
    assert_eq!((first.number, first.what.as_str()), (3, "block"));
    assert_eq!(first.difference.text, "emits `choice` with 4 other values");
    assert_eq!(first.difference.values[0], "fee: \"1.5\", not \"0.5\"");
}

#[test]
fn described_differences_are_bounded() {
    let mut report = Report::new(ReportSettings {
        differences_max: 2,
        ..ReportSettings::new("r")
    });
    let (one, other) = (done([]), done([emitted("e", "1")]));
    for number in 1..=10 {
        report.add(&compared("x", number, "e", &one, &other));
    }
    let extension = &report.extensions[0];
    assert_eq!(extension.calls.different(), 10);
    let numbers: Vec<u64> = extension.differences.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(extension.consequences.events.is_empty());

    let mut report = Report::new(ReportSettings {
        differences_max: usize::MAX,
        ..ReportSettings::new("r")
    });
    for number in 0..2 * DIFFERENCES_COUNT_MAX as u64 {
        report.add(&compared("x", number, "e", &one, &other));
    }
    let described = report.extensions[0].differences.len();
    assert_eq!(described, DIFFERENCES_COUNT_MAX + 1);
}

#[test]
fn failures_are_counted_on_each_side() {
    let mut report = Report::new(ReportSettings::new("r"));
    let (one, other) = (done([]), (failed("no"), Vec::new()));
    report.add(&compared("x", 1, "e", &one, &other));
    report.add(&compared("x", 2, "e", &other, &other));
    let failed = Sides {
        recorded: 1,
        replayed: 2,
    };
    assert_eq!(report.calls().failed, failed);
    assert_eq!(report.calls().different(), 1);
}

#[test]
fn extensions_and_notes_are_bounded() {
    let mut report = Report::new(ReportSettings::new("r"));
    let made = done([]);
    for index in 0..1_000 {
        let name = format!("x{index}");
        report.add(&compared(&name, 1, "e", &made, &made));
        report.add_damage(&name);
    }
    let long = "x".repeat(EXTENSION_NAME_BYTES_MAX + 1);
    report.add(&compared(&long, 1, "e", &made, &made));
    assert_eq!(report.extensions.len(), EXTENSIONS_REPORTED_COUNT_MAX + 1);
    assert_eq!(report.calls().all, 1_001);
    let kept = NOTES_COUNT_MAX as u64;
    assert_eq!(report.damage.texts.len(), NOTES_COUNT_MAX);
    assert_eq!(report.damage.further, 1_000 - kept);
}

#[test]
fn plugin_files_are_named_once() {
    let mut report = Report::new(ReportSettings::new("r"));
    let plugin = |hash: &str| PluginId {
        name: "p".into(),
        version: "1.0.0".into(),
        hash: hash.to_owned().into(),
    };
    for hash in ["a", "a", "b"] {
        report.add_plugin("x", Side::Recorded, &plugin(hash));
    }
    report.add_plugin("x", Side::Replayed, &plugin("c"));
    let plugins = &report.extensions[0].plugins;
    assert_eq!((plugins.recorded.len(), plugins.replayed.len()), (2, 1));
}
