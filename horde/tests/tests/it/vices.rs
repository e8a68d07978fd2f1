//! A batch with miners that misbehave: each harms its own score only.

use horde_system_tests::HostOptions;
use serde_json::json;

use crate::support::{Running, miners, row, sum};

/// Options under which jobs that are not answered end soon.
fn quick() -> HostOptions {
    HostOptions {
        batch: json!({
            "manifest_timeout_ms": 5_000,
            "spin_up_seconds": { "spin_up-4min.gpu-24gb": 4 },
        }),
        miners: json!({ "run_grace_ms": 1_000, "attempts_max": 1, "manifest_ms": 5_000 }),
        ..HostOptions::echo()
    }
}

#[test]
fn each_vice_costs_its_own_miner_only() {
    let vices = [
        "0=declines",
        "1=refuses",
        "2=fails-to-prepare",
        "3=fails-jobs",
        "4=wrong-answer",
        "5=finished-before-run",
        "6=ready-before-accept",
        "7=silent-when-busy",
        "8=answers-404",
        "9=huge-frame:60",
    ];
    let running = Running::start(&quick(), &miners(14, &vices));
    let (code, result) = running.run_batch();
    assert_eq!(code, 0, "{result}");
    for index in 10..14 {
        assert_eq!(
            row(&result, index)["right"],
            2,
            "honest miner {index}: {result}"
        );
    }
    let column = |index: usize, column: &str| row(&result, index)[column].as_u64();
    assert_eq!(column(0, "declined"), Some(2), "{result}");
    assert_eq!(column(2, "failed"), Some(2), "{result}");
    assert_eq!(column(3, "failed"), Some(2), "{result}");
    assert_eq!(column(4, "wrong"), Some(2), "{result}");
    for index in [1, 8] {
        let no_link = result["miners"][index]["no_link"].as_str();
        assert!(no_link.is_some(), "miner {index}: {result}");
    }
    for index in [5, 6] {
        assert_eq!(
            column(index, "right"),
            Some(0),
            "out of order, {index}: {result}"
        );
    }
    assert!(
        running.violations().is_empty(),
        "{:?}",
        running.violations()
    );
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

#[test]
fn odd_output_is_passed_on_and_harms_nobody() {
    let running = Running::start(&quick(), &miners(2, &["0=odd-stdout"]));
    let (code, result) = running.run_batch();
    assert_eq!(
        (code, row(&result, 1)["right"].as_u64()),
        (0, Some(2)),
        "{result}"
    );
    let log = running.host.log();
    assert!(
        !log.contains('\0'),
        "control characters are escaped in the log"
    );
}
