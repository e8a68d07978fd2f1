//! Names and values of the JSON report.

use serde_json::{Value, json};

use super::super::samples::sample_report;
use super::*;

#[test]
fn report_has_stable_names() {
    let report = sample_report();
    let json = serde_json::to_value(JsonReport::new(&report)).unwrap();
    assert_eq!(json["has_differences"], true);
    assert_eq!(json["from_ms"], 1_700_000_001_000u64);
    let calls = json!({
        "all": 4, "same": 2, "different": 2, "failed": { "recorded": 0, "replayed": 0 }
    });
    let chooser = &json["extensions"][0];
    assert_eq!(chooser["calls"], calls);
    let first = &chooser["differences"][0];
    assert_eq!(
        (&first["call"], &first["what"]),
        (&json!(3), &json!("block"))
    );
    let fields = &chooser["consequences"]["events"]["choice"]["fields"];
    assert_eq!(
        fields["fee"]["numbers"]["replayed"],
        json!({ "count": 4, "sum": 4.0, "mean": 1.0, "min": 0.5, "max": 1.5 })
    );
    let last = fields["fee"]["numbers"]["cumulative"].as_array().unwrap();
    assert_eq!(
        last.last().unwrap(),
        &json!([1_700_000_005_000u64, 2.0, 4.0])
    );
    assert_eq!(
        fields["settings.kind"]["values"]["values"][0],
        json!({ "value": "c1", "recorded": 4, "replayed": 2 })
    );
    let points = json!([[50.0, 300.0, 4, 2], [60.0, 320.0, 0, 2]]);
    assert_eq!(fields["settings.size"]["pairs"]["points"], points);
}

#[test]
fn consequences_are_absent_unless_asked_for() {
    let mut report = sample_report();
    report.settings.has_consequences = false;
    let json = serde_json::to_value(JsonReport::new(&report)).unwrap();
    assert_eq!(json["extensions"][0].get("consequences"), None::<&Value>);
}
