//! `config.example.json` states what the extension does without its optional keys.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Config;

#[test]
fn example_config_states_the_defaults() {
    let example = include_str!("../../../../config.example.json");
    let example: Value = serde_json::from_str(example).unwrap();
    let section = &example["config"]["submissions_manager"];
    let config = |section: &Value| format!("{:?}", Config::deserialize(section).unwrap());
    assert_eq!(config(section), config(&json!({})));
}
