//! The files of `vectors/horde`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub(crate) fn load<T: DeserializeOwned>(name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/horde");
    let text = fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The rows of one formula.
pub(crate) fn formula<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let formulas: BTreeMap<String, Box<RawValue>> = load("formula_vectors.json");
    serde_json::from_str(formulas[name].get()).unwrap()
}

/// The data of one step of the recorded run.
pub(crate) fn recorded<T: DeserializeOwned>(step: &str) -> T {
    let steps: Vec<(String, Box<RawValue>)> = load("weights_commit_reveal.json");
    let (_, data) = steps.iter().find(|(name, _)| name == step).unwrap();
    serde_json::from_str(data.get()).unwrap()
}

/// A number to its last bit, which `serde_json` alone does not read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exact(pub(crate) f64);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        text.get().parse().map(Self).map_err(D::Error::custom)
    }
}

pub(crate) fn exact_values(numbers: &[Exact]) -> Vec<f64> {
    numbers.iter().map(|Exact(number)| *number).collect()
}

pub(crate) fn exact_scores(scores: BTreeMap<String, Exact>) -> BTreeMap<String, f64> {
    let scores = scores.into_iter();
    scores.map(|(name, Exact(score))| (name, score)).collect()
}
