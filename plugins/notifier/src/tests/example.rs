//! `config.example.json` states what the extension does without its optional keys.

use tig_plugin_api::testing::check_example_config;

use crate::config::Config;

#[test]
fn example_config_states_the_defaults() {
    let example = include_str!("../../../../config.example.json");
    let optional = ["webhooks", "name", "group_ms", "repeat_ms", "flap_ms"];
    check_example_config::<Config>(example, "notifier", &optional);
}
