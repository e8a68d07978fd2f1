//! `instances_<challenge>.json`: seed and difficulty give the bytes of an instance.

use serde_json::{Value, json};
use tig_challenges::{
    ChallengeKind, Instance, knapsack, satisfiability, vector_search, vehicle_routing,
};

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
        Instance::VehicleRouting(instance) => check_nodes(&expected["parts"], instance)?,
        Instance::Knapsack(instance) => check_items(&expected["parts"], instance)?,
        Instance::VectorSearch(_) => check_vectors(expected, &bytes)?,
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

fn check_nodes(parts: &Value, instance: &vehicle_routing::Instance) -> Result<(), String> {
    let first = |list: &[i32]| json!(list.iter().take(8).collect::<Vec<_>>());
    let first_row = &instance.distances[..instance.num_nodes()];
    equal(
        "first demands",
        &parts["first_demands"],
        first(&instance.demands),
    )?;
    equal("first row", &parts["first_row"], first(first_row))?;
    equal(
        "max_total_distance",
        &parts["max_total_distance"],
        instance.max_total_distance,
    )?;
    equal(
        "max_capacity",
        &parts["max_capacity"],
        instance.max_capacity,
    )
}

fn check_vectors(expected: &Value, bytes: &[u8]) -> Result<(), String> {
    let parts = &expected["parts"];
    let view = vector_search::Instance::from_bytes(bytes).map_err(|error| error.to_string())?;
    let bits = |number: f32| format!("{:08x}", number.to_bits());
    let lists = [("database", view.database), ("query", view.queries)];
    for (name, vectors) in lists.into_iter().filter(|(_, vectors)| !vectors.is_empty()) {
        let first = vectors.iter().next().into_iter().flat_map(|v| v.iter());
        let last = vectors.iter().last().into_iter().flat_map(|v| v.iter());
        for (end, numbers) in [
            ("first", first.take(8).collect::<Vec<_>>()),
            (
                "last",
                last.skip(vector_search::DIMENSIONS - 8).collect::<Vec<_>>(),
            ),
        ] {
            let field = format!("{name}_{end}_f32_bits");
            let numbers: Vec<String> = numbers.into_iter().map(bits).collect();
            equal(&field, &parts[&field], numbers)?;
        }
    }
    let max_distance = &parts["max_distance_f32_bits"];
    equal("max_distance", max_distance, bits(view.max_distance))?;
    for (field, start) in [
        ("bincode_head_hex", 0),
        (
            "bincode_tail_hex",
            expected["bincode_tail_offset"].as_u64().unwrap_or(0),
        ),
    ] {
        if let Some(text) = expected[field].as_str() {
            let part = &bytes[start as usize..][..text.len() / 2];
            equal(field, &expected[field], hex::encode(part))?;
        }
    }
    Ok(())
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

#[test]
fn vehicle_routing_instances_are_those_of_the_original() {
    instances(&vectors::read("instances_vehicle_routing.json")).assert_conforms();
}

#[test]
fn vector_search_instances_are_those_of_the_original() {
    instances(&vectors::read("instances_vector_search.json")).assert_conforms();
}
