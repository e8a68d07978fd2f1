//! The keys of the config file, and its faults beyond their types.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};
use tig_plugin_api::ConfigSchema;
use tig_plugin_api::export::{schema_bytes, schema_length};

use super::Fault;
use super::keys::KeyFile;
use super::network::{AccessFile, HttpFile, MetricsFile, OperatorFile};
use super::record::RecordFile;
use super::tls::TlsFile;
use crate::config::Suggestion;

/// A config of tig-host.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigFile {
    /// Names of the extensions to load, in order.
    pub(super) extensions: Vec<String>,
    /// A section for each extension.
    #[serde(default)]
    pub(super) config: Map<String, Value>,
    /// For whom the host works, besides the keys that extensions name; a store belongs to one identity.
    #[serde(default)]
    pub(super) identity: BTreeMap<String, String>,
    /// Keys with which the host signs for extensions, by name. They cannot change while it runs.
    #[serde(default)]
    pub(super) keys: BTreeMap<String, KeyFile>,
    /// File that holds the API key.
    pub(super) api_key_file: Option<PathBuf>,
    /// Environment variable that holds the API key.
    pub(super) api_key_env: Option<String>,
    /// Folder of the store. Without this key it is `backup` in the folder in which the host is started, wherever the config lies.
    pub(super) backup_folder: Option<PathBuf>,
    /// Folder of the plugin files.
    pub(super) plugin_folder: Option<PathBuf>,
    /// Folder of the host's copies of plugin files, on a file system that is not mounted noexec.
    pub(super) plugin_cache_folder: Option<PathBuf>,
    /// Address to listen on.
    pub(super) bind: Option<String>,
    /// Port to listen on; 0 takes a free one.
    pub(super) port: Option<u16>,
    /// Seconds that extensions have to finish their work after SIGTERM.
    pub(super) drain_seconds: Option<u64>,
    /// Who may use the listener.
    #[serde(default)]
    pub(super) access: AccessFile,
    /// Who may read the metrics.
    #[serde(default)]
    pub(super) metrics: MetricsFile,
    /// Who may control the host over its listener, and see its data from another machine.
    #[serde(default)]
    pub(super) operator: OperatorFile,
    /// TLS of the listener, and of the requests that the host sends.
    pub(super) tls: Option<TlsFile>,
    /// Requests that the host sends.
    #[serde(default)]
    pub(super) http: HttpFile,
    /// Recording of what goes into extensions, for `tig-host replay`.
    #[serde(default)]
    pub(super) record: RecordFile,
}

/// The name under which the host itself emits events and has conditions.
const HOST: &str = "host";

static SCHEMA: [u8; schema_length(&ConfigFile::SCHEMA)] = schema_bytes(&ConfigFile::SCHEMA);

/// JSON Schema of the config file.
#[must_use]
pub(crate) fn schema() -> Value {
    // A test parses the bytes, which this crate has made.
    serde_json::from_slice(&SCHEMA).unwrap_or_default()
}

impl ConfigFile {
    /// The address to listen on.
    pub(super) fn bind(&self) -> Result<Option<IpAddr>, Fault> {
        let parse = |text: &String| {
            let misread = |_| Fault::new("bind", format!("{text:?} {}", not_an_address(text)));
            text.parse().map_err(misread)
        };
        self.bind.as_ref().map(parse).transpose()
    }

    /// Faults of a file whose keys have the right types.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut seen = HashSet::new();
        if self.extensions.is_empty() {
            faults.push(Fault::new("extensions", "list the extensions to load"));
        }
        for (index, name) in self.extensions.iter().enumerate() {
            let path = format!("extensions[{index}]");
            let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if name.is_empty() || !name.chars().all(legal) {
                let text = format!("`{name}` is not a valid name: use a-z, 0-9 and _");
                faults.push(Fault::new(&path, text));
            }
            if name == HOST {
                let text = format!("`{name}` is the name of the host itself; choose another");
                faults.push(Fault::new(&path, text));
            }
            if !seen.insert(name.as_str()) {
                let text = format!("`{name}` is listed twice; remove one");
                faults.push(Fault::new(&path, text));
            }
        }
        let unowned = self
            .config
            .keys()
            .filter(|key| !seen.contains(key.as_str()));
        for key in unowned {
            let suggestion = Suggestion::find(key, self.extensions.iter().map(String::as_str));
            let text = format!("no listed extension has this name{suggestion}");
            faults.push(Fault::new(&format!("config.{key}"), text));
        }
        faults.extend(self.bind().err());
        faults.extend(self.http.rates().1);
        faults
    }
}

/// Why a text is not an IP address, and what to write instead.
fn not_an_address(text: &str) -> &'static str {
    if text.parse::<SocketAddr>().is_ok() {
        "holds a port: write the address alone, and the port in `port`"
    } else if text.starts_with('[') {
        "is in brackets: write the address alone, such as ::1"
    } else if text.contains('%') {
        "holds a zone: an address that is valid on one link only cannot be listened on; use another, or ::"
    } else {
        "is not an IP address, such as 0.0.0.0, :: or 127.0.0.1"
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn schema_is_json_and_knows_every_key() {
        let schema = super::schema();
        assert_eq!(schema["properties"]["port"]["anyOf"][1]["maximum"], 65535);
        assert_eq!(schema["required"], serde_json::json!(["extensions"]));
    }
}
