//! `compute-horde doctor` on a whole validator, sound and with one fault planted after another.

mod table;

use std::fs;
use std::process::Command;

use horde_system_tests::{Artifacts, HOTKEY};
use serde_json::json;
use tig_system_tests::wait_for;

use self::table::{FAULTS_OF_OTHERS, FILES, Fault, OWN_FAULTS};
use crate::network::NEXT_CYCLE;
use crate::sound::{Report, STATE_TIMEOUT, Sound, up};

/// Asks the doctor until it says so: what the running validator knows changes with its next attempt.
fn wait_for_report(
    sound: &Sound,
    what: &str,
    variables: &[(&str, &str)],
    is_it: impl Fn(&Report) -> bool,
) {
    let mut last = String::new();
    let found = wait_for(what, STATE_TIMEOUT, || {
        let report = sound.doctor(variables);
        let is = is_it(&report);
        last = report.text;
        is.then_some(())
    });
    found.unwrap_or_else(|error| panic!("{error}: {last}"));
}

#[test]
fn doctor_names_each_fault_of_the_operator() {
    plant_each(&OWN_FAULTS);
}

#[test]
fn doctor_names_each_fault_of_a_service() {
    plant_each(&FAULTS_OF_OTHERS);
}

/// Plants one fault after another in a sound validator, which is sound again at the end.
fn plant_each(faults: &[Fault]) {
    let sound = Sound::start();
    wait_for_report(&sound, "a sound validator", &[], |report| {
        report.code == 0 && report.faults().is_empty()
    });
    for (plant, finding) in faults {
        let saved = FILES.map(|name| {
            let path = sound.file(name);
            let mode = fs::metadata(&path).unwrap().permissions();
            (fs::read(&path).unwrap(), mode)
        });
        let variables = plant.set(&sound, true);
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        wait_for_report(&sound, &format!("{finding:?}"), &variables, |report| {
            report.has(*finding) && (finding[0] != "fault" || report.code == 11)
        });
        plant.set(&sound, false);
        for (name, (contents, mode)) in FILES.iter().zip(saved) {
            let path = sound.file(name);
            // Only what was changed: the host reads a config that is written again.
            if fs::read(&path).ok() != Some(contents.clone()) {
                fs::write(&path, contents).unwrap();
            }
            fs::set_permissions(&path, mode).unwrap();
        }
    }
    wait_for_report(&sound, "a sound validator again", &[], |report| {
        report.code == 0
    });
}

#[test]
fn doctor_names_what_ends_a_validator() {
    let mut sound = Sound::start();
    // The facilitator refuses the next connection.
    sound.host.kill();
    let address = sound.network.facilitator_address().unwrap();
    let refuses = json!({ "faults": ["closes-3000"] });
    sound.control(address, "/control/faults", &refuses);
    sound.host = up(sound.home.path());
    let finding = [
        "fault",
        "facilitator",
        "is not connected",
        "does not know this hotkey",
    ];
    wait_for_report(&sound, "a refusal", &[], |report| report.has(finding));
    let change = json!({ "changes": [{ "change": "deregister", "hotkey": HOTKEY }] });
    sound.control(&sound.network.control, "/chain/neurons", &change);
    sound.advance(NEXT_CYCLE + 6);
    let finding = ["fault", "slot", "not", "register the hotkey"];
    wait_for_report(&sound, "not in the list", &[], |report| report.has(finding));
    // Chain, facilitator, trusted miner and buckets.
    sound.network.process.kill();
    for finding in [
        ["fault", "chain", "cannot be used", "PYLON_URL"],
        [
            "fault",
            "chain service",
            "cannot be reached",
            "start the Pylon service",
        ],
        [
            "fault",
            "facilitator",
            "is not connected",
            "FACILITATOR_URI",
        ],
        [
            "fault",
            "trusted miner",
            "cannot be reached",
            "start the trusted miner",
        ],
        [
            "fault",
            "bucket a-1 (answers)",
            "cannot be reached",
            "AWS_ENDPOINT_URL",
        ],
    ] {
        wait_for_report(&sound, &format!("{finding:?}"), &[], |report| {
            report.has(finding)
        });
    }
    sound.host.kill();
    check_without_a_host(&sound);
}

/// What is found where no host runs, with more and more missing.
fn check_without_a_host(sound: &Sound) {
    let report = sound.doctor(&[]);
    let finding = ["fault", "host", "no host of this config runs", "start it"];
    assert!(report.has(finding), "{}", report.text);
    let program = Artifacts::of_running_test()
        .unwrap()
        .program("compute-horde");
    let few = format!("ulimit -n 512; exec {} doctor --json", program.display());
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &few]).current_dir(&sound.home).output();
    let report = Report::of(&output.unwrap());
    let finding = [
        "fault",
        "open files",
        "may have 512 open",
        "ulimit -n 65536",
    ];
    assert!(report.has(finding), "{}", report.text);
    fs::remove_file(sound.file("config.json")).unwrap();
    let report = sound.doctor(&[]);
    let finding = [
        "fault",
        "config",
        "is not there",
        "compute-horde config --output",
    ];
    assert!(report.has(finding), "{}", report.text);
    fs::remove_file(sound.file(".env")).unwrap();
    let report = sound.doctor(&[]);
    let finding = ["warning", ".env", "it is not there", "copy .env.template"];
    assert!(report.has(finding), "{}", report.text);
}
