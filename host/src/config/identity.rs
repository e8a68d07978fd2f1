//! For whom a host works: texts at the top of the config, by keys that the extensions name. The store belongs to them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tig_plugin_api::{IdentityKey, Manifest};

use crate::config::{Config, Fault, Suggestion, api_host, schema};

/// Texts by their keys.
pub(crate) type Identity = BTreeMap<String, String>;

/// Takes the texts at the top of a config out of it that are not the host's own keys, `known`: extensions may name them.
pub(super) fn take_unknown_texts(file: &mut Value, known: &Map<String, Value>) -> Identity {
    let Some(object) = file.as_object_mut() else {
        return Identity::new();
    };
    let mut taken = Identity::new();
    for (key, value) in std::mem::take(object) {
        match value {
            Value::String(text) if !known.contains_key(&key) => _ = taken.insert(key, text),
            value => _ = object.insert(key, value),
        }
    }
    taken
}

impl Config {
    /// This config with the whole identity that `manifests` name: what the command line says, and the defaults; and with the
    /// rates that they state for API hosts of the identity. The faults are
    /// texts at the top of the file that belong to no extension, and an account of the command line that none takes.
    pub(crate) fn completed<'a>(
        &self,
        manifests: impl IntoIterator<Item = &'a Manifest>,
    ) -> (Self, Vec<Fault>) {
        let manifests: Vec<&Manifest> = manifests.into_iter().collect();
        let mut named: Vec<&IdentityKey> = Vec::new();
        for key in manifests.iter().flat_map(|manifest| &manifest.identity) {
            if named.iter().all(|other| other.name != key.name) {
                named.push(key);
            }
        }
        let mut faults = unknown(&self.unclaimed, &named);
        let mut identity = self.identity.clone();
        for (key, text) in &self.unclaimed {
            if identity.insert(key.clone(), text.clone()).is_some() {
                let text = "this key is in `identity` too; remove one of them".to_owned();
                faults.push(Fault::new(key, text));
            }
        }
        if let Some(account) = &self.overrides.account {
            match named.first() {
                Some(first) => _ = identity.insert(first.name.clone(), account.clone()),
                None => faults.push(Fault::new(
                    "extensions",
                    "none of them works for an account, and the command line names one".to_owned(),
                )),
            }
        }
        if let Some(url) = &self.overrides.api_url {
            identity.insert("api_url".to_owned(), url.clone());
        }
        for key in named {
            let default = || key.default.clone().unwrap_or_default();
            identity.entry(key.name.clone()).or_insert_with(default);
        }
        identity.values_mut().for_each(trim_url);
        let mut rates = self.rates.clone();
        for stated in manifests.iter().flat_map(|manifest| &manifest.rates) {
            let url = identity.get(&stated.identity);
            if let Some(host) = url.and_then(|url| api_host(url)) {
                rates.state(host, stated.rates);
            }
        }
        let completed = Self {
            identity,
            rates,
            unclaimed: Identity::new(),
            ..self.clone()
        };
        (completed, faults)
    }
}

fn unknown(unclaimed: &Identity, named: &[&IdentityKey]) -> Vec<Fault> {
    let names = || named.iter().map(|key| key.name.as_str());
    let is_unknown = |key: &&String| names().all(|name| name != *key);
    let mut unknown = unclaimed.keys().filter(is_unknown).peekable();
    if unknown.peek().is_none() {
        return Vec::new();
    }
    let schema = schema();
    let own = schema["properties"].as_object().into_iter().flatten();
    let own: Vec<&str> = own.map(|(key, _)| key.as_str()).collect();
    let fault = |key: &String| {
        let suggestion = Suggestion::find(key, names().chain(own.iter().copied()));
        Fault::new(key, format!("unknown key{suggestion}"))
    };
    unknown.map(fault).collect()
}

/// Paths are appended to URLs.
fn trim_url(text: &mut String) {
    if text.starts_with("http://") || text.starts_with("https://") {
        text.truncate(text.trim_end_matches('/').len());
    }
}

