//! `instances_<challenge>.json`: seed and difficulty give the bytes of an instance.

use serde_json::{Value, json};
use tig_challenges::{ChallengeKind, Instance, knapsack, satisfiability};

use crate::vectors::{self, Report, equal, field};

fn instances(file: &Value) -> Report {
    let challenge = file["challenge"].as_str();
    let kind = ChallengeKind::ALL
        .into_iter()
        .find(|kind| Some(kind.name()) == challenge);
    Report::of(file, "cases", |case| {
        check(kind.ok_or("unknown challenge")?, case)
    })
}

fn check(kind: ChallengeKind, case: &Value) -> Result<(), String> {
    let seed = seed(&field::<String>(case, "seed_hex")?)?;
    let difficulty: Vec<i32> = field(case, "difficulty")?;
    let expected = &case["result"];
    match (
        expected["status"].as_str(),
        Instance::generate(kind, &seed, &difficulty),
    ) {
        (Some("ok"), Ok(instance)) => check_instance(case, &instance),
        (Some("ok"), Err(error)) => Err(format!("error `{error}`")),
        (_, Ok(_)) => Err(format!("generated, expected {expected}")),
        (_, Err(_)) => Ok(()),
    }
}

fn check_instance(case: &Value, instance: &Instance) -> Result<(), String> {
    let expected = &case["result"];
    let bytes = instance.to_bytes();
    match instance {
        Instance::Satisfiability(instance) => check_clauses(&expected["parts"], instance)?,
        Instance::Knapsack(instance) => check_items(&expected["parts"], instance)?,
    }
    equal("length", &expected["bincode_len"], bytes.len())?;
    equal(
        "hash",
        &expected["bincode_blake3"],
        blake3::hash(&bytes).to_string(),
    )?;
    match expected.get("bincode_hex") {
        Some(expected) => equal("bytes", expected, hex::encode(&bytes)),
        None => Ok(()),
    }
}

fn check_clauses(parts: &Value, instance: &satisfiability::Instance) -> Result<(), String> {
    equal(
        "number of clauses",
        &parts["num_clauses"],
        instance.clauses.len(),
    )?;
    equal(
        "first clause",
        &parts["first_clause"],
        instance.clauses.first(),
    )?;
    equal(
        "last clause",
        &parts["last_clause"],
        instance.clauses.last(),
    )
}

fn check_items(parts: &Value, instance: &knapsack::Instance) -> Result<(), String> {
    let first = |list: &[u32]| json!(list.iter().take(8).collect::<Vec<_>>());
    equal(
        "first weights",
        &parts["first_weights"],
        first(&instance.weights),
    )?;
    equal(
        "first values",
        &parts["first_values"],
        first(&instance.values),
    )?;
    equal("max_weight", &parts["max_weight"], instance.max_weight)?;
    equal("min_value", &parts["min_value"], instance.min_value)
}

fn seed(text: &str) -> Result<[u8; 32], String> {
    let mut seed = [0; 32];
    hex::decode_to_slice(text, &mut seed).map_err(|error| error.to_string())?;
    Ok(seed)
}

#[test]
fn satisfiability_instances_are_those_of_the_original() {
    instances(&vectors::read("instances_satisfiability.json")).assert_conforms();
}

#[test]
fn knapsack_instances_are_those_of_the_original() {
    instances(&vectors::read("instances_knapsack.json")).assert_conforms();
}
