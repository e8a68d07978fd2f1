//! `tig-worker instance`: an instance as JSON, and the hash of the bytes that an algorithm is given.
//!
//! Fields have the original's names. The vectors of a vector search, 100 MB, are left out.

use serde_json::{Value, json};
use tig_challenges::{Instance, knapsack, satisfiability, vector_search, vehicle_routing};
use tig_protocol::BenchmarkSettings;
use tig_worker::generate_instance;

use super::args;
use super::commands::{Failure, print_line, read_json};

pub(crate) fn run(args: &args::Instance) -> Result<(), Failure> {
    let settings: BenchmarkSettings = read_json(&args.settings, "settings")?;
    let instance =
        generate_instance(&settings, &args.rand_hash, args.nonce).map_err(Failure::error)?;
    let bytes = instance.to_bytes();
    let line = json!({
        "bincode_blake3": blake3::hash(&bytes).to_hex().as_str(),
        "bincode_len": bytes.len(),
        "instance": to_json(&instance),
    });
    print_line(&line.to_string())
}

fn to_json(instance: &Instance) -> Value {
    match instance {
        Instance::Satisfiability(instance) => satisfiability(instance),
        Instance::VehicleRouting(instance) => vehicle_routing(instance),
        Instance::Knapsack(instance) => knapsack(instance),
        Instance::VectorSearch(instance) => vector_search(instance),
    }
}

fn satisfiability(instance: &satisfiability::Instance) -> Value {
    json!({
        "seed": instance.seed,
        "difficulty": {
            "num_variables": instance.num_variables,
            "clauses_to_variables_percent": instance.clauses_to_variables_percent,
        },
        "clauses": instance.clauses,
    })
}

fn vehicle_routing(instance: &vehicle_routing::Instance) -> Value {
    let num_nodes = instance.demands.len();
    let rows: Vec<&[i32]> = instance.distances.chunks(num_nodes.max(1)).collect();
    json!({
        "seed": instance.seed,
        "difficulty": {
            "num_nodes": num_nodes,
            "better_than_baseline": instance.better_than_baseline,
        },
        "demands": instance.demands,
        "distance_matrix": rows,
        "max_total_distance": instance.max_total_distance,
        "max_capacity": instance.max_capacity,
    })
}

fn knapsack(instance: &knapsack::Instance) -> Value {
    json!({
        "seed": instance.seed,
        "difficulty": {
            "num_items": instance.weights.len(),
            "better_than_baseline": instance.better_than_baseline,
        },
        "weights": instance.weights,
        "values": instance.values,
        "max_weight": instance.max_weight,
        "min_value": instance.min_value,
    })
}

fn vector_search(instance: &vector_search::Instance) -> Value {
    json!({
        "seed": instance.seed,
        "difficulty": {
            "num_queries": instance.num_queries,
            "better_than_baseline": instance.better_than_baseline,
        },
        "num_database": vector_search::NUM_DATABASE,
        "dimensions": vector_search::DIMENSIONS,
        "max_distance": instance.max_distance(),
    })
}
