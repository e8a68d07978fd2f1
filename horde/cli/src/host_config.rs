//! The config of a host that runs the validator's extensions. Pure.

use std::path::Path;

use serde_json::{Value, json};

use crate::settings::Settings;

/// The extensions, in order.
const EXTENSIONS: [&str; 4] = [
    "horde_miners",
    "horde_batch",
    "horde_job_echo",
    "horde_job_hash",
];

/// Name of the config's key with which receipts are signed.
const KEY: &str = "hotkey";

/// The job kind of each executor class that a hash job can test (section 3.5).
const KINDS: [(&str, &str); 2] = [
    ("spin_up-4min.gpu-24gb", "horde_job_hash"),
    ("always_on.gpu-24gb", "horde_job_hash"),
];

/// Whether miners may have addresses of this machine and of private networks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Addresses {
    /// As on a public network.
    Public,
    /// For tests.
    AlsoPrivate,
}

/// The config; relative paths start from its file's folder.
pub(crate) fn host_config(settings: &Settings, folder: &Path, addresses: Addresses) -> Value {
    // Absolute, so that the file can be moved: paths of variables start from the working directory.
    let path = |path: &Path| folder.join(path);
    let mut key = json!({
        "kind": "sr25519",
        "file": path(&settings.hotkey_file),
        "extensions": ["horde_miners"],
    });
    if let Some(password_file) = &settings.password_file {
        key["password_file"] = json!(path(password_file));
    }
    let kinds: serde_json::Map<String, Value> = KINDS
        .into_iter()
        .map(|(class, kind)| (class.to_owned(), json!(kind)))
        .collect();
    json!({
        "extensions": EXTENSIONS,
        "keys": { KEY: key },
        "backup_folder": path(Path::new("backup")),
        "config": {
            "horde_miners": {
                "key": KEY,
                "allow_private": addresses == Addresses::AlsoPrivate,
            },
            "horde_batch": {
                "kinds": kinds,
                "weights_version": settings.weights_version,
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_names_the_key_and_the_extensions() {
        let settings = Settings {
            hotkey_file: "keys/h".into(),
            password_file: Some("/run/password".into()),
            weights_version: 4,
        };
        let config = host_config(&settings, Path::new("/validator"), Addresses::Public);
        assert_eq!(config["keys"]["hotkey"]["file"], "/validator/keys/h");
        assert_eq!(config["backup_folder"], "/validator/backup");
        assert_eq!(config["keys"]["hotkey"]["password_file"], "/run/password");
        assert_eq!(config["config"]["horde_miners"]["allow_private"], false);
        assert_eq!(config["config"]["horde_batch"]["weights_version"], 4);
        let listed = config["extensions"].as_array().unwrap();
        let sections = config["config"].as_object().unwrap();
        let is_listed = |name: &String| listed.contains(&json!(name));
        assert!(sections.keys().all(is_listed));
    }
}
