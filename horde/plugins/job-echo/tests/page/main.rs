//! The job kind that `docs/job-kinds.md` shows: it compiles and passes its test, as printed.

#![cfg(test)]

mod job_sum;

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../../../../docs/job-kinds.md");

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
fn page_shows_the_kind_and_its_test() {
    assert_eq!(block("rust", 0), include_str!("job_sum.rs"));
    let test = include_str!("job_sum/tests.rs");
    assert_eq!(block("rust", 1), test);
}

/// Each dependency that the page names is there.
#[test]
fn dependencies_of_the_page_exist() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let manifest = block("toml", 0);
    let paths = manifest
        .lines()
        .filter_map(|line| line.split("path = \"../tig-host/").nth(1));
    let paths: Vec<_> = paths.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(paths.len(), 3);
    for path in paths {
        let cargo = fs::read_to_string(repository.join(path).join("Cargo.toml")).unwrap();
        let name = manifest
            .lines()
            .find(|line| line.contains(&format!("/{path}\"")))
            .unwrap();
        let name = name.split(' ').next().unwrap();
        assert!(
            cargo.contains(&format!("name = \"{name}\"")),
            "{name} is not in {path}"
        );
    }
}
