//! Golden cases: where they are, how to run them, what of them can agree with another engine profile.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;
use tig_protocol::BatchResult;

/// Reads `vectors/<name>` of the repository.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors")).join(name);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[derive(Deserialize)]
struct Wasms {
    mini: Vec<Mini>,
}

#[derive(Deserialize)]
struct Mini {
    name: String,
    wasm_hex: String,
}

/// The bytes of a mini program, named `mini/<challenge>`.
pub(crate) fn mini(name: &str) -> Vec<u8> {
    let wasms: Wasms = read("wasms.json");
    let found = wasms.mini.iter().find(|mini| mini.name == name);
    hex::decode(&found.unwrap_or_else(|| panic!("no {name}")).wasm_hex).unwrap()
}

/// The folders that `$MINI` and `$CLI` stand for.
pub(crate) struct Folders(TempDir);

impl Folders {
    pub(crate) fn new(cli_files: &BTreeMap<String, String>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let wasms: Wasms = read("wasms.json");
        for mini in wasms.mini {
            let folder = root.path().join(&mini.name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(
                folder.join("mini.wasm"),
                hex::decode(mini.wasm_hex).unwrap(),
            )
            .unwrap();
        }
        fs::create_dir(root.path().join("cli")).unwrap();
        for (name, text) in cli_files {
            fs::write(root.path().join("cli").join(name), text).unwrap();
        }
        Self(root)
    }

    fn names(&self) -> [(&'static str, String); 2] {
        let path = |folder: &str| self.0.path().join(folder).to_str().unwrap().to_owned();
        [("$MINI", path("mini")), ("$CLI", path("cli"))]
    }

    /// Runs the real binary.
    pub(crate) fn run(&self, args: &[String]) -> Output {
        let place = |arg: &String| {
            self.names()
                .iter()
                .fold(arg.clone(), |arg, (name, path)| arg.replace(name, path))
        };
        Command::new(env!("CARGO_BIN_EXE_tig-worker"))
            .args(args.iter().map(place))
            .output()
            .unwrap()
    }

    /// Output with the names of the folders put back.
    pub(crate) fn text(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        self.names()
            .iter()
            .fold(text, |text, (name, path)| text.replace(path, name))
    }
}

/// Checks what two engine profiles agree on: all but fuel, signature, and the hashes that follow from them.
#[track_caller]
pub(crate) fn check_same_but_profile(id: &str, actual: &str, expected: &str) {
    assert_eq!(without_profile(actual), without_profile(expected), "{id}");
}

fn without_profile(line: &str) -> Value {
    let mut value: Value =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    if let Some(root) = value.get_mut("merkle_root") {
        *root = Value::Null;
    }
    if let Some(nonces) = value
        .get_mut("solution_nonces")
        .and_then(Value::as_array_mut)
    {
        nonces.sort_by_key(Value::as_u64);
    }
    match value.get_mut("merkle_proofs").and_then(Value::as_array_mut) {
        Some(proofs) => {
            proofs.sort_by_key(|proof| proof["leaf"]["nonce"].as_u64());
            for proof in proofs {
                proof["branch"] = proof["branch"].as_str().unwrap().len().into();
                clear_profile(&mut proof["leaf"]);
            }
        }
        None => clear_profile(&mut value),
    }
    value
}

fn clear_profile(output: &mut Value) {
    for key in ["fuel_consumed", "runtime_signature"] {
        if let Some(value) = output.get_mut(key) {
            assert!(value.is_u64(), "{key}: {value}");
            *value = Value::Null;
        }
    }
}

/// Checks that every proof of a printed batch climbs to the printed root.
#[track_caller]
pub(crate) fn check_proofs(id: &str, line: &str, start_nonce: u64) {
    let result: BatchResult = serde_json::from_str(line).unwrap();
    for proof in result.merkle_proofs {
        let root = proof
            .branch
            .root(proof.leaf.leaf_hash(), proof.leaf.nonce - start_nonce)
            .unwrap();
        assert_eq!(
            root, result.merkle_root,
            "{id}: proof of nonce {}",
            proof.leaf.nonce
        );
    }
}
