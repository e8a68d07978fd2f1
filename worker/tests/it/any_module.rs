//! Any module: the seeds of the fuzz target, mutations of them, and modules that are drawn.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::Index;
use tig_worker::Outcome;

use crate::drawn::draw;
use crate::promise;

/// Seeds in the binary format, by name.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds/module"));
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let seed = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, wat::parse_file(&path).unwrap())
    };
    let mut seeds: Vec<_> = paths.map(seed).collect();
    seeds.sort();
    seeds
}

#[test]
fn seeds_come_to_their_outcomes() {
    let outcome = |wasm: &[u8]| promise::check(wasm).unwrap();
    for (name, wasm) in seeds() {
        let outcome = outcome(&wasm);
        let is_expected = match name.as_str() {
            "grows_memory" => outcome == Outcome::OutOfMemory,
            "never_ends" => outcome == Outcome::OutOfFuel,
            "returns_nothing" => outcome == Outcome::NoSolution,
            "calls_through_a_table" | "reads_its_instance" | "recurses" | "switches" => {
                matches!(outcome, Outcome::BadResult(_) | Outcome::Trapped(_))
            }
            _ => panic!("{name}: {outcome:?}"),
        };
        assert!(is_expected, "{name}: {outcome:?}");
    }
}

#[test]
fn drawn_modules_run() {
    let mut bytes = blake3::Hasher::new().update(b"modules").finalize_xof();
    let mut runs = 0;
    for _ in 0..64 {
        let mut drawn = vec![0; 1024];
        bytes.fill(&mut drawn);
        let wasm = draw(&drawn).unwrap();
        runs += usize::from(promise::check(&wasm).is_some());
    }
    assert!(runs > 48, "{runs} of 64 are algorithms");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn mutated_modules_keep_the_promise(
        seed: Index,
        edits in vec((any::<Index>(), any::<u8>()), 1..6),
        cut: Option<Index>,
    ) {
        let seeds = seeds();
        let mut wasm = seed.get(&seeds).1.clone();
        for (at, byte) in edits {
            *at.get_mut(&mut wasm) = byte;
        }
        if let Some(cut) = cut {
            wasm.truncate(cut.index(wasm.len()));
        }
        promise::check(&wasm);
    }

    #[test]
    fn drawn_modules_keep_the_promise(bytes in vec(any::<u8>(), 0..4096)) {
        if let Some(wasm) = draw(&bytes) {
            promise::check(&wasm);
        }
    }
}
