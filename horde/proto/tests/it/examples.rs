//! Every example of the reference is read, and written byte for byte as the reference writes it.

use std::collections::BTreeSet;
use std::fs;

use crate::vectors;

#[test]
fn every_example_is_rewritten_byte_for_byte() {
    for (kind, rewrite) in vectors::KINDS {
        let examples = vectors::examples(kind);
        assert!(!examples.is_empty(), "{kind}");
        for example in examples {
            // The names are in the order of the wire: the reference dumped its models field by field.
            let text = example.to_string();
            assert_eq!(rewrite(&text), Ok(text), "{kind}");
        }
    }
}

/// Requests of the chain service, which are not messages: the devnet's chain answers them.
const CHAIN_SERVICE: &str = "pylon.examples.json";

#[test]
fn every_file_of_examples_has_a_reader() {
    let known: BTreeSet<String> = vectors::KINDS
        .iter()
        .map(|(kind, _)| format!("{kind}.examples.json"))
        .collect();
    let files = fs::read_dir(vectors::folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = names
        .filter(|name| name.ends_with(".examples.json") && name != CHAIN_SERVICE)
        .collect();
    assert_eq!(files, known);
}
