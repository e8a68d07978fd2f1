//! Guests that misbehave, each in one way. None of them may crash the worker, stall it or read from it.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use tig_protocol::BenchmarkSettings;
use tig_worker::{Algorithm, BatchJob, Computed, Limits, Outcome, compute_batch, compute_nonce};

const LIMITS: Limits = Limits {
    max_fuel: 50_000_000,
    max_memory: 4 << 20,
};
pub(crate) const INIT: &str = r#"(func (export "init") (param i32) (result i32) i32.const 1024)"#;
/// Where [`answering`] puts the result block.
const RESULT_ADDRESS: usize = 8192;

pub(crate) fn settings() -> BenchmarkSettings {
    BenchmarkSettings {
        player_id: "p".to_owned(),
        block_id: "b".to_owned(),
        challenge_id: "c003".to_owned(),
        algorithm_id: "a".to_owned(),
        difficulty: vec![20, 0],
    }
}

/// A module with one page of memory, these fields and this body of `entry_point`.
pub(crate) fn module(fields: &str, entry_point: &str) -> Vec<u8> {
    let entry_point =
        format!(r#"(func (export "entry_point") (param i32 i32) (result i32) {entry_point})"#);
    wat::parse_str(format!(
        r#"(module (memory (export "memory") 1) {fields} {entry_point})"#
    ))
    .unwrap()
}

/// A module that returns these bytes as its result block.
fn answering(block: &[u8]) -> Vec<u8> {
    let escaped: String = block.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let data = format!(r#"(data (i32.const {RESULT_ADDRESS}) "{escaped}")"#);
    module(
        &format!("{INIT} {data}"),
        &format!("i32.const {RESULT_ADDRESS}"),
    )
}

/// A result block of the zlib stream of `text`.
fn block(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    let stream = encoder.finish().unwrap();
    [
        &u32::try_from(stream.len()).unwrap().to_le_bytes(),
        stream.as_slice(),
    ]
    .concat()
}

pub(crate) fn compute(wasm: &[u8]) -> Computed {
    compute_with(&Algorithm::compile(wasm).unwrap())
}

pub(crate) fn compute_with(algorithm: &Algorithm) -> Computed {
    compute_nonce(algorithm, &settings(), "rh", 3, &LIMITS).unwrap()
}

/// Checks outcome and text, that the leaf has no solution, and that the bytes do not depend on the workers.
#[track_caller]
fn check(wasm: &[u8], matches: impl Fn(&Outcome) -> bool, text: &str) -> Computed {
    let computed = compute(wasm);
    assert!(matches(&computed.outcome), "{:?}", computed.outcome);
    assert!(
        computed.outcome.to_string().contains(text),
        "{}",
        computed.outcome
    );
    assert!(computed.output.solution.is_empty());

    let algorithm = Algorithm::compile(wasm).unwrap();
    let sampled_nonces = vec![0, 3, 7];
    let rand_hash = "rh".to_owned();
    let job = BatchJob {
        settings: settings(),
        rand_hash,
        start_nonce: 0,
        num_nonces: 8,
        batch_size: 8,
        sampled_nonces,
    };
    let of = |workers| compute_batch(&algorithm, &job, &LIMITS, workers).unwrap();
    let alone = of(1);
    assert_eq!(alone.merkle_proofs[1].leaf, computed.output);
    assert!(alone.solution_nonces.is_empty());
    assert_eq!((&of(2), &of(7)), (&alone, &alone));
    computed
}

fn out_of_fuel(outcome: &Outcome) -> bool {
    *outcome == Outcome::OutOfFuel
}

fn out_of_memory(outcome: &Outcome) -> bool {
    *outcome == Outcome::OutOfMemory
}

fn trapped(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Trapped(_))
}

fn bad_result(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::BadResult(_))
}

#[test]
fn an_infinite_loop_ends_with_the_fuel() {
    let endless = "(loop $again br $again) i32.const 0";
    assert_eq!(
        check(&module(INIT, endless), out_of_fuel, "fuel")
            .output
            .fuel_consumed,
        LIMITS.max_fuel
    );
    let start = format!("{INIT} (func $start (loop $again br $again)) (start $start)");
    check(&module(&start, "i32.const 0"), out_of_fuel, "fuel");
    let init =
        r#"(func (export "init") (param i32) (result i32) (loop $again br $again) i32.const 0)"#;
    check(&module(init, "i32.const 0"), out_of_fuel, "fuel");
}

#[test]
fn work_on_many_bytes_costs_fuel_for_each() {
    let fill = "(loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) br $again) i32.const 0";
    check(&module(INIT, fill), out_of_fuel, "fuel");
    let once = compute(&module(
        INIT,
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) i32.const 0",
    ));
    assert!(once.output.fuel_consumed > 65536 / 64);
}

#[test]
fn memory_beyond_the_limit_stops_the_run() {
    check(
        &module(
            INIT,
            "(loop $again (drop (memory.grow (i32.const 1))) br $again) i32.const 0",
        ),
        out_of_memory,
        "limit",
    );
    // One page too many, and more than 32 bits can address.
    check(
        &module(INIT, "(drop (memory.grow (i32.const 64))) i32.const 0"),
        out_of_memory,
        "limit",
    );
    check(
        &module(INIT, "(drop (memory.grow (i32.const 65536))) i32.const 0"),
        out_of_memory,
        "limit",
    );
    let large = format!(
        r#"(module (memory (export "memory") 65) {INIT} (func (export "entry_point") (param i32 i32) (result i32) i32.const 0))"#
    );
    check(&wat::parse_str(large).unwrap(), out_of_memory, "limit");
    let table = format!("{INIT} (table $t 1 funcref)");
    let grow = "(drop (table.grow $t (ref.null func) (i32.const 2000000))) i32.const 0";
    check(&module(&table, grow), out_of_memory, "limit");
}

