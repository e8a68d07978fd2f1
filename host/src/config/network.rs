//! Config keys of the listener's access rules, of the operator and of the rates of outgoing requests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Secret};

use super::{Fault, api_host, secret};
use crate::config::access::{Access, parse_network};
use crate::config::{ConfiguredRates, RateTable};

/// Who may use the listener.
#[derive(ConfigSchema, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AccessFile {
    /// File that holds the bearer token.
    pub(super) token_file: Option<PathBuf>,
    /// Environment variable that holds the bearer token.
    token_env: Option<String>,
    /// Beginnings of the paths that need the token; all if none is given.
    prefixes: Vec<String>,
    /// Networks that may connect, such as 10.0.0.0/8; all if none is given.
    allow: Vec<String>,
}

/// Who may read `GET /metrics`.
#[derive(ConfigSchema, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MetricsFile {
    /// Networks that may, such as 10.0.0.0/8; this machine only if none is given.
    allow: Vec<String>,
}

/// Who may control the host over its listener, and see its data from another machine.
#[derive(ConfigSchema, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OperatorFile {
    /// File that holds the operator's bearer token.
    pub(super) token_file: Option<PathBuf>,
    /// Environment variable that holds the operator's bearer token.
    token_env: Option<String>,
}

/// Requests that the host sends for extensions.
#[derive(ConfigSchema, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HttpFile {
    /// GET and HEAD requests a minute to each API host; 0 for no limit. Without a number, the limit that an extension states.
    gets_per_minute: Option<u32>,
    /// POST, PUT and DELETE requests a minute to each API host; 0 for no limit. Without a number, the limit that an extension
    /// states.
    posts_per_minute: Option<u32>,
    /// Rates of single API hosts, such as https://api.example.com or http://127.0.0.1:8080, in place of those for each.
    hosts: BTreeMap<String, HostRatesFile>,
}

/// Requests that the host sends to one API host.
#[derive(ConfigSchema, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HostRatesFile {
    /// GET and HEAD requests a minute; 0 for no limit. Without a number, as for each API host.
    gets_per_minute: Option<u32>,
    /// POST, PUT and DELETE requests a minute; 0 for no limit. Without a number, as for each API host.
    posts_per_minute: Option<u32>,
}

impl AccessFile {
    pub(super) fn read(&self, folder: &Path, faults: &mut Vec<Fault>) -> Access {
        let token = or_fault(self.token(folder), faults);
        for (index, prefix) in self.prefixes.iter().enumerate() {
            if !prefix.starts_with('/') {
                let path = format!("access.prefixes[{index}]");
                let text = format!("{prefix:?} does not begin with /");
                faults.push(Fault::new(&path, text));
            }
        }
        if !self.prefixes.is_empty() && token.is_none() {
            let text = "there is no token that these paths could need; set `token_file`";
            faults.push(Fault::new("access.prefixes", text));
        }
        let allow = networks("access.allow", &self.allow, faults);
        Access::new(token.as_ref(), self.prefixes.clone(), allow)
    }

    fn token(&self, folder: &Path) -> Result<Option<Secret>, Fault> {
        let keys = ["access.token_file", "access.token_env"];
        token(keys, (&self.token_file, &self.token_env), folder)
    }
}

impl OperatorFile {
    pub(super) fn read(&self, folder: &Path, faults: &mut Vec<Fault>) -> Option<Secret> {
        let keys = ["operator.token_file", "operator.token_env"];
        let read = token(keys, (&self.token_file, &self.token_env), folder);
        or_fault(read, faults)
    }
}

/// The token from a file or a variable that these keys of the config name.
fn token(
    [file_key, variable_key]: [&str; 2],
    (file, variable): (&Option<PathBuf>, &Option<String>),
    folder: &Path,
) -> Result<Option<Secret>, Fault> {
    match (file, variable) {
        (Some(_), Some(_)) => {
            let text = "`token_file` is given too; remove one";
            Err(Fault::new(variable_key, text))
        }
        (Some(named), None) => secret::from_file(file_key, &folder.join(named)).map(Some),
        (None, Some(variable)) => secret::from_variable(variable_key, variable).map(Some),
        (None, None) => Ok(None),
    }
}

fn or_fault(token: Result<Option<Secret>, Fault>, faults: &mut Vec<Fault>) -> Option<Secret> {
    token.unwrap_or_else(|fault| {
        faults.push(fault);
        None
    })
}

fn networks(path: &str, texts: &[String], faults: &mut Vec<Fault>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match parse_network(text) {
            Ok(net) => networks.push(net),
            Err(error) => {
                let path = format!("{path}[{index}]");
                faults.push(Fault::new(&path, format!("{text:?} {error}")));
            }
        }
    }
    networks
}

impl MetricsFile {
    pub(super) fn networks(&self, faults: &mut Vec<Fault>) -> Vec<IpNet> {
        networks("metrics.allow", &self.allow, faults)
    }
}

impl HttpFile {
    /// The rates, without those of keys that do not name an API host, and the faults of these keys.
    pub(super) fn rates(&self) -> (RateTable, Vec<Fault>) {
        let (mut hosts, mut faults) = (BTreeMap::new(), Vec::new());
        for (key, given) in &self.hosts {
            let rates = ConfiguredRates {
                gets_per_minute: given.gets_per_minute,
                posts_per_minute: given.posts_per_minute,
            };
            let misfit = match api_host::parse(key) {
                Err(error) => error.to_string(),
                Ok(host) => match hosts.insert(host.clone(), rates) {
                    None => continue,
                    Some(_) => format!("two keys name the API host {host}; remove one of them"),
                },
            };
            faults.push(Fault::new("http.hosts", misfit));
        }
        let every_host = ConfiguredRates {
            gets_per_minute: self.gets_per_minute,
            posts_per_minute: self.posts_per_minute,
        };
        (RateTable::configured(every_host, hosts), faults)
    }
}
