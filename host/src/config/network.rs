//! Config keys of the listener's access rules and of the rates of outgoing requests.

use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Secret};

use super::{Fault, secret};
use crate::config::Rates;
use crate::config::access::{Access, parse_network};

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

/// Requests that the host sends for extensions, to each API host.
#[derive(ConfigSchema, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HttpFile {
    /// GET requests a minute; 0 for no limit.
    gets_per_minute: Option<u32>,
    /// POST requests a minute; 0 for no limit.
    posts_per_minute: Option<u32>,
}

impl AccessFile {
    pub(super) fn read(&self, folder: &Path, faults: &mut Vec<Fault>) -> Access {
        let token = self.token(folder).unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
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
        match (&self.token_file, &self.token_env) {
            (Some(_), Some(_)) => {
                let text = "`token_file` is given too; remove one";
                Err(Fault::new("access.token_env", text))
            }
            (Some(named), None) => {
                secret::from_file("access.token_file", &folder.join(named)).map(Some)
            }
            (None, Some(variable)) => secret::from_variable("access.token_env", variable).map(Some),
            (None, None) => Ok(None),
        }
    }
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
    pub(super) fn rates(&self) -> Rates {
        let default = Rates::default();
        Rates {
            gets_per_minute: self.gets_per_minute.unwrap_or(default.gets_per_minute),
            posts_per_minute: self.posts_per_minute.unwrap_or(default.posts_per_minute),
        }
    }
}
