//! The operator's page of a validator: the extension `dashboard`, which knows nothing of ComputeHorde.

use serde_json::json;
use tig_system_tests::get;

use crate::network::{Validator, chain, network};

#[test]
fn page_shows_the_panels_of_a_validator() {
    let validator = Validator::start_with("direct", &network(2, &[], chain("direct")), |options| {
        options.more.insert("dashboard", json!({}));
    });
    let page = get(validator.address(), "/operator/").unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    let panels = validator.ask("/operator/v1/panels");
    let panels = panels["panels"].as_array().unwrap().iter();
    let names: Vec<_> = panels.filter_map(|panel| panel["name"].as_str()).collect();
    for name in ["validator", "miners"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn batch_is_shown_by_tig_host_panel() {
    let validator = Validator::start("direct");
    validator.run_batch();
    let block = validator.newest_block().to_string();
    let shown = validator.wait("the panel", |validator| {
        let mut command = validator.site.ask_host(&["panel", "validator"]);
        let output = command.output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{shown}");
        // Numbers are in groups of three digits.
        shown
            .replace(['\u{a0}', ' ', ','], "")
            .contains(&block)
            .then_some(shown)
    });
    for part in ["Last batch", "right", "followed"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}
