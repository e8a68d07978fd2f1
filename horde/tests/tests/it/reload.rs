//! Extensions replaced, and hosts killed, in the middle of a batch.

use std::fs;
use std::process::Stdio;

use horde_system_tests::{CallError, HostOptions, Line, other_version};

use crate::support::{Running, miners, sum};

/// Vices under which a batch takes some seconds.
const SLOW: [&str; 2] = ["0=slow:700", "1=slow:400"];

#[test]
fn batch_goes_on_while_extensions_are_replaced() {
    let running = Running::start(&HostOptions::default(), &miners(4, &SLOW));
    let mut call = running.call();
    let mut replaced = false;
    let result = loop {
        match call.next_line().unwrap() {
            Some(Line::Progress(text)) if text.starts_with("running") && !replaced => {
                replaced = true;
                let library = running.site.extension("horde_job_hash");
                let other = other_version(&fs::read(&library).unwrap()).unwrap();
                fs::write(&library, other).unwrap();
                let mut reload = running.site.ask_host(&["reload", "horde_miners"]);
                let status = reload.stdout(Stdio::null()).status().unwrap();
                assert!(status.success());
            }
            Some(Line::Finished { code, value }) => {
                assert_eq!(code, 0, "{value}");
                break value;
            }
            Some(_) => {}
            None => panic!("the call has no result"),
        }
    };
    assert!(replaced, "the batch was over before anything was replaced");
    assert_eq!(
        (sum(&result, "jobs"), sum(&result, "right")),
        (8, 8),
        "{result}"
    );
    assert!(
        running.violations().is_empty(),
        "{:?}",
        running.violations()
    );
}

#[test]
fn killed_host_ends_each_job_once_and_blames_no_miner() {
    let mut running = Running::start(&HostOptions::default(), &miners(4, &SLOW));
    let mut call = running.call();
    while let Ok(Some(line)) = call.next_line() {
        if matches!(&line, Line::Progress(text) if text.starts_with("running")) {
            break;
        }
    }
    running.host.kill();
    assert!(matches!(
        call.finish(|_| {}),
        Err(CallError::Ended(_) | CallError::Line { .. })
    ));
    running.host = running.site.start_host().unwrap();
    let result = running.wait_for_last_batch(1);
    assert_eq!(sum(&result, "jobs"), 8, "{result}");
    for blame in ["wrong", "failed", "declined", "late", "unreachable"] {
        assert_eq!(sum(&result, blame), 0, "{blame}: {result}");
    }
    let spared = ["right", "interrupted", "excused"].map(|column| sum(&result, column));
    assert_eq!(
        spared.iter().sum::<u64>(),
        8,
        "each job has one outcome: {result}"
    );
}
