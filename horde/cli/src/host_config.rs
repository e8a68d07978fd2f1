//! The config of a host that runs the validator's extensions. Pure.

use std::path::Path;

use horde_events::MinerAddress;
use serde_json::{Value, json};

use crate::cross_validation::{CrossValidation, SECRET_FILE};
use crate::miners::is_private;
use crate::network::Network;
use crate::settings::Settings;

/// The extensions that run batches, in order.
const BATCH_EXTENSIONS: [&str; 4] = [
    "horde_miners",
    "horde_batch",
    "horde_job_echo",
    "horde_job_hash",
];

/// Those that a validator on a chain has besides.
const NETWORK_EXTENSIONS: [&str; 8] = [
    "horde_chain",
    "horde_schedule",
    "horde_score",
    "horde_weights",
    "horde_facilitator",
    "horde_organic",
    "horde_receipts",
    "horde_report",
];

/// Those that run users' jobs, with the driver of all jobs.
const USERS_EXTENSIONS: [&str; 2] = ["horde_facilitator", "horde_organic"];

/// Those that sign, or read the public half of the key.
const KEY_EXTENSIONS: [&str; 6] = [
    "horde_miners",
    "horde_schedule",
    "horde_weights",
    "horde_facilitator",
    "horde_receipts",
    "horde_report",
];

/// Those that test language models, which need buckets.
const CROSS_VALIDATION_EXTENSIONS: [&str; 2] = ["horde_job_llm", "horde_crossval"];

/// Name of the config's key with which URLs of buckets are signed, and what S3 puts before its secret.
const BUCKET_KEY: &str = "s3";
const BUCKET_KEY_PREFIX: &str = "AWS4";

/// The class whose executors run language models.
const LANGUAGE_CLASS: &str = "always_on.llm.a6000";

/// What the main network used when the earlier validator was described (section 10.2).
const PROFILE: &str = "mainnet-2024-11";

/// Where the network's dynamic configs are (section 2.8).
const DYNAMIC_CONFIG_URL: &str =
    "https://raw.githubusercontent.com/backend-developers-ltd/compute-horde-dynamic-config/master";

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

impl Addresses {
    /// Those of a host that is started for these miners: addresses that an operator names by hand are meant, and those of this
    /// machine are for tests.
    pub(crate) fn of(miners: &[MinerAddress]) -> Self {
        match miners.iter().any(|miner| is_private(&miner.host)) {
            true => Self::AlsoPrivate,
            false => Self::Public,
        }
    }
}

/// The config of a validator on a chain, which runs all by itself.
pub(crate) fn validator_config(
    settings: &Settings,
    network: &Network,
    folder: &Path,
    addresses: Addresses,
) -> Value {
    let mut config = batch_config(settings, folder, addresses);
    if let Some(extensions) = config["extensions"].as_array_mut() {
        extensions.extend(NETWORK_EXTENSIONS.map(Value::from));
    }
    config["keys"][KEY]["extensions"] = json!(KEY_EXTENSIONS);
    if let Some(file) = &network.token_file {
        config["api_key_file"] = json!(folder.join(file));
    }
    let netuid = network.netuid;
    let sections = &mut config["config"];
    sections["horde_chain"] =
        json!({ "url": network.pylon_url, "identity": network.identity, "netuid": netuid });
    sections["horde_schedule"] = json!({ "netuid": netuid, "serving": network.is_serving });
    sections["horde_weights"] = json!({ "netuid": netuid });
    sections["horde_facilitator"] = json!({ "uri": network.facilitator_uri });
    sections["horde_receipts"] = json!({ "allow_private": addresses == Addresses::AlsoPrivate });
    let mut report = json!({ "profile": PROFILE, "stats_collector_url": network.collector_url });
    if let Some(name) = &network.dynamic_config {
        report["source"] = json!("url");
        for (key, file) in [("url_validator", "validator"), ("url_common", "common")] {
            report[key] = json!(format!("{DYNAMIC_CONFIG_URL}/{file}-config-{name}.json"));
        }
    }
    sections["horde_report"] = report;
    config
}

/// Adds to the config of a validator what the jobs of language models need.
pub(crate) fn add_cross_validation(config: &mut Value, cross: &CrossValidation, folder: &Path) {
    if let Some(extensions) = config["extensions"].as_array_mut() {
        extensions.extend(CROSS_VALIDATION_EXTENSIONS.map(Value::from));
    }
    let [kind, owner] = CROSS_VALIDATION_EXTENSIONS;
    config["keys"][BUCKET_KEY] = json!({
        "kind": "hmac-sha256",
        "file": folder.join(SECRET_FILE),
        "prefix": BUCKET_KEY_PREFIX,
        "extensions": [owner],
    });
    let mut section = json!({
        "endpoint": cross.endpoint,
        "region": cross.region,
        "prompts_bucket": cross.prompts,
        "answers_bucket": cross.answers,
        "access_key_id": cross.credentials.access_key_id,
        "key": BUCKET_KEY,
    });
    if let Some(miner) = &cross.trusted_miner {
        section["trusted_miner_host"] = json!(miner.host);
        section["trusted_miner_port"] = json!(miner.port);
        section["trusted_miner_hotkey"] = json!(miner.hotkey);
    }
    if let Some(model) = &cross.model {
        section["generator_model"] = json!(model);
    }
    config["config"][owner] = section;
    config["config"]["horde_batch"]["kinds"][LANGUAGE_CLASS] = json!(kind);
}

