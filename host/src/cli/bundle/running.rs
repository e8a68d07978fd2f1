//! What a running host says of itself, by way of its admin socket and its metrics.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tig_plugin_api::Secret;
use tig_process::error_chain::error_chain;
use tig_process::secret_file;
use tokio::runtime::Runtime;

use super::archive::Bundle;
use crate::cli::admin::{AdminError, Where};
use crate::cli::client::{self, OperatorClient};
use crate::config::Config;

/// Longest time for the metrics.
const METRICS_TIMEOUT: Duration = Duration::from_secs(10);

/// Metrics whose history is put in.
const HISTORY_COUNT_MAX: usize = 100;

/// What is asked for, and its name in the bundle.
const PARTS: [(&str, &str); 3] = [
    ("conditions.json", "v1/conditions"),
    ("events.json", "v1/events?after=0&wait_ms=0"),
    ("commands.json", "v1/commands"),
];

/// A running host, as far as it replies.
struct Host {
    client: OperatorClient,
    runtime: Runtime,
}

impl Host {
    fn find(place: &Where) -> Result<Self, AdminError> {
        let client = OperatorClient::new(place)?;
        let runtime = client::runtime()?;
        Ok(Self { client, runtime })
    }

    /// The JSON at a path below `/operator/`.
    fn get(&self, path: &str) -> Result<Value, String> {
        let reply = self.runtime.block_on(self.client.get(path, &[]));
        reply.map_err(|error| error_chain(&error))
    }
}

/// Adds what the running host says; if none runs, that is said.
pub(super) fn add(bundle: &mut Bundle, place: &Where, config: &Path) -> io::Result<()> {
    let found = Host::find(place).map_err(|error| error_chain(&error));
    let asked = found.and_then(|host| Ok((host.get("v1/status")?, host)));
    let (status, host) = match asked {
        Ok(asked) => asked,
        Err(reason) => {
            bundle.lack("status.json", &reason);
            return Ok(());
        }
    };
    bundle.add_json("status.json", &status)?;
    for (name, path) in PARTS {
        bundle.add_found(name, host.get(path))?;
    }
    let metrics = status["address"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let metrics = metrics.ok_or("its address is not known".to_owned());
    match metrics.and_then(|address| fetch_metrics(&host, address, access_token(config))) {
        Ok(text) => {
            bundle.add_text("metrics.txt", &text)?;
            add_history(bundle, &host, &text)?;
        }
        Err(reason) => bundle.lack("metrics.txt", &reason),
    }
    add_panels(bundle, &host)
}

fn add_panels(bundle: &mut Bundle, host: &Host) -> io::Result<()> {
    let panels = match host.get("v1/panels") {
        Ok(reply) => reply,
        Err(reason) => {
            bundle.lack("panels", &reason);
            return Ok(());
        }
    };
    let listed = panels["panels"].as_array().into_iter().flatten();
    for name in listed.filter_map(|panel| panel["name"].as_str()) {
        let is_plain = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
        if name.chars().all(is_plain) {
            let panel = host.get(&format!("panel/{name}"));
            bundle.add_found(&format!("panels/{name}.json"), panel)?;
        }
    }
    Ok(())
}

/// The last hours of each metric, as far as the host keeps them.
fn add_history(bundle: &mut Bundle, host: &Host, metrics: &str) -> io::Result<()> {
    let name = |line: &str| Some(line.strip_prefix("# TYPE ")?.split(' ').next()?.to_owned());
    let names: BTreeSet<String> = metrics.lines().filter_map(name).collect();
    let mut kept = Vec::new();
    for name in names.iter().take(HISTORY_COUNT_MAX) {
        match host.get(&format!("v1/history?metric={name}&points=48")) {
            Ok(series) => kept.push(series),
            // What keeps one from being read keeps the others too.
            Err(reason) => {
                bundle.lack("history.json", &reason);
                break;
            }
        }
    }
    if kept.is_empty() {
        return Ok(());
    }
    bundle.add_json("history.json", &kept.into_iter().collect())
}

/// The token that clients of the listener need, if they need one.
fn access_token(config: &Path) -> Option<Secret> {
    let access = &Config::read_unchecked(config).ok()?["access"];
    let folder = config.parent().unwrap_or(Path::new(""));
    let token = match (access["token_file"].as_str(), access["token_env"].as_str()) {
        (Some(file), _) => secret_file::read(&folder.join(file)).ok()?,
        (None, variable) => std::env::var(variable?).ok()?,
    };
    Some(Secret::new(token))
}

/// The metrics, as a collector on this machine reads them.
fn fetch_metrics(
    host: &Host,
    address: SocketAddr,
    token: Option<Secret>,
) -> Result<String, String> {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let url = format!("http://{}/metrics", SocketAddr::new(ip, address.port()));
    let fetched = host.runtime.block_on(async {
        let client = reqwest::Client::builder()
            // Loopback is not for proxies, whatever the environment says.
            .no_proxy()
            .tls_built_in_root_certs(false)
            .timeout(METRICS_TIMEOUT)
            .build()?;
        let mut request = client.get(url);
        if let Some(token) = &token {
            request = request.bearer_auth(token.reveal());
        }
        request.send().await?.error_for_status()?.text().await
    });
    fetched.map_err(|error| error_chain(&error))
}
