//! `doctor` and `status` where no validator runs. With one, see `horde/tests`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Said, Service, run, write_private};

/// A wallet of the folder.
const WALLET: &str =
    "BITTENSOR_WALLET_DIRECTORY=wallets\nBITTENSOR_WALLET_NAME=w\nBITTENSOR_WALLET_HOTKEY_NAME=h\n";

fn doctor(service: &Service) -> Said {
    service.run(&["doctor"])
}

/// A folder with a hotkey and buckets.
fn home() -> Service {
    let service = Service::with_buckets();
    service.add_env(WALLET);
    fs::create_dir_all(service.home.path().join("wallets/w/hotkeys")).unwrap();
    write_hotkey(
        &service,
        &format!("{{\"secretSeed\": \"0x{}\"}}", "01".repeat(32)),
    );
    service
}

fn write_hotkey(service: &Service, text: &str) {
    write_private(&service.home.path().join("wallets/w/hotkeys/h"), text);
}

#[test]
fn sound_parts_are_good() {
    let service = home();
    let said = doctor(&service);
    for parts in [
        &[
            "good",
            "hotkey",
            "5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH",
        ][..],
        &["good", "prompts", "anybody reads it"],
        &["good", "answers"],
        &["good", "clock"],
        &["good", "disk"],
        &["note", ".env", "PYLON_URL"],
    ] {
        assert!(said.has_line(parts), "{parts:?}: {}", said.all());
    }
    // No host runs, and there is no config.
    assert_eq!(said.code, 11, "{}", said.all());
}

#[test]
fn hotkey_faults_have_their_remedies() {
    let service = home();
    for (text, fault, remedy) in [
        ("{\"secretSeed\": \"0x01\"}", "malformed", "backup"),
        ("$ANSIBLE_VAULT;1.1", "hotkeys/h", "btcli"),
        ("$NACLxxxx", "is encrypted", "HOTKEY_PASSWORD_FILE"),
    ] {
        write_hotkey(&service, text);
        let said = doctor(&service);
        assert!(
            said.has_line(&["FAULT", "hotkey", fault]),
            "{text}: {}",
            said.all()
        );
        assert!(said.has_line(&["->", remedy]), "{text}: {}", said.all());
    }
    let path = service.home.path().join("wallets/w/hotkeys/h");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let said = doctor(&service);
    assert!(
        said.has_line(&["->", "chmod 600", "hotkeys/h"]),
        "{}",
        said.all()
    );
    fs::remove_file(path).unwrap();
    let said = doctor(&service);
    assert!(
        said.has_line(&["FAULT", "hotkey", "cannot read"]),
        "{}",
        said.all()
    );
}

#[test]
fn password_of_an_encrypted_hotkey_is_looked_for() {
    let service = home();
    write_hotkey(&service, "$NACLxxxx");
    service.add_env("HOTKEY_PASSWORD_FILE=password\n");
    let said = doctor(&service);
    assert!(
        said.has_line(&["FAULT", "hotkey", "password"]),
        "{}",
        said.all()
    );
    write_private(&service.home.path().join("password"), "s3cret\n");
    let said = doctor(&service);
    assert!(
        said.has_line(&["good", "hotkey", "is encrypted"]),
        "{}",
        said.all()
    );
    assert!(!said.all().contains("s3cret"), "{}", said.all());
}

#[test]
fn services_that_are_gone_are_found() {
    let mut service = home();
    service.add_env("PYLON_URL=http://127.0.0.1:1\nBITTENSOR_NETUID=12\n");
    service.stop();
    let said = doctor(&service);
    assert!(
        said.has_line(&["FAULT", "chain service", "cannot be reached"]),
        "{}",
        said.all()
    );
    assert!(
        said.has_line(&["FAULT", "prompts", "cannot be reached"]),
        "{}",
        said.all()
    );
}

#[test]
fn clock_of_a_service_is_compared() {
    let service = home();
    service.set_faults(&["clock-off:-600"]);
    let said = doctor(&service);
    assert!(
        said.has_line(&["FAULT", "clock", "600 s ahead"]),
        "{}",
        said.all()
    );
}

#[test]
fn variables_are_looked_at() {
    let service = home();
    service.add_env("PYLON_URL=http://127.0.0.1:1\nTRUSTED_MINER_PROT=1\n");
    let said = doctor(&service);
    assert!(
        said.has_line(&["FAULT", ".env", "BITTENSOR_NETUID"]),
        "{}",
        said.all()
    );
    assert!(
        said.has_line(&["warning", ".env", "did you mean TRUSTED_MINER_PORT?"]),
        "{}",
        said.all()
    );
    service.add_env("no value\n");
    let said = doctor(&service);
    assert_eq!(said.code, 11, "{}", said.all());
    assert!(
        said.has_line(&["FAULT", ".env", "has no `=`"]),
        "{}",
        said.all()
    );
    assert!(
        said.has_line(&["good", "disk"]),
        "the rest is looked at: {}",
        said.all()
    );
}

/// The host signs with the key of the config, and a new one in `.env` changes nothing there.
#[test]
fn key_of_the_config_is_compared() {
    let service = home();
    service.add_env("PYLON_URL=http://127.0.0.1:1\nBITTENSOR_NETUID=12\n");
    let said = service.run(&["config", "--output", "config.json"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let text = "another access key";
    let said = doctor(&service);
    assert!(!said.stdout.contains(text), "{}", said.all());
    write_private(&service.home.path().join("s3-secret"), "former");
    let said = doctor(&service);
    assert!(said.has_line(&["FAULT", "config", text]), "{}", said.all());
    assert!(
        said.has_line(&["->", "compute-horde up", "writes the key again"]),
        "{}",
        said.all()
    );
}

#[test]
fn json_has_every_finding() {
    let service = home();
    let said = service.run(&["doctor", "--json"]);
    let report = &said.json()[0];
    assert_eq!(report["ok"], false);
    let findings = report["findings"].as_array().unwrap();
    let parts: Vec<_> = findings
        .iter()
        .map(|it| it["part"].as_str().unwrap())
        .collect();
    for part in [".env", "hotkey", "disk", "open files", "clock"] {
        assert!(parts.contains(&part), "{part}: {parts:?}");
    }
}

/// Without tig-host beside it the program cannot ask; with it there is no host of this folder.
#[test]
fn status_without_a_validator_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let said = run(home.path(), &["status"]);
    assert!([4, 7].contains(&said.code), "{}", said.all());
    assert_eq!(said.stdout, "", "{}", said.all());
    assert!(said.stderr.contains("tig-host"), "{}", said.stderr);
}
