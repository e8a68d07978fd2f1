//! What a manifest says, within bounds, and what can be wrong with it.

use horde_events::ExecutorCount;
use horde_proto::miner::ExecutorManifest;
use serde::{Deserialize, Serialize};

/// Executors of one class that a miner can have; a larger number is cut to it. The largest miners have some dozens.
pub(crate) const EXECUTORS_MAX: u32 = 1_000;

/// What is wrong with the manifest of a connection, in words.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum ManifestFault {
    /// Earlier versions have this one alone, as text.
    Invalid(String),
    /// It did not come in time.
    Missing { reason: String },
}

impl ManifestFault {
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Invalid(reason) | Self::Missing { reason } => reason,
        }
    }
}

/// The executors that a manifest announces, in its order, and what is wrong with it.
pub(crate) fn read_manifest(manifest: &ExecutorManifest) -> (Vec<ExecutorCount>, Vec<String>) {
    let mut counts: Vec<ExecutorCount> = Vec::new();
    let mut faults = Vec::new();
    for entry in &manifest.executor_classes {
        let Some(class) = entry.executor_class.executor_class() else {
            faults.push("a class by number other than 0 is left out".to_owned());
            continue;
        };
        let executor_class = class.as_str().to_owned();
        if counts
            .iter()
            .any(|known| known.executor_class == executor_class)
        {
            faults.push(format!("{class} comes twice, and the first number counts"));
            continue;
        }
        let count = entry.count.clamp(0, i64::from(EXECUTORS_MAX));
        if count != entry.count {
            faults.push(format!(
                "{} executors of {class} count as {count}",
                entry.count
            ));
        }
        // The value is within the bounds of the clamp.
        let count = u32::try_from(count).unwrap_or(EXECUTORS_MAX);
        counts.push(ExecutorCount {
            executor_class,
            count,
        });
    }
    (counts, faults)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(classes: Value) -> (Vec<(String, u32)>, Vec<String>) {
        let manifest = serde_json::from_value(json!({ "executor_classes": classes })).unwrap();
        let (counts, faults) = read_manifest(&manifest);
        let counts = counts.into_iter();
        (
            counts
                .map(|entry| (entry.executor_class, entry.count))
                .collect(),
            faults,
        )
    }

    #[test]
    fn manifest_is_read_in_its_order() {
        let (counts, faults) = read(json!([
            { "executor_class": "always_on.llm.a6000", "count": 2 },
            { "executor_class": 0, "count": 3 },
        ]));
        assert_eq!(counts[0], ("always_on.llm.a6000".to_owned(), 2));
        assert_eq!(counts[1], ("spin_up-4min.gpu-24gb".to_owned(), 3));
        assert!(faults.is_empty());
    }

    #[test]
    fn absurd_counts_are_bounded_and_named() {
        let (counts, faults) = read(json!([
            { "executor_class": "always_on.llm.a6000", "count": -1 },
            { "executor_class": "always_on.gpu-24gb", "count": 1_000_000 },
            { "executor_class": "always_on.gpu-24gb", "count": 1 },
            { "executor_class": 7, "count": 1 },
        ]));
        let numbers: Vec<u32> = counts.iter().map(|(_, count)| *count).collect();
        assert_eq!(numbers, [0, 1_000]);
        assert_eq!(
            faults,
            [
                "-1 executors of always_on.llm.a6000 count as 0",
                "1000000 executors of always_on.gpu-24gb count as 1000",
                "always_on.gpu-24gb comes twice, and the first number counts",
                "a class by number other than 0 is left out",
            ]
        );
    }
}
