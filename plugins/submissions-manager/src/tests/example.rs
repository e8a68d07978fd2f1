//! `config.example.json` states what the extension does without its optional keys.

use tig_plugin_api::testing::check_example_config;

use crate::Config;

#[test]
fn example_config_states_the_defaults() {
    let example = include_str!("../../../../config.example.json");
    let optional = [
        "clear_precommits_submission_on_new_block",
        "max_retries",
        "ms_delay_between_retries",
    ];
    check_example_config::<Config>(example, "submissions_manager", &optional);
}
