//! Guests of the unit tests, and their runs.

use tig_challenges::{ChallengeKind, Instance};

use super::guest::{Run, run_code};
use crate::limits::Limits;
use crate::module::Algorithm;

/// A guest with a memory and fields, whose `entry_point` does this and finds no solution.
pub(crate) fn algorithm(memory: &str, fields: &str, body: &str) -> Algorithm {
    let wasm = wat::parse_str(format!(
        r#"(module (memory (export "memory") {memory}) {fields}
        (func (export "init") (param i32) (result i32) i32.const 1024)
        (func (export "entry_point") (param i32 i32) (result i32) (local $i i32) {body} i32.const 8))"#
    ))
    .expect("the test's module is valid text");
    Algorithm::compile(&wasm).expect("the test's module is an algorithm")
}

pub(crate) fn instance(seed: u8) -> Instance {
    Instance::generate(ChallengeKind::Knapsack, &[seed; 32], &[20, 0])
        .expect("the difficulty has an instance")
}

/// The run of guarded code, which is that of checked code too; a machine with swap has no other.
#[track_caller]
pub(crate) fn run_both(algorithm: &Algorithm, seed: u8, limits: &Limits) -> Run {
    let instance = instance(seed);
    let run = |code| {
        let (run, _) = run_code(code, &instance, limits).expect("the host has room");
        run
    };
    let guarded = run(algorithm.code.guarded());
    if algorithm.code.checked().is_none() {
        algorithm.code.check();
    }
    if let Some(checked) = algorithm.code.checked() {
        assert_eq!(run(checked), guarded, "seed {seed}, {limits:?}");
    }
    guarded
}