/// Adds to the config of a host for batches what users' jobs on one miner need.
pub(crate) fn add_users_jobs(config: &mut Value, uri: &str, miner: &MinerAddress) {
    // An extension that does not use the key may be among those that may.
    for pointer in ["/extensions", "/keys/hotkey/extensions"] {
        if let Some(Value::Array(extensions)) = config.pointer_mut(pointer) {
            extensions.extend(USERS_EXTENSIONS.map(Value::from));
        }
    }
    let [facilitator, organic] = USERS_EXTENSIONS;
    let mut miners = serde_json::Map::new();
    miners.insert(
        miner.hotkey.clone(),
        json!({ "host": miner.host, "port": miner.port }),
    );
    config["config"][facilitator] = json!({ "uri": uri });
    config["config"][organic] = json!({ "miners": miners });
}

/// The config of a host that runs batches by hand; relative paths start from its file's folder.
pub(crate) fn batch_config(settings: &Settings, folder: &Path, addresses: Addresses) -> Value {
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
        "extensions": BATCH_EXTENSIONS,
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
        let config = batch_config(&settings, Path::new("/validator"), Addresses::Public);
        assert_eq!(config["keys"]["hotkey"]["file"], "/validator/keys/h");
        assert_eq!(config["backup_folder"], "/validator/backup");
        assert_eq!(config["keys"]["hotkey"]["password_file"], "/run/password");
        assert_eq!(config["config"]["horde_miners"]["allow_private"], false);
        assert_eq!(config["config"]["horde_batch"]["weights_version"], 4);
        assert_names_fit(&config);
    }

    /// The host refuses a section or a key for an extension that is not listed.
    fn assert_names_fit(config: &Value) {
        let listed = config["extensions"].as_array().unwrap();
        let sections = config["config"].as_object().unwrap();
        let is_listed = |name: &String| listed.contains(&json!(name));
        assert!(sections.keys().all(is_listed));
        for key in config["keys"].as_object().unwrap().values() {
            let keyed = key["extensions"].as_array().unwrap();
            assert!(keyed.iter().all(|name| listed.contains(name)));
        }
    }

    #[test]
    fn config_for_users_jobs_fixes_the_miner() {
        let settings = Settings {
            hotkey_file: "h".into(),
            password_file: None,
            weights_version: 1,
        };
        let mut config = batch_config(&settings, Path::new("/v"), Addresses::AlsoPrivate);
        let miner = MinerAddress {
            hotkey: "5F".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 8000,
        };
        add_users_jobs(&mut config, "ws://127.0.0.1:1/ws/v0/", &miner);
        assert_names_fit(&config);
        let key = config["keys"]["hotkey"]["extensions"].as_array().unwrap();
        assert!(key.contains(&json!("horde_facilitator")), "{key:?}");
        let fixed = &config["config"]["horde_organic"]["miners"]["5F"];
        assert_eq!(fixed["port"], 8000);
    }

    #[test]
    fn config_of_a_validator_names_its_services() {
        let settings = Settings {
            hotkey_file: "keys/h".into(),
            password_file: None,
            weights_version: 4,
        };
        let network = Network {
            pylon_url: "http://pylon:8000".to_owned(),
            identity: "sn12".to_owned(),
            token_file: Some("token".into()),
            netuid: 49,
            facilitator_uri: "wss://f/ws/v0/".to_owned(),
            collector_url: String::new(),
            dynamic_config: Some("staging".to_owned()),
            is_serving: false,
        };
        let config = validator_config(&settings, &network, Path::new("/v"), Addresses::Public);
        assert_names_fit(&config);
        assert_eq!(config["extensions"].as_array().unwrap().len(), 12);
        assert_eq!(config["api_key_file"], "/v/token");
        let sections = &config["config"];
        assert_eq!(sections["horde_weights"]["netuid"], 49);
        assert_eq!(sections["horde_schedule"]["serving"], false);
        let url = sections["horde_report"]["url_common"].as_str().unwrap();
        assert!(url.ends_with("/common-config-staging.json"), "{url}");
        assert_eq!(sections["horde_receipts"]["allow_private"], false);
        let test = validator_config(&settings, &network, Path::new("/v"), Addresses::AlsoPrivate);
        for extension in ["horde_miners", "horde_receipts"] {
            assert_eq!(test["config"][extension]["allow_private"], true);
        }
    }

    #[test]
    fn config_of_buckets_has_no_secret() {
        let settings = Settings {
            hotkey_file: "keys/h".into(),
            password_file: None,
            weights_version: 4,
        };
        let mut config = batch_config(&settings, Path::new("/v"), Addresses::Public);
        let cross = CrossValidation {
            endpoint: String::new(),
            region: "eu-west-3".to_owned(),
            prompts: "p".to_owned(),
            answers: "a".to_owned(),
            credentials: horde_s3::Credentials::new("id", "s3cret"),
            trusted_miner: Some(MinerAddress {
                hotkey: String::new(),
                host: "10.0.0.9".to_owned(),
                port: 8000,
            }),
            model: None,
        };
        add_cross_validation(&mut config, &cross, Path::new("/v"));
        assert_names_fit(&config);
        assert!(!config.to_string().contains("s3cret"), "{config}");
        assert_eq!(config["keys"]["s3"]["file"], "/v/s3-secret");
        assert_eq!(
            config["config"]["horde_batch"]["kinds"][LANGUAGE_CLASS],
            "horde_job_llm"
        );
        let section = &config["config"]["horde_crossval"];
        assert_eq!(section["trusted_miner_host"], "10.0.0.9");
        assert_eq!(section["access_key_id"], "id");
    }
}
