//! Following the execution of a module does not change what it does.

use tig_worker::Outcome;

use crate::guests::{INIT, compute, module};

/// A module whose `entry_point` does this and finds nothing.
fn idle_after(fields: &str, body: &str) -> Vec<u8> {
    module(&format!("{INIT} {fields}"), &format!("{body} i32.const 8"))
}

/// All ways to leave a function, to call and to return, with values on the stack all the while.
#[test]
fn results_stay_what_they_were() {
    let fields = r#"
        (type $binary (func (param i32 i32) (result i32)))
        (table funcref (elem $add $tail $early $branch))
        (global $g (mut i32) (i32.const 5))
        (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
        (func $tail (type $binary) (return_call $add (local.get 1) (i32.const 3)))
        (func $early (type $binary) (if (local.get 0) (then (return (i32.const 7)))) (i32.const 9))
        (func $branch (type $binary) (br_if 0 (i32.const 11) (local.get 0)) (drop) (i32.const 13))
        (func $table (param i32) (result i32)
            (block $two (block $one (block $zero
                (br_table $zero $one $two (local.get 0)))
                (return (i32.const 100))) (return (i32.const 200))) (i32.const 300))
        (func $pair (param i32) (result i32 i64) (local.get 0) (i64.const 40))
        (func $sum (param i32) (result i32) (local $total i32)
            (loop $again (result i32)
                (local.set $total (i32.add (local.get $total) (local.get 0)))
                (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
                (local.get $total)))"#;
    let call = |index: i32, one: i32, other: i32| {
        format!(
            "(call_indirect (type $binary) (i32.const {one}) (i32.const {other}) (i32.const {index}))"
        )
    };
    let expect = |expression: &str, expected: i32| {
        // Traps unless the value is the expected one.
        let body = format!("(if (i32.ne {expression} (i32.const {expected})) (then unreachable))");
        let computed = compute(&idle_after(fields, &body));
        assert_eq!(computed.outcome, Outcome::NoSolution, "{expression}");
    };
    expect(&call(0, 20, 22), 42);
    expect(&call(1, 20, 22), 25);
    expect(&call(2, 1, 0), 7);
    expect(&call(2, 0, 0), 9);
    expect(&call(3, 1, 0), 11);
    expect(&call(3, 0, 0), 13);
    expect("(call $table (i32.const 0))", 100);
    expect("(call $table (i32.const 1))", 200);
    expect("(call $table (i32.const 9))", 300);
    expect("(call $sum (i32.const 10))", 55);
    expect("(i32.add (call $pair (i32.const 2)) (i32.wrap_i64))", 42);
    expect(
        "(block (result i32) (global.set $g (i32.const 8)) (global.get $g))",
        8,
    );
    expect(
        "(i32.add (i32.const 1) (block (result i32) (memory.grow (i32.const 1))))",
        2,
    );
}

#[test]
fn a_guest_may_use_the_name_of_the_state() {
    let fields = r#"(global (export "state") (mut i64) (i64.const 1)) (func (export "other"))"#;
    assert_eq!(
        compute(&idle_after(fields, "")).outcome,
        Outcome::NoSolution
    );
}
