//! Facts of the machine that matter for a host.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::http::proxy;
use crate::secrets::names::{REMOVED, is_secret_name};

/// Files of the system that are shown whole; they hold nothing of the operator's.
const FILES: [(&str, &str); 7] = [
    ("kernel", "/proc/version"),
    ("distribution", "/etc/os-release"),
    ("limits", "/proc/self/limits"),
    ("uptime", "/proc/uptime"),
    ("load", "/proc/loadavg"),
    (
        "inotify_instances",
        "/proc/sys/fs/inotify/max_user_instances",
    ),
    ("inotify_watches", "/proc/sys/fs/inotify/max_user_watches"),
];

/// Variables whose value says how a host runs, beside those of proxies.
const VARIABLES: [&str; 7] = [
    "RUST_LOG",
    "LANG",
    "TZ",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Kernel, limits, memory, control group and the variables that matter.
pub(super) fn facts() -> Value {
    let read = |path: &str| fs::read_to_string(path).ok();
    let mut facts: Map<String, Value> = FILES
        .iter()
        .map(|(name, path)| ((*name).to_owned(), json!(read(path))))
        .collect();
    let memory = read("/proc/meminfo").unwrap_or_default();
    let lines: Vec<&str> = memory.lines().take(5).collect();
    facts.insert("memory".to_owned(), json!(lines));
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    facts.insert("processors".to_owned(), json!(processors));
    let groups = [
        "pids.max",
        "pids.current",
        "memory.max",
        "memory.current",
        "cpu.max",
    ];
    let group = |name: &&str| {
        (
            name.to_string(),
            json!(read(&format!("/sys/fs/cgroup/{name}"))),
        )
    };
    let groups: Map<String, Value> = groups.iter().map(group).collect();
    facts.insert("control_group".to_owned(), groups.into());
    facts.insert("environment".to_owned(), environment());
    facts.insert(
        "is_container".to_owned(),
        json!(Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists()),
    );
    facts.into()
}

/// Values of some variables; of the others that concern a host, whether they are set.
fn environment() -> Value {
    let mut shown = Map::new();
    for (name, value) in std::env::vars_os() {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            continue;
        };
        if proxy::VARIABLES.contains(&name) {
            shown.insert(name.to_owned(), shown_proxy(value).into());
        } else if VARIABLES.contains(&name) {
            shown.insert(name.to_owned(), value.into());
        } else if name.starts_with("TIG_") || is_secret_name(name) {
            shown.insert(name.to_owned(), "[set]".into());
        }
    }
    shown.into()
}

/// A proxy without user and password. They are removed here, where their place is known: a password with a `/` in it looks like a
/// path later.
fn shown_proxy(value: &str) -> String {
    let proxy = proxy::Parts::from_value(value);
    let mark = match proxy.credentials {
        Some(_) => format!("{REMOVED}@"),
        None => String::new(),
    };
    format!("{}://{mark}{}", proxy.scheme, proxy.place)
}

/// Names and sizes of the files in a folder and the folders in it.
pub(super) fn sizes(folder: &Path) -> Result<Value, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = Map::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let bytes = match metadata.is_dir() {
            false => metadata.len(),
            true => {
                let inner = fs::read_dir(entry.path()).into_iter().flatten().flatten();
                inner
                    .filter_map(|entry| Some(entry.metadata().ok()?.len()))
                    .sum()
            }
        };
        files.insert(name, bytes.into());
    }
    Ok(files.into())
}
