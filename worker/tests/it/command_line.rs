//! The real binary over the golden command lines of the original worker.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::vectors::{self, Folders};

#[derive(Deserialize)]
struct Cases {
    files: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    args: Vec<String>,
    /// A number, or `timeout`.
    exit_code: Value,
    stdout: String,
    stderr: String,
}

/// Where the binary may differ from the original, which it otherwise matches to the byte.
enum Deviation {
    /// Fuel counts and runtime signatures are those of another engine profile, and so are the hashes over them.
    Profile,
    /// The original panics, hangs or goes wrong silently; here it is an error with this exit code and text.
    Error(i32, &'static str),
}

use Deviation::{Error, Profile};

const DEVIATIONS: &[(&str, Deviation)] = &[
    ("settings_extra_field", Profile),
    ("settings_file", Profile),
    ("settings_key_order", Profile),
    ("settings_array_form", Profile),
    ("difficulty_zero_items", Profile),
    ("solution_found", Profile),
    ("no_solution", Profile),
    ("empty_rand_hash", Profile),
    ("fuel_equals_form", Profile),
    ("fuel_before_positionals", Profile),
    ("wrong_challenge_wasm", Profile),
    ("batch_sampled_before_positionals", Profile),
    ("batch_workers_huge", Profile),
    ("batch_ok", Profile),
    // Panics.
    (
        "fuel_without_value",
        Error(
            2,
            "error: the following required argument was not provided: fuel",
        ),
    ),
    (
        "mem_without_value",
        Error(
            2,
            "error: the following required argument was not provided: mem",
        ),
    ),
    (
        "batch_workers_no_value",
        Error(
            2,
            "error: the following required argument was not provided: workers",
        ),
    ),
    ("wasm_not_wasm", Error(1, "Error: module is not valid: ")),
    (
        "unknown_challenge",
        Error(1, "Error: unknown challenge `c005`"),
    ),
    (
        "challenge_by_name",
        Error(1, "Error: unknown challenge `knapsack`"),
    ),
    (
        "verify_unknown_challenge",
        Error(1, "Error: unknown challenge `x`"),
    ),
    (
        "batch_unknown_challenge",
        Error(1, "Error: unknown challenge `zz`"),
    ),
    (
        "difficulty_too_short",
        Error(
            1,
            "Error: no instance of challenge `c003`: invalid difficulty length",
        ),
    ),
    (
        "batch_bad_difficulty",
        Error(
            1,
            "Error: no instance of challenge `c003`: invalid difficulty length",
        ),
    ),
    (
        "difficulty_negative",
        Error(1, "Error: no instance of challenge `c003`: "),
    ),
    (
        "verify_vrp_out_of_range_panics",
        Error(1, "Error: Invalid solution: Node (9) is out of bounds"),
    ),
    // An endless wait.
    (
        "batch_workers_zero_hangs",
        Error(1, "Error: number of workers must be at least 1"),
    ),
    // An empty batch with a root of zeros.
    ("batch_nonce_overflow", Error(1, "Error: nonces overflow: ")),
];

#[test]
fn command_lines_answer_like_the_original() {
    let Cases { files, cases } = vectors::read("cli.json");
    let folders = Folders::new(&files);
    for case in &cases {
        let output = folders.run(&case.args);
        let (stdout, stderr) = (folders.text(&output.stdout), folders.text(&output.stderr));
        let deviation = DEVIATIONS
            .iter()
            .find(|(kind, _)| *kind == case.kind)
            .map(|(_, deviation)| deviation);
        let id = format!("{} {}", case.id, case.kind);
        if let Some(&Error(exit_code, text)) = deviation {
            assert_eq!(output.status.code(), Some(exit_code), "{id}: {stderr}");
            assert_eq!(stdout, "", "{id}");
            assert!(stderr.starts_with(text), "{id}: {stderr}");
            continue;
        }
        assert_eq!(
            Value::from(output.status.code()),
            case.exit_code,
            "{id}: {stderr}"
        );
        assert_eq!(stderr, case.stderr, "{id}");
        match deviation {
            Some(Profile) => {
                vectors::check_same_but_profile(&id, &stdout, &case.stdout);
                assert_ne!(stdout, case.stdout, "{id} is no deviation any more");
                if stdout.contains("merkle_root") {
                    vectors::check_proofs(&id, &stdout, 10);
                }
            }
            Some(Error(..)) | None => assert_eq!(stdout, case.stdout, "{id}"),
        }
    }
    for (kind, _) in DEVIATIONS {
        assert!(
            cases.iter().any(|case| case.kind == *kind),
            "no case of kind {kind}"
        );
    }
}
