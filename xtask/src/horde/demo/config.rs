//! What the config of a fast network has in place of the values of a real one. Pure.

use serde_json::{Map, Value, json};

use super::miner::MINERS;

/// Blocks of an interval of commit and reveal, of which the main network has 722.
pub(super) const INTERVAL_BLOCKS: u32 = 24;
/// Block of an interval from which on weights are committed to.
const COMMIT_OFFSET_BLOCKS: u32 = 12;
/// Blocks at the end of both windows in which nothing begins.
const BUFFER_BLOCKS: u32 = 2;
/// Prompts of a sample, which a miner's answers are compared with.
const PROMPTS_PER_SAMPLE: usize = 4;
/// Series of prompts that the pool keeps: all that one job of the trusted miner generates.
const SERIES: usize = 6;
/// Prompts of a series.
const PROMPTS_PER_SERIES: usize = 24;

/// Takes over what `fast`, the config of a fast network, has, and makes the pool of prompts small.
pub(super) fn adapt(config: &mut Value, fast: &Value) {
    for key in ["plugin_folder", "port"] {
        config[key] = fast[key].clone();
    }
    merge(&mut config["config"], &fast["config"]);
    merge(&mut config["config"]["horde_report"]["inline"], &dynamic());
}

/// The keys of dynamic config that are other than on the main network.
fn dynamic() -> Value {
    let values = [
        ("COMMIT_REVEAL_WEIGHTS_INTERVAL", json!(INTERVAL_BLOCKS)),
        (
            "COMMIT_REVEAL_COMMIT_START_OFFSET",
            json!(COMMIT_OFFSET_BLOCKS),
        ),
        ("COMMIT_REVEAL_COMMIT_END_BUFFER", json!(BUFFER_BLOCKS)),
        ("COMMIT_REVEAL_REVEAL_END_BUFFER", json!(BUFFER_BLOCKS)),
        ("MAX_PROMPT_SERIES", json!(SERIES)),
        ("PROMPTS_SERIES_IN_A_SINGLE_GENERATION", json!(SERIES)),
        ("NUMBER_OF_PROMPTS_IN_SERIES", json!(PROMPTS_PER_SERIES)),
        (
            "NUMBER_OF_PROMPTS_TO_SAMPLE_FROM_SERIES",
            json!(PROMPTS_PER_SAMPLE),
        ),
        (
            "NUMBER_OF_PROMPTS_PER_WORKLOAD",
            json!(SERIES * PROMPTS_PER_SAMPLE),
        ),
        ("TARGET_NUMBER_OF_PROMPT_SAMPLES_READY", json!(MINERS)),
    ];
    let items = values.map(|(key, value)| {
        let item = json!({ "description": "", "items": [{ "value": value }] });
        (format!("DYNAMIC_{key}"), item)
    });
    Value::Object(Map::from_iter(items))
}

/// Puts everything of `from` into `into`; objects are merged.
fn merge(into: &mut Value, from: &Value) {
    let (Value::Object(into), Value::Object(from)) = (&mut *into, from) else {
        into.clone_from(from);
        return;
    };
    for (key, value) in from {
        merge(into.entry(key).or_insert(Value::Null), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapted_config_keeps_what_is_not_of_speed() {
        let mut config = json!({
            "keys": { "s3": {} },
            "config": { "horde_batch": { "kinds": { "llm": "a", "gpu": "b" } }, "horde_report": { "profile": "p" } },
        });
        let fast = json!({
            "port": 0,
            "plugin_folder": "plugins",
            "keys": {},
            "config": {
                "horde_batch": { "kinds": { "gpu": "c" } },
                "horde_report": { "inline": { "OTHER": 1 } },
            },
        });
        adapt(&mut config, &fast);
        assert_eq!(config["keys"], json!({ "s3": {} }));
        assert_eq!(config["port"], 0);
        let sections = &config["config"];
        assert_eq!(
            sections["horde_batch"]["kinds"],
            json!({ "llm": "a", "gpu": "c" })
        );
        let report = &sections["horde_report"];
        assert_eq!(report["profile"], "p");
        assert_eq!(report["inline"]["OTHER"], 1);
        let interval = "DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL";
        assert_eq!(
            report["inline"][interval]["items"][0]["value"],
            INTERVAL_BLOCKS
        );
    }
}
