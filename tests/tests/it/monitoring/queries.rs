//! The queries of the dashboard and of the alert rules.

use std::fs;

use serde_json::Value;

use super::root;

/// A query, and where it stands.
pub(super) struct Query {
    pub(super) text: String,
    pub(super) place: String,
}

/// The queries of the Grafana dashboard, for all hosts and a short interval.
pub(super) fn of_dashboard() -> Vec<Query> {
    let text = fs::read_to_string(root().join("deploy/grafana/tig-host.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let text = target["expr"].as_str().unwrap();
            let text = text.replace("$__rate_interval", "10s");
            let text = text.replace("$instance", ".*");
            assert!(!text.contains('$'), "{title}: a variable is left in {text}");
            queries.push(Query {
                text,
                place: format!("panel {title:?}"),
            });
        }
    }
    queries
}

/// Names of the metrics in a query.
pub(super) fn metrics_of(query: &str) -> Vec<&str> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let prefixes = ["tig_host_", "tig_extension_", "process_"];
    words
        .filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)))
        .collect()
}
