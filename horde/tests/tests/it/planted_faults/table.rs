//! The faults: how each is planted, and what the doctor must say of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::write_private;
use crate::sound::Sound;

/// Files that faults are planted in.
pub(super) const FILES: [&str; 4] = [".env", "config.json", "s3-secret", "wallets/w/hotkeys/h"];

/// How a fault is planted.
pub(super) enum Plant {
    /// By a variable of the process.
    Variable(&'static str, &'static str),
    /// By a change of the files.
    Files(fn(&Path)),
    /// At the S3 service.
    S3(&'static str),
    /// At the chain's service.
    Chain(&'static str),
    /// At the trusted miner.
    Trusted(&'static str),
    /// In the place of the trusted miner there is one of the subnet.
    OtherMiner,
}

impl Plant {
    /// Plants a fault, or takes it away again; variables for the doctor.
    pub(super) fn set(&self, sound: &Sound, is_there: bool) -> Vec<(&'static str, String)> {
        let faults = |fault: &str| match is_there {
            true => json!({ "faults": [fault] }),
            false => json!({ "faults": [] }),
        };
        let control = &sound.network.control;
        let (s3, _) = sound.network.language().unwrap();
        match self {
            Plant::Variable(name, value) => return vec![(name, (*value).to_owned())],
            Plant::OtherMiner => {
                let miner = &sound.network.miners[0];
                let port = miner.address.rsplit_once(':').unwrap().1;
                return vec![
                    ("TRUSTED_MINER_PORT", port.to_owned()),
                    ("TRUSTED_MINER_KEY", miner.hotkey.clone()),
                ];
            }
            Plant::Files(change) if is_there => change(sound.home.path()),
            Plant::Files(_) => {}
            Plant::S3(fault) => sound.control(s3.address(), "/-/faults", &faults(fault)),
            Plant::Chain(fault) => sound.control(control, "/chain/fault", &faults(fault)),
            Plant::Trusted(vice) => {
                let vices = if is_there { vec![*vice] } else { Vec::new() };
                sound.control(control, "/trusted/vice", &json!({ "vices": vices }));
            }
        }
        Vec::new()
    }
}

/// A fault: how it is planted, and level, part, a piece of the text and a piece of the remedy of its finding.
pub(super) type Fault = (Plant, [&'static str; 4]);

/// Of the operator's own files and variables.
pub(super) const OWN_FAULTS: [Fault; 11] = [
    (
        Plant::Files(|home| fs::remove_file(home.join(FILES[3])).unwrap()),
        [
            "fault",
            "hotkey",
            "cannot read",
            "BITTENSOR_WALLET_DIRECTORY",
        ],
    ),
    (
        Plant::Files(|home| set_mode(&home.join(FILES[3]), 0o644)),
        [
            "fault",
            "hotkey",
            "by others than its owner (mode 644)",
            "chmod 600",
        ],
    ),
    (
        Plant::Files(|home| write_private(&home.join(FILES[3]), "$NACLxxxx")),
        ["fault", "hotkey", "is encrypted", "HOTKEY_PASSWORD_FILE"],
    ),
    (
        Plant::Files(|home| write_private(&home.join(FILES[3]), "{}")),
        ["fault", "hotkey", "secretSeed", "backup"],
    ),
    (
        Plant::Files(|home| set_mode(&home.join(".env"), 0o640)),
        ["warning", ".env", "mode 640", "correct"],
    ),
    (
        Plant::Files(|home| add_line(home, "TRUSTED_MINER_PROT=1")),
        [
            "warning",
            ".env",
            "did you mean TRUSTED_MINER_PORT?",
            "correct or remove it",
        ],
    ),
    (
        Plant::Files(|home| add_line(home, "no value")),
        ["fault", ".env", "has no `=`", "correct the file"],
    ),
    (
        Plant::Variable("BITTENSOR_NETUID", "70000"),
        [
            "fault",
            ".env",
            "BITTENSOR_NETUID is \"70000\"",
            "correct the variable",
        ],
    ),
    (
        Plant::Files(|home| add_line(home, "DEBUG_OVERRIDE_WEIGHTS_VERSION=4")),
        [
            "warning",
            "config",
            "weights_version is 1; .env gives 4",
            "compute-horde up",
        ],
    ),
    (
        Plant::Files(|home| {
            edit_config(home, |config| {
                config["config"]["horde_batch"]["kindz"] = json!({})
            })
        }),
        ["fault", "config", "kindz", "tig-host check"],
    ),
    (
        Plant::Files(|home| write_private(&home.join("s3-secret"), "former")),
        ["fault", "config", "another access key", "compute-horde up"],
    ),
];

/// Of what the validator needs of others.
pub(super) const FAULTS_OF_OTHERS: [Fault; 10] = [
    (
        Plant::S3("bucket-deleted"),
        [
            "fault",
            "bucket p-1 (prompts)",
            "the bucket is not there",
            "provision-s3",
        ],
    ),
    (
        Plant::S3("policy-removed"),
        [
            "fault",
            "bucket p-1 (prompts)",
            "anybody must be able to read",
            "s3:GetObject",
        ],
    ),
    (
        Plant::S3("wrong-region"),
        [
            "fault",
            "bucket p-1 (prompts)",
            "region",
            "AWS_DEFAULT_REGION",
        ],
    ),
    (
        Plant::S3("keys-revoked"),
        [
            "fault",
            "bucket p-1 (prompts)",
            "does not know the access key",
            "AWS_ACCESS_KEY_ID",
        ],
    ),
    (
        Plant::S3("clock-off:-600"),
        ["fault", "clock", "600 s ahead", "timedatectl"],
    ),
    (
        Plant::Variable("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        [
            "fault",
            "bucket p-1 (prompts)",
            "cannot be reached",
            "AWS_ENDPOINT_URL",
        ],
    ),
    (
        Plant::Variable("TRUSTED_MINER_PORT", "1"),
        [
            "fault",
            "trusted miner",
            "cannot be reached",
            "TRUSTED_MINER_PORT",
        ],
    ),
    (
        Plant::OtherMiner,
        [
            "fault",
            "executors",
            "need one of class",
            "DEFAULT_EXECUTOR_CLASS",
        ],
    ),
    (
        Plant::Trusted("unknown-validator"),
        [
            "fault",
            "trusted miner",
            "Unknown validator",
            "LOCAL_VALIDATOR_PUBLIC_KEY",
        ],
    ),
    (
        Plant::Chain("status:403"),
        ["fault", "chain", "403", "PYLON_TOKEN_FILE"],
    ),
];

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

pub(super) fn add_line(home: &Path, line: &str) {
    let path = home.join(".env");
    let text = fs::read_to_string(&path).unwrap();
    write_private(&path, &format!("{text}{line}\n"));
}

pub(super) fn edit_config(home: &Path, edit: fn(&mut Value)) {
    let path = home.join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut config);
    fs::write(&path, config.to_string()).unwrap();
}
