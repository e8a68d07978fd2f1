//! The folder of algorithms that the network publishes.

use std::fs;
use std::path::Path;

use tig_challenges::ChallengeKind::{Knapsack, Satisfiability};
use tig_devnet::{LoadError, load_folder};
use tig_worker::WASM_BYTES_MAX;

use crate::support::mini_wasm;

fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn ids_follow_the_sorted_names() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "satisfiability/walk_sat.wasm",
        &mini_wasm(Satisfiability),
    );
    write(
        folder.path(),
        "satisfiability/another.wasm",
        &mini_wasm(Satisfiability),
    );
    write(folder.path(), "satisfiability/notes.txt", b"not a module");
    write(
        folder.path(),
        "knapsack/greedy_swap.wasm",
        &mini_wasm(Knapsack),
    );
    let mut found: Vec<_> = load_folder(folder.path())
        .unwrap()
        .into_iter()
        .map(|algorithm| (algorithm.id, algorithm.name))
        .collect();
    found.sort();
    let expected = [
        ("c001_a001", "another"),
        ("c001_a002", "walk_sat"),
        ("c003_a001", "greedy_swap"),
    ];
    assert_eq!(
        found,
        expected.map(|(id, name)| (id.to_owned(), name.to_owned()))
    );
}

#[test]
fn a_folder_that_cannot_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        load_folder(folder.path()),
        Err(LoadError::Empty { .. })
    ));
    assert!(matches!(
        load_folder(&folder.path().join("missing")),
        Err(LoadError::Read { .. })
    ));

    write(
        folder.path(),
        "knapsack/broken.wasm",
        b"\0asm, but no module",
    );
    let error = load_folder(folder.path()).unwrap_err();
    assert!(matches!(error, LoadError::BadModule { .. }), "{error:?}");
    assert!(error.to_string().contains("broken.wasm"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "chess/deep_blue.wasm", &mini_wasm(Knapsack));
    let error = load_folder(folder.path()).unwrap_err();
    assert!(
        matches!(error, LoadError::UnknownChallenge { .. }),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("satisfiability, vehicle_routing"),
        "{error}"
    );
}

#[test]
fn folders_without_modules_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in [
        ("knapsack/mini.wasm", &mini_wasm(Knapsack)[..]),
        ("compiled/0123.module", b""),
        ("status/local.json", b"{}"),
        ("0123.wasm", b"of no challenge"),
        ("index.json", b"{}"),
    ] {
        write(folder.path(), path, bytes);
    }
    let loaded = load_folder(folder.path()).unwrap();
    let names: Vec<_> = loaded.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["mini"]);
}

#[test]
fn misnamed_module_is_rejected_with_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "knapsack/two words.wasm", b"");
    let error = load_folder(folder.path()).unwrap_err();
    assert!(matches!(error, LoadError::Name { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("knapsack/two words.wasm"), "{text}");
    assert!(text.contains("1 to 64 of the characters"), "{text}");
}

#[test]
fn module_beyond_the_size_limit_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "knapsack/large.wasm", b"");
    let large = folder.path().join("knapsack/large.wasm");
    let file = fs::File::options().write(true).open(&large).unwrap();
    file.set_len(WASM_BYTES_MAX as u64 + 1).unwrap();
    let error = load_folder(folder.path()).unwrap_err();
    assert!(matches!(error, LoadError::TooLarge { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("large.wasm is too large"), "{text}");
    assert!(text.contains(&WASM_BYTES_MAX.to_string()), "{text}");
}

#[test]
fn folder_with_more_modules_than_ids_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..1_000 {
        write(folder.path(), &format!("knapsack/a{number}.wasm"), b"");
    }
    let error = load_folder(folder.path()).unwrap_err();
    assert!(matches!(error, LoadError::TooMany { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("knapsack holds too many"), "{text}");
    assert!(text.contains("at most 999"), "{text}");
}
