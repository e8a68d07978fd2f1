//! The scorer of `docs/scorers.md`, built from the page alone: it runs as a shadow of the stock one, then in its place.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tig_system_tests::{PrintedPackage, printed_block};

use crate::network::{CYCLE, NEXT_CYCLE, Validator, chain, network};

/// Builds what the page shows; the extension's file.
fn build() -> PathBuf {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scorers.md");
    let page = fs::read_to_string(page).unwrap();
    let package = PrintedPackage {
        name: "horde_score",
        manifest: printed_block(&page, "toml", 0).unwrap(),
        code: printed_block(&page, "rust", 0).unwrap(),
        tests: None,
        target: "page-scorer",
    };
    let place = tempfile::tempdir().unwrap();
    package.build(place.path()).unwrap()
}

/// What `tig-host` prints to these words.
fn asked(validator: &Validator, words: &[&str]) -> String {
    let output = validator.site.ask_host(words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {text}{errors}");
    text
}

/// What `tig-host status` shows where stock scorer and shadow differ in the score of a miner.
fn difference<'a>(validator: &Validator, status: &'a str, miner: usize) -> Option<&'a str> {
    let start = format!("scores.{}: ", validator.miners.miners[miner].hotkey);
    let mut lines = status.lines().map(str::trim);
    lines.find_map(|line| line.strip_prefix(&start))
}

#[test]
fn scorer_of_the_page_decides_once_it_is_promoted() {
    let file = build();
    // The first miner has one executor, the second one two; the third one is wrong.
    let network = network(
        3,
        &["0=manifest-count:1", "2=wrong-answer"],
        chain("direct"),
    );
    let validator = Validator::start_with("direct", &network, |_| {});
    let text = asked(
        &validator,
        &["shadow", "horde_score", file.to_str().unwrap()],
    );
    assert!(text.contains("2.0.0 runs as a shadow of 0.1.0"), "{text}");

    validator.run_batch();
    // The shadow handles the batch in its own time.
    let text = validator.wait("the scores of the shadow", |it| {
        let text = asked(it, &["status"]);
        let begins =
            |miner, start| difference(it, &text, miner).is_some_and(|line| line.starts_with(start));
        (begins(0, "1.0, not ") && begins(1, "2.0, not ")).then_some(text)
    });
    let third = difference(&validator, &text, 2);
    assert_eq!(third, None, "both say 0: {text}");
    assert_eq!(validator.wait_for_end()["end"], "applied");

    let text = asked(&validator, &["promote", "horde_score"]);
    assert!(text.contains("reloaded 0.1.0 -> 2.0.0"), "{text}");
    validator.run_batch_of(NEXT_CYCLE);
    validator.go_to(NEXT_CYCLE + NEXT_CYCLE - CYCLE);
    assert_eq!(validator.wait_for_end_of(NEXT_CYCLE)["end"], "applied");
    let sets = validator.included("set");
    let weights: Vec<_> = sets.iter().map(|it| &it["weights"]).collect();
    let by_the_page = json!({ "uids": [1, 2], "values": [32_768, 65_535] });
    assert_eq!(weights.len(), 2, "{weights:?}");
    assert_ne!(weights[0], &by_the_page, "a shadow decides nothing");
    assert_eq!(weights[1], &by_the_page);
}
