//! The router of `docs/routers.md`, built and tested from the page alone, and loaded into a running validator.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tig_system_tests::{PrintedPackage, printed_block};

use crate::jobs::Users;

const NAME: &str = "turn_router";
/// Jobs that are ordered: that chance gives each miner every second one is rarer than one in a hundred.
const JOBS: usize = 8;

/// Builds what the page shows; the extension's file.
fn build() -> PathBuf {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/routers.md");
    let page = fs::read_to_string(page).unwrap();
    let package = PrintedPackage {
        name: NAME,
        manifest: printed_block(&page, "toml", 0).unwrap(),
        code: printed_block(&page, "rust", 0).unwrap(),
        tests: printed_block(&page, "rust", 1),
        target: "page-router",
    };
    let place = tempfile::tempdir().unwrap();
    package.build(place.path()).unwrap()
}

/// The miner that has run a job, which is over.
fn runner(users: &Users, uuid: &str) -> usize {
    let end = users.end(uuid);
    assert_eq!(end["status"], "completed", "{end}");
    let said = end.to_string();
    let miners = users.validator.miners.miners.iter();
    let mut named = miners
        .enumerate()
        .filter(|(_, it)| said.contains(&it.hotkey));
    let (index, _) = named.next().unwrap_or_else(|| panic!("no miner in {said}"));
    index
}

#[test]
fn router_of_the_page_decides_once_it_is_loaded() {
    let file = build();
    let users = Users::start();
    // Both miners have shown a manifest then.
    let uuid = users.order_of(1, "V1", &["echo", "second"]);
    assert_eq!(runner(&users, &uuid), 1);

    let site = &users.validator.site;
    fs::copy(file, site.extension(NAME)).unwrap();
    let text = fs::read_to_string(site.config_file()).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["extensions"]
        .as_array_mut()
        .unwrap()
        .push(json!(NAME));
    config["config"]["horde_organic"]["router_ms"] = json!(5_000);
    fs::write(site.config_file(), config.to_string()).unwrap();
    let output = site.ask_host(&["reload"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");

    let runners: Vec<usize> = (0..JOBS)
        .map(|_| {
            let uuid = users.order("V2", &["echo", "x"]);
            runner(&users, &uuid)
        })
        .collect();
    let takes_turns = runners.windows(2).all(|pair| pair[0] != pair[1]);
    assert!(takes_turns, "{runners:?}");
    users.check_protocol();
}
