//! What programs cost. That it is near to what they cost in the earlier interpreter is for the golden vectors to say.

use tig_worker::Outcome;

use crate::guests::{INIT, compute, module};

/// The fuel of a module whose `entry_point` does this and returns 8.
fn fuel(body: &str) -> u64 {
    let computed = compute(&module(INIT, &format!("{body} i32.const 8")));
    assert_eq!(computed.outcome, Outcome::NoSolution, "{body}");
    computed.output.fuel_consumed
}

#[test]
fn instrumentation_operators_keep_their_cost() {
    let idle = fuel("");
    let unary = |operator: &str| fuel(&format!("(drop ({operator}))")) - idle;
    for operator in ["sub", "add", "mul", "rotl", "shr_u"] {
        let value = "(i64.extend_i32_u (local.get 0))";
        assert_eq!(unary(&format!("i64.{operator} {value} (i64.const 2)")), 1);
    }
    assert_eq!(unary("i64.const 1"), 0);
}

/// The interpreter computes on constants while it translates.
#[test]
fn what_is_known_beforehand_is_free() {
    let idle = fuel("");
    let cost = |operators: &str| fuel(&format!("(drop {operators})")) - idle;
    assert_eq!(cost("(i32.add (i32.const 1) (i32.const 2))"), 0);
    assert_eq!(cost("(f64.sqrt (f64.mul (f64.const 2) (f64.const 2)))"), 0);
    assert_eq!(cost("(f32.reinterpret_i32 (local.get 0))"), 0);
    assert_eq!(
        cost("(select (local.get 0) (local.get 1) (i32.const 1))"),
        0
    );
    assert_eq!(
        cost("(select (local.get 0) (local.get 1) (local.get 0))"),
        1
    );
    assert_eq!(
        cost("(i32.add (local.get 0) (i32.mul (i32.const 1) (i32.const 2)))"),
        1
    );
    assert_eq!(
        cost("(i32.add (i32.const 1) (block (result i32) (i32.const 2)))"),
        1
    );
}

#[test]
fn stores_and_branches_are_charged_once() {
    let idle = fuel("");
    assert_eq!(fuel("(i32.store (i32.const 0) (i32.const 1))") - idle, 1);
    assert_eq!(fuel("(block (br_if 0 (local.get 0)))") - idle, 1);
    assert_eq!(fuel("(block (br_if 0 (i32.eqz (local.get 0))))") - idle, 1);
    // Ten turns of three units: addition, comparison with its branch, store.
    let turns = "(local $i i32) (loop $again
        (i32.store (i32.const 0) (i32.const 1))
        (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))";
    assert_eq!(fuel(turns) - idle, 30);
}

#[test]
fn work_on_many_bytes_is_charged_by_its_size() {
    let idle = fuel("");
    let fill = |bytes: u32| {
        fuel(&format!(
            "(memory.fill (i32.const 0) (i32.const 0) (i32.const {bytes}))"
        )) - idle
    };
    assert_eq!(fill(0), 1);
    assert_eq!(fill(255), 1);
    assert_eq!(fill(65536), 1 + 1024);
    assert_eq!(fuel("(drop (memory.grow (i32.const 2)))") - idle, 1 + 2048);
}

/// Operators that generate hardly any code are free, but a turn of a loop that has many of them is not.
#[test]
fn many_free_operators_cost_fuel() {
    let idle = fuel("");
    let swaps = "(local.set 0 (local.get 1))".repeat(6400);
    assert_eq!(fuel(&swaps) - idle, 100);
}
