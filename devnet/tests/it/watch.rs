//! Algorithms that are put into the folder while the network runs.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tig_challenges::ChallengeKind::{Knapsack, Satisfiability};
use tig_devnet::{Api, Devnet, Faults, FolderWatch, Request};

use crate::support::{self, mini_wasm};

struct Watched {
    devnet: Devnet,
    folder: tempfile::TempDir,
    watch: FolderWatch,
}

impl Watched {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("knapsack")).unwrap();
        let api = Api::new(support::network(7), support::keys());
        Self {
            devnet: Devnet::new(api, Faults::none()),
            watch: FolderWatch::new(folder.path()),
            folder,
        }
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn look(&mut self, times: u32) {
        for _ in 0..times {
            self.watch.look(&self.devnet);
        }
    }

    /// Names of the knapsack algorithms that the network lists at its latest block.
    fn names(&self) -> Vec<String> {
        let response = |path: &str| {
            let response = self.devnet.answer(&Request::get(path)).response.unwrap();
            serde_json::from_slice::<Value>(&response.body).unwrap()
        };
        let block_id = response("/get-block")["block"]["id"].clone();
        let path = format!("/get-algorithms?block_id={}", block_id.as_str().unwrap());
        response(&path)["algorithms"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|algorithm| algorithm["details"]["challenge_id"] == Knapsack.id())
            .map(|algorithm| algorithm["details"]["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[test]
fn a_settled_file_joins_at_the_next_block() {
    let mut watched = Watched::new();
    let wasm = mini_wasm(Knapsack);
    watched.look(1);
    watched.write("knapsack/late.wasm", &wasm[..wasm.len() / 2]);
    watched.look(1);
    watched.write("knapsack/late.wasm", &wasm);
    watched.look(1);
    watched.devnet.produce_block();
    assert_eq!(watched.names(), ["mini"], "it has only just changed");
    watched.look(1);
    assert_eq!(watched.names(), ["mini"], "the next block activates it");
    watched.devnet.produce_block();
    assert_eq!(watched.names(), ["mini", "late"]);
    watched.look(3);
    watched.devnet.produce_block();
    assert_eq!(watched.names(), ["mini", "late"]);
}

#[test]
fn an_unfinished_file_joins_when_it_is_whole() {
    let mut watched = Watched::new();
    let wasm = mini_wasm(Knapsack);
    watched.write("knapsack/late.wasm", &wasm[..wasm.len() / 2]);
    watched.look(3);
    watched.devnet.produce_block();
    assert_eq!(watched.names(), ["mini"]);
    watched.write("knapsack/late.wasm", &wasm);
    watched.look(2);
    watched.devnet.produce_block();
    assert_eq!(watched.names(), ["mini", "late"]);
}

#[test]
fn invalid_algorithm_files_are_skipped() {
    let mut watched = Watched::new();
    watched.write("knapsack/no_wasm.wasm", b"nothing");
    watched.write("knapsack/wrong name.wasm", &mini_wasm(Knapsack));
    watched.write("knapsack/.hidden.wasm", &mini_wasm(Knapsack));
    watched.write("knapsack/notes.txt", b"");
    watched.write("knapsak/typo.wasm", &mini_wasm(Knapsack));
    // The name of one that is published.
    watched.write("knapsack/mini.wasm", &mini_wasm(Satisfiability));
    watched.write("knapsack/good.wasm", &mini_wasm(Knapsack));
    watched.look(3);
    watched.devnet.produce_block();
    assert_eq!(watched.names(), ["mini", "good"]);
    let path = "/devnet/wasm/c003_a001.wasm";
    let module = watched.devnet.answer(&Request::get(path)).response.unwrap();
    assert_eq!(module.body, mini_wasm(Knapsack));

    fs::remove_dir_all(watched.folder.path()).unwrap();
    watched.look(2);
    watched.devnet.produce_block();
    assert_eq!(watched.names(), ["mini", "good"]);
}
