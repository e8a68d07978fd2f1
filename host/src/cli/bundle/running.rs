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

use super::archive::Bundle;
use crate::cli::admin::Where;
use crate::config::Config;

/// Longest time for the metrics.
const METRICS_TIMEOUT: Duration = Duration::from_secs(10);

/// Metrics whose history is put in.
const HISTORY_COUNT_MAX: usize = 100;

/// What is asked for, and its name in the bundle.
const PARTS: [(&str, &str); 3] = [
    ("conditions.json", "/operator/v1/conditions"),
    ("events.json", "/operator/v1/events?after=0&wait_ms=0"),
    ("commands.json", "/operator/v1/commands"),
];

/// Adds what the running host says; if none runs, that is said.
pub(super) fn add(bundle: &mut Bundle, place: &Where, config: &Path) -> io::Result<()> {
    let get = |path: &str| place.get(path).map_err(|error| error_chain(&error));
    let status = match get("/status") {
        Ok(status) => status,
        Err(reason) => {
            bundle.lack("status.json", &reason);
            return Ok(());
        }
    };
    bundle.add_json("status.json", &status)?;
    for (name, path) in PARTS {
        bundle.add_found(name, get(path))?;
    }
    let metrics = status["address"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let metrics = metrics.ok_or("its address is not known".to_owned());
    match metrics.and_then(|address| fetch_metrics(address, access_token(config))) {
        Ok(text) => {
            bundle.add_text("metrics.txt", &text)?;
            add_history(bundle, &get, &text)?;
        }
        Err(reason) => bundle.lack("metrics.txt", &reason),
    }
    add_panels(bundle, &get)
}

fn add_panels(bundle: &mut Bundle, get: &impl Fn(&str) -> Result<Value, String>) -> io::Result<()> {
    let panels = match get("/operator/v1/panels") {
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
            let panel = get(&format!("/operator/panel/{name}"));
            bundle.add_found(&format!("panels/{name}.json"), panel)?;
        }
    }
    Ok(())
}

/// The last hours of each metric, as far as the host keeps them.
fn add_history(
    bundle: &mut Bundle,
    get: &impl Fn(&str) -> Result<Value, String>,
    metrics: &str,
) -> io::Result<()> {
    let name = |line: &str| Some(line.strip_prefix("# TYPE ")?.split(' ').next()?.to_owned());
    let names: BTreeSet<String> = metrics.lines().filter_map(name).collect();
    let mut kept = Vec::new();
    for name in names.iter().take(HISTORY_COUNT_MAX) {
        match get(&format!("/operator/v1/history?metric={name}&points=48")) {
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
fn fetch_metrics(address: SocketAddr, token: Option<Secret>) -> Result<String, String> {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let url = format!("http://{}/metrics", SocketAddr::new(ip, address.port()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let fetched = runtime.block_on(async {
        let client = reqwest::Client::builder()
            // Loopback is not for proxies, whatever the environment says.
            .no_proxy()
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
