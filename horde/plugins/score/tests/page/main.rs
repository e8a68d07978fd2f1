//! The scorer that `docs/scorers.md` shows: it compiles and passes its test, as printed.

#![cfg(test)]

mod horde_score;

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../../../../docs/scorers.md");

/// The `number`-th block of a language, counted from 0.
fn block(language: &str, number: usize) -> &'static str {
    let start = format!("```{language}\n");
    let (_, block) = PAGE
        .match_indices(&start)
        .nth(number)
        .map(|(at, start)| PAGE[at..].split_at(start.len()))
        .unwrap();
    block.split_once("```").unwrap().0
}

#[test]
fn page_shows_the_scorer_and_its_test() {
    assert_eq!(block("rust", 0), include_str!("horde_score.rs"));
    let test = include_str!("horde_score/tests.rs");
    assert_eq!(block("rust", 1), test);
}

/// Each dependency that the page names is there.
#[test]
fn dependencies_of_the_page_exist() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let lines = block("toml", 0).lines();
    let paths = lines.filter_map(|line| line.split_once(" = { path = \"../tig-host/"));
    let paths: Vec<_> = paths.collect();
    assert_eq!(paths.len(), 2);
    for (name, rest) in paths {
        let path = rest.split('"').next().unwrap();
        let cargo = fs::read_to_string(repository.join(path).join("Cargo.toml")).unwrap();
        let expected = format!("name = \"{name}\"");
        assert!(cargo.contains(&expected), "{name} is not in {path}");
    }
}
