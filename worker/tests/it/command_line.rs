//! What the real binary has beside the original's command line, which the golden vectors run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tig_challenges::{ChallengeKind, Instance};

use crate::mini;

const KNAPSACK: &str = r#"{"player_id":"p","block_id":"b","challenge_id":"c003","algorithm_id":"a","difficulty":[20,0]}"#;

fn worker(args: &[&str]) -> Command {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_tig-worker"));
    worker.args(args);
    worker
}

/// The file of a small algorithm for [`KNAPSACK`].
fn knapsack_module(folder: &Path) -> PathBuf {
    let wasm = folder.join("mini.wasm");
    fs::write(&wasm, mini::wasm("mini/knapsack")).unwrap();
    wasm
}

fn run(args: &[&str]) -> Output {
    worker(args).output().unwrap()
}

/// What `instance` prints for nonce 3.
fn instance(challenge_id: &str, difficulty: &[i32]) -> Value {
    let settings = serde_json::json!({
        "player_id": "p", "block_id": "b", "challenge_id": challenge_id, "algorithm_id": "a",
        "difficulty": difficulty,
    });
    let args = ["instance", &settings.to_string(), "rh", "3"];
    let output = run(&args);
    assert_eq!(output.status.code(), Some(0), "{challenge_id}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn instances_are_printed_with_the_hash_of_their_bytes() {
    for (challenge_id, difficulty, fields) in [
        ("c001", [5, 300], &["clauses"][..]),
        (
            "c002",
            [5, 100],
            &[
                "demands",
                "distance_matrix",
                "max_total_distance",
                "max_capacity",
            ],
        ),
        (
            "c003",
            [5, 10],
            &["weights", "values", "max_weight", "min_value"],
        ),
        (
            "c004",
            [2, 350],
            &["num_database", "dimensions", "max_distance"],
        ),
    ] {
        let printed = instance(challenge_id, &difficulty);
        let kind = ChallengeKind::from_id(challenge_id).unwrap();
        let seed: [u8; 32] = serde_json::from_value(printed["instance"]["seed"].clone()).unwrap();
        let bytes = Instance::generate(kind, &seed, &difficulty)
            .unwrap()
            .to_bytes();
        assert_eq!(
            printed["bincode_blake3"],
            blake3::hash(&bytes).to_hex().as_str()
        );
        assert_eq!(printed["bincode_len"], bytes.len());
        let names: Vec<&String> = printed["instance"].as_object().unwrap().keys().collect();
        assert_eq!(names[..2], ["seed", "difficulty"]);
        assert_eq!(names[2..], *fields, "{challenge_id}");
    }
}

#[test]
fn a_cache_folder_can_be_named() {
    let root = tempfile::tempdir().unwrap();
    let wasm = knapsack_module(root.path());
    let folder = root.path().join("modules");
    let compute = |cache: &Path| {
        let [wasm, cache] = [&wasm, cache].map(|path| path.to_str().unwrap());
        let args = ["compute_solution", KNAPSACK, "rh", "3", wasm];
        run(&[&args[..], &["--cache", cache]].concat())
    };
    let (first, second) = (compute(&folder), compute(&folder));
    assert_eq!(
        (first.status.code(), &first.stdout),
        (Some(0), &second.stdout)
    );
    // The key and one module.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    // A file is not a folder.
    let refused = compute(&folder.join("key"));
    assert_eq!(refused.status.code(), Some(1));
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert!(
        stderr.starts_with("Error: cannot use cache folder"),
        "{stderr}"
    );
}

#[test]
fn default_cache_that_is_unusable_is_noted() {
    let root = tempfile::tempdir().unwrap();
    let wasm = knapsack_module(root.path());
    let compute = |caches: &Path| {
        let mut worker = worker(&["compute_solution", KNAPSACK, "rh", "3"]);
        let output = worker.arg(&wasm).env("XDG_CACHE_HOME", caches).output();
        output.unwrap()
    };
    let usable = compute(&root.path().join("caches"));
    assert_eq!((usable.status.code(), &*usable.stderr), (Some(0), &b""[..]));
    // A file is not a folder.
    let noted = compute(&wasm);
    assert_eq!(
        (noted.status.code(), &noted.stdout),
        (Some(0), &usable.stdout)
    );
    let stderr = String::from_utf8(noted.stderr).unwrap();
    assert!(
        stderr.starts_with("machine code is not kept: cannot use cache folder "),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn module_without_an_end_is_too_large() {
    let output = run(&["compute_solution", KNAPSACK, "rh", "3", "/dev/zero"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        stderr,
        "Error: module /dev/zero is larger than 16777216 bytes\n"
    );
}

#[test]
fn measurement_that_nobody_reads_ends_quietly() {
    let root = tempfile::tempdir().unwrap();
    let wasm = knapsack_module(root.path());
    for options in [&[][..], &["--json"]] {
        let mut worker = worker(&["bench", KNAPSACK, "--seconds=1"]);
        // Only the end to write to is kept.
        let (_, closed) = std::io::pipe().unwrap();
        let worker = worker
            .arg(&wasm)
            .arg("--cache")
            .arg(root.path().join("modules"));
        let output = worker
            .args(options)
            .stdout(closed)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), &*stderr),
            (Some(0), ""),
            "{options:?}"
        );
    }
}

#[test]
fn an_algorithm_can_be_measured() {
    let root = tempfile::tempdir().unwrap();
    let wasm = knapsack_module(root.path());
    let measure =
        |options: &[&str]| run(&[&["bench", KNAPSACK, wasm.to_str().unwrap()], options].concat());
    let output = measure(&["--seconds", "1", "--workers", "2", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let value = |unit: &str| {
        let line = lines.iter().find(|line| line["unit"] == unit).unwrap();
        line["value"].as_f64().unwrap()
    };
    assert!(value("nonces/s") > 0.0);
    let batch = value("nonces");
    assert!(
        batch <= 30.0 * value("nonces/s") && batch.log2().fract() == 0.0,
        "{batch}"
    );
    let verdict = lines.last().unwrap();
    assert_eq!(verdict["name"], "fits the lifespan");
    assert_eq!(verdict["value"], true, "{verdict}");
    let short = [
        "--seconds",
        "1",
        "--lifespan-blocks",
        "20",
        "--batch-size",
        "8",
    ];
    let output = measure(&short);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().last().unwrap();
    assert!(
        last.starts_with("A batch of 8 nonces does not fit"),
        "{text}"
    );
    // What cannot be computed is said at once.
    assert_eq!(measure(&["--workers", "0"]).status.code(), Some(1));
    assert_eq!(measure(&["--seconds", "0"]).status.code(), Some(2));
    assert_eq!(measure(&["--block-seconds", "0"]).status.code(), Some(2));
}
