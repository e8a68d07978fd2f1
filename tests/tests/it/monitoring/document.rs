//! `docs/metrics.md`, read.

use std::collections::BTreeMap;
use std::fs;

use super::root;

/// Mark of a metric that a host shows only when something has happened.
const RARE: &str = "(1)";

/// A metric of the document.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Metric {
    /// `counter` or `gauge`.
    pub(super) kind: String,
    /// Whether it is there only when something has happened.
    pub(super) is_rare: bool,
}

/// The metrics by name.
pub(super) struct Document(pub(super) BTreeMap<String, Metric>);

impl Document {
    pub(super) fn read() -> Self {
        let text = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
        Self(text.lines().filter_map(row).collect())
    }

    /// Whether all of `names` are there in any host that has worked; each must be in the document.
    pub(super) fn are_always_there(&self, names: &[&str], of: &str) -> bool {
        let metric = |name: &&str| match self.0.get(*name) {
            Some(metric) => metric,
            None => panic!("{name} is not in docs/metrics.md, but in {of}"),
        };
        assert!(!names.is_empty(), "{of} names no metric");
        !names.iter().map(metric).any(|metric| metric.is_rare)
    }
}

/// A row of a table: name in backquotes, mark, kind, labels, meaning.
fn row(line: &str) -> Option<(String, Metric)> {
    let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
    let name = cells.next()?.strip_suffix('`')?.to_owned();
    let is_rare = cells.next()? == RARE;
    let kind = cells.next()?.to_owned();
    let is_metric = ["counter", "gauge"].contains(&kind.as_str());
    is_metric.then_some((name, Metric { kind, is_rare }))
}