/// Whether two texts are spellings of one id: neither capitals nor `0x` before hex digits make another.
pub(crate) fn is_same_id(one: &str, other: &str) -> bool {
    let digits = |id: &str| {
        let lower = id.to_ascii_lowercase();
        let digits = lower.strip_prefix("0x").unwrap_or(&lower).to_owned();
        digits
            .chars()
            .all(|digit| digit.is_ascii_hexdigit())
            .then_some(digits)
    };
    one == other || digits(one).is_some_and(|one| digits(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Overrides, RateClass};

    fn config(file: &Value, overrides: Overrides) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, file.to_string()).unwrap();
        Config::load(&path, overrides).unwrap()
    }

    fn manifest(identity: Value) -> Manifest {
        let manifest = json!({
            "name": "x", "version": "1.0.0", "api_version": 1, "panic": "unwind", "events": [], "routes": [],
            "identity": identity,
        });
        serde_json::from_value(manifest).unwrap()
    }

    fn manifests() -> [Manifest; 3] {
        let url = json!({ "name": "api_url", "about": "Where.", "default": "https://main/" });
        [
            manifest(json!([{ "name": "wallet", "about": "Who pays." }, url])),
            manifest(json!([{ "name": "api_url", "about": "Where.", "default": "https://other" }])),
            manifest(json!([])),
        ]
    }

    fn texts(identity: &Identity) -> Vec<(&str, &str)> {
        let texts = identity.iter();
        texts
            .map(|(key, text)| (key.as_str(), text.as_str()))
            .collect()
    }

    #[test]
    fn first_default_fills_a_missing_key() {
        let file = json!({ "extensions": ["a"], "wallet": "w1" });
        let (completed, faults) = config(&file, Overrides::default()).completed(&manifests());
        assert_eq!(faults, []);
        assert_eq!(
            texts(&completed.identity),
            [("api_url", "https://main"), ("wallet", "w1")]
        );
    }

    #[test]
    fn stated_rates_are_those_of_the_urls_host() {
        let mut manifests = manifests();
        let stated =
            json!({ "identity": "api_url", "gets_per_minute": 60, "posts_per_minute": 20 });
        manifests[1].rates = vec![serde_json::from_value(stated).unwrap()];
        let gets = |file: Value, host: &str| {
            let (completed, _) = config(&file, Overrides::default()).completed(&manifests);
            completed.rates.per_minute(host, RateClass::Gets)
        };
        let file = json!({ "extensions": ["a"] });
        assert_eq!(gets(file.clone(), "https://main"), 60);
        assert_eq!(gets(file, "https://other"), 0);
        let file = json!({ "extensions": ["a"], "api_url": "http://127.0.0.1:80/v1" });
        assert_eq!(gets(file, "http://127.0.0.1"), 60);
        let file = json!({ "extensions": ["a"], "api_url": "" });
        assert_eq!(gets(file, "https://main"), 0);
        let file = json!({ "extensions": ["a"], "http": { "gets_per_minute": 0 } });
        assert_eq!(gets(file, "https://main"), 0);
    }

    #[test]
    fn command_line_goes_before_the_file() {
        let file = json!({ "extensions": ["a"], "wallet": "w1", "identity": { "netuid": "12" } });
        let overrides = Overrides {
            account: Some("w2".to_owned()),
            api_url: Some("http://here/".to_owned()),
            ..Overrides::default()
        };
        let (completed, faults) = config(&file, overrides).completed(&manifests());
        assert_eq!(faults, []);
        assert_eq!(
            texts(&completed.identity),
            [
                ("api_url", "http://here"),
                ("netuid", "12"),
                ("wallet", "w2")
            ]
        );
    }

    #[test]
    fn misfits_of_the_identity_are_named() {
        let file = json!({ "extensions": ["a"], "walet": "w1", "api_url": "http://a", "identity": { "api_url": "http://b" } });
        let overrides = Overrides {
            account: Some("w2".to_owned()),
            ..Overrides::default()
        };
        let config = config(&file, overrides);
        let faults = |manifests: &[Manifest]| {
            let (_, faults) = config.completed(manifests);
            faults.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            faults(&manifests()),
            [
                "walet: unknown key; did you mean `wallet`?",
                "api_url: this key is in `identity` too; remove one of them"
            ]
        );
        assert_eq!(
            faults(&manifests()[2..]),
            [
                "api_url: unknown key; did you mean `api_key_file`?",
                "walet: unknown key",
                "api_url: this key is in `identity` too; remove one of them",
                "extensions: none of them works for an account, and the command line names one"
            ]
        );
    }

    #[test]
    fn spellings_of_a_hexadecimal_id_are_one() {
        assert!(is_same_id("0xAb", "ab") && is_same_id("0XAB", "0xab"));
        assert!(is_same_id("https://A", "https://A"));
        assert!(!is_same_id("https://A", "https://a") && !is_same_id("0xab", "0xac"));
    }
}