#[test]
fn memory_up_to_the_limit_is_granted() {
    assert_eq!(
        compute(&module(
            INIT,
            "(drop (memory.grow (i32.const 63))) i32.const 0"
        ))
        .outcome,
        Outcome::NoSolution
    );
}

#[test]
fn growth_beyond_the_own_maximum_stops_the_run() {
    let wat = format!(
        r#"(module (memory (export "memory") 1 2) {INIT} (func (export "entry_point") (param i32 i32) (result i32)
            (drop (memory.grow (i32.const 5))) i32.const 0))"#
    );
    check(&wat::parse_str(wat).unwrap(), out_of_memory, "limit");
}

#[test]
fn traps_are_outcomes_wherever_they_happen() {
    check(&module(INIT, "unreachable"), trapped, "unreachable");
    let init = r#"(func (export "init") (param i32) (result i32) unreachable)"#;
    check(&module(init, "i32.const 0"), trapped, "unreachable");
    check(
        &module(
            &format!("{INIT} (func $s unreachable) (start $s)"),
            "i32.const 0",
        ),
        trapped,
        "unreachable",
    );
    check(
        &module(INIT, "(i32.div_u (i32.const 1) (i32.const 0))"),
        trapped,
        "divide by zero",
    );
    check(
        &module(INIT, "(i32.load (i32.const -1))"),
        trapped,
        "out of bounds",
    );
    check(
        &module(
            &format!(r#"{INIT} (data (i32.const 65535) "ab")"#),
            "i32.const 0",
        ),
        trapped,
        "out of bounds",
    );
}

#[test]
fn a_stack_overflow_is_a_trap_that_costs_all_fuel() {
    let deep = format!(
        "{INIT} (func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))"
    );
    let computed = check(
        &module(&deep, "(call $deep (i32.const 0))"),
        trapped,
        "stack",
    );
    assert_eq!(computed.output.fuel_consumed, LIMITS.max_fuel);
}

#[test]
fn pointers_outside_the_memory_are_bad_results() {
    for pointer in ["65500", "65536", "-1", "-8", "2147483647", "-2147483648"] {
        let init =
            format!(r#"(func (export "init") (param i32) (result i32) i32.const {pointer})"#);
        check(&module(&init, "i32.const 0"), bad_result, "init returned");
    }
    for pointer in ["65533", "65536", "-1", "-4", "2147483647", "-2147483648"] {
        check(
            &module(INIT, &format!("i32.const {pointer}")),
            bad_result,
            "entry_point returned",
        );
    }
    // The last four bytes of the memory: a length of 0.
    assert_eq!(
        compute(&module(INIT, "i32.const 65532")).outcome,
        Outcome::NoSolution
    );
}

#[test]
fn a_result_beyond_memory_or_bound_is_bad() {
    check(
        &answering(&60_000u32.to_le_bytes()),
        bad_result,
        "ends outside the memory",
    );
    check(
        &answering(&(64u32 << 20).to_le_bytes()),
        bad_result,
        "larger than",
    );
    check(
        &answering(&u32::MAX.to_le_bytes()),
        bad_result,
        "larger than",
    );
}

#[test]
fn a_zlib_bomb_is_a_bad_result() {
    let bomb = block(&vec![b' '; 40 << 20]);
    assert!(bomb.len() < 50_000);
    check(&answering(&bomb), bad_result, "inflates to more than");
}

#[test]
fn bytes_that_are_no_object_are_bad_results() {
    check(
        &answering(b"\x04\0\0\0\xde\xad\xbe\xef"),
        bad_result,
        "not a zlib stream",
    );
    check(
        &answering(&block(b"{\"items\":")),
        bad_result,
        "not a JSON object",
    );
    check(
        &answering(&block(b"[1,2]")),
        bad_result,
        "not a JSON object",
    );
    check(&answering(&block(b"7")), bad_result, "not a JSON object");
    check(
        &answering(&block(b"{\"items\":[]} x")),
        bad_result,
        "not a JSON object",
    );
    check(
        &answering(&block(b"{\"\xff\":1}")),
        bad_result,
        "not a JSON object",
    );
    check(
        &answering(&block(&b"[".repeat(100_000))),
        bad_result,
        "not a JSON object",
    );
    let deep = format!("{{\"items\":{}", "[".repeat(100_000));
    check(
        &answering(&block(deep.as_bytes())),
        bad_result,
        "not a JSON object",
    );
}

#[test]
fn an_invalid_solution_stays_in_the_leaf() {
    let computed = compute(&answering(&block(b"{\"items\":[0]}")));
    assert!(
        matches!(computed.outcome, Outcome::Invalid(_)),
        "{:?}",
        computed.outcome
    );
    assert_eq!(
        serde_json::Value::Object(computed.output.solution),
        serde_json::json!({"items": [0]})
    );
    assert_eq!(
        compute(&answering(&block(b"{}"))).outcome,
        Outcome::NoSolution
    );
}

#[test]
fn signature_differs_by_result_and_module() {
    let one = compute(&answering(&block(b"{\"items\":[0]}"))).output;
    let other = compute(&answering(&block(b"{\"items\":[1]}"))).output;
    assert_eq!(one.fuel_consumed, other.fuel_consumed);
    assert_ne!(one.runtime_signature, other.runtime_signature);
}
