//! What monitoring reads and what it makes of it: the document of the metrics, the alert rules and the dashboard, by the real
//! tools.

mod document;
mod prometheus;
mod queries;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tig_system_tests::{MasterOptions, NOTIFIER, Site, Stack, Stage, get, skip, wait_for};

use self::document::Document;
use self::prometheus::{Prometheus, promtool};
use self::queries::{Query, metrics_of};
use crate::support::{PACE, patch_config, site};

/// For a benchmark of each challenge.
const BENCHMARK_TIMEOUT: Duration = Duration::from_secs(200);

/// Time for prometheus to have read the metrics a few times.
const SCRAPES_TIMEOUT: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A running system with all optional extensions, after a benchmark was proved.
fn system_that_has_worked(folder: &Path) -> Stack {
    let site = site(folder);
    site.add_plugin(NOTIFIER, &site.artifacts().plugin(NOTIFIER))
        .unwrap();
    let options = MasterOptions::default();
    let mut stack = Stack::start(site, &options, PACE).unwrap();
    // The config is there now, and the host takes a changed one.
    add_notifier(&stack.site);
    let proved = wait_for("a proved benchmark", BENCHMARK_TIMEOUT, || {
        stack.check_running().unwrap();
        let benchmarks = stack.status().unwrap().benchmarks;
        benchmarks
            .iter()
            .any(|it| it.stage == Stage::Proof)
            .then_some(())
    });
    proved.unwrap_or_else(|error| panic!("{error}\n{}", stack.host.log_tail(30)));
    stack
}

fn add_notifier(site: &Site) {
    patch_config(site, |config| {
        if let Some(extensions) = config["extensions"].as_array_mut() {
            extensions.push(json!(NOTIFIER));
        }
        // Nobody listens there: messages fail, and so there are metrics of failures.
        config["config"][NOTIFIER] = json!({
            "webhooks": { "ops": { "url": "http://127.0.0.1:1/", "severity": "info" } },
        });
    });
}

fn metrics(stack: &Stack) -> String {
    let answer = get(&stack.host_address, "/metrics").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

#[test]
fn monitoring_reads_what_the_document_says() {
    let folder = tempfile::tempdir().unwrap();
    let stack = system_that_has_worked(folder.path());
    let document = Document::read();
    let all = wait_for("all metrics of the document", SCRAPES_TIMEOUT, || {
        let shown = Shown::read(&metrics(&stack));
        shown.check(&document);
        shown.missing(&document).is_empty().then_some(())
    });
    if let Err(error) = all {
        let missing = Shown::read(&metrics(&stack)).missing(&document);
        panic!("{error}: the host does not show {missing:?}");
    }
}

#[test]
fn monitoring_alert_rules_pass_their_tests() {
    for arguments in [
        &["check", "config", "prometheus.yml"][..],
        &["check", "rules", "alerts.yml"],
        &["test", "rules", "alerts_test.yml"],
    ] {
        let Some(output) = promtool(arguments) else {
            return skip("promtool is not installed: apt-get install prometheus");
        };
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
}

#[test]
fn monitoring_has_a_test_for_each_alert() {
    let read = |name: &str| fs::read_to_string(root().join("deploy/prometheus").join(name));
    let (rules, tests) = (
        read("alerts.yml").unwrap(),
        read("alerts_test.yml").unwrap(),
    );
    let alerts = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let mut count = 0;
    for alert in alerts {
        count += 1;
        for name in [format!("{alert} fires"), format!("{alert} is quiet")] {
            assert!(tests.contains(&name), "no test `{name}`");
        }
    }
    assert!(count > 20, "{count} alerts");
    let document = Document::read();
    document.are_always_there(&metrics_of(&rules), "alerts.yml");
}

#[test]
fn monitoring_queries_find_data_in_prometheus() {
    let folder = tempfile::tempdir().unwrap();
    let stack = system_that_has_worked(folder.path());
    let Some(prometheus) = Prometheus::start(folder.path(), &stack.host_address) else {
        return skip("prometheus is not installed: apt-get install prometheus");
    };
    let document = Document::read();
    let queries = queries::of_dashboard();
    assert!(queries.len() > 40, "{} queries", queries.len());
    for Query { text, place } in &queries {
        let must_have_data = document.are_always_there(&metrics_of(text), place);
        let found = wait_for(text, SCRAPES_TIMEOUT, || {
            let result = prometheus.query(text);
            (!must_have_data || !result.is_empty()).then_some(())
        });
        found.unwrap_or_else(|error| panic!("{place} shows nothing: {error}"));
    }
    for rule in prometheus.rules() {
        assert_eq!(rule["health"], "ok", "{rule}");
        // One slow answer makes it pending.
        let firing = rule["name"] == "TigHostDown" && rule["state"] == "firing";
        assert!(!firing, "{rule}");
    }
}

/// The metrics that a host shows: kind by name, and the names that have series.
struct Shown {
    kinds: BTreeMap<String, String>,
    with_series: BTreeSet<String>,
}

impl Shown {
    fn read(text: &str) -> Self {
        let mut shown = Self {
            kinds: BTreeMap::new(),
            with_series: BTreeSet::new(),
        };
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("# TYPE ") {
                let (name, kind) = head.split_once(' ').unwrap();
                shown.kinds.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                let name = line.split(['{', ' ']).next().unwrap();
                shown.with_series.insert(name.to_owned());
            }
        }
        shown
    }

    /// Everything that is shown must be in the document.
    fn check(&self, document: &Document) {
        for (name, kind) in &self.kinds {
            let known = document.0.get(name).map(|metric| metric.kind.as_str());
            assert_eq!(known, Some(kind.as_str()), "{name} in docs/metrics.md");
        }
    }

    /// What the document has and the host does not show.
    fn missing(&self, document: &Document) -> Vec<String> {
        let metrics = document.0.iter().filter(|(_, metric)| !metric.is_rare);
        let missing = metrics.filter(|(name, _)| !self.with_series.contains(*name));
        missing.map(|(name, _)| name.clone()).collect()
    }
}
