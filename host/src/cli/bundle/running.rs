//! What a running host says of itself, by way of its admin socket: its listener may not admit this machine.

use std::collections::BTreeSet;
use std::io;

use serde_json::Value;
use tig_process::error_chain::error_chain;
use tokio::runtime::Runtime;

use super::archive::Bundle;
use crate::cli::admin::{AdminError, Where};
use crate::cli::client::{self, OperatorClient};

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

    fn metrics(&self) -> Result<String, String> {
        let reply = self.runtime.block_on(self.client.metrics());
        reply.map_err(|error| error_chain(&error))
    }
}

/// Adds what the running host says; if none runs, that is said.
pub(super) fn add(bundle: &mut Bundle, place: &Where) -> io::Result<()> {
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
    match host.metrics() {
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
