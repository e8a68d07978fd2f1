//! Executions with different states, and executions with the same one.

use super::instrument;
use crate::error::BadModule;
use crate::limits::Limits;
use crate::run::guest::{self, End};
use crate::run::test_guests::{algorithm, instance};

/// The state after `entry_point` has done this on the instance of a seed.
fn state_with(seed: u8, fields: &str, body: &str, max_fuel: u64) -> (u64, End) {
    let algorithm = algorithm("1", fields, body);
    let limits = Limits {
        max_fuel,
        ..Limits::default()
    };
    let run = guest::run(&algorithm, &instance(seed), &limits).expect("the host has room");
    (run.state, run.end)
}

fn state(fields: &str, body: &str) -> u64 {
    let (state, end) = state_with(1, fields, body, 1_000_000);
    assert_eq!(end, End::Returned(Vec::new()), "{body}");
    state
}

#[track_caller]
fn check_differ(fields: &str, bodies: &[&str]) {
    let mut states: Vec<u64> = bodies.iter().map(|body| state(fields, body)).collect();
    let again: Vec<u64> = bodies.iter().map(|body| state(fields, body)).collect();
    assert_eq!(states, again);
    states.sort_unstable();
    states.dedup();
    assert_eq!(states.len(), bodies.len());
}

#[test]
fn stored_values_matter() {
    let store = "(i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 0) (i32.const 2))";
    let swapped = "(i32.store (i32.const 0) (i32.const 2)) (i32.store (i32.const 0) (i32.const 1))";
    let same = "(i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 0) (i32.const 1))";
    check_differ("", &[store, swapped, same]);
    // Signs, which are the topmost bits.
    check_differ(
        "",
        &[
            "(f64.store (i32.const 0) (f64.const 1)) (f64.store (i32.const 0) (f64.const 2))",
            "(f64.store (i32.const 0) (f64.const -1)) (f64.store (i32.const 0) (f64.const -2))",
            "(f64.store (i32.const 0) (f64.const -1)) (f64.store (i32.const 0) (f64.const 2))",
        ],
    );
    check_differ(
        "(global $g (mut f32) (f32.const 0))",
        &[
            "(global.set $g (f32.const 1))",
            "(global.set $g (f32.const -1))",
        ],
    );
    let fill = "(memory.fill (i32.const 0) (i32.const 0) (i32.const 64))";
    check_differ("", &[fill, &fill.replace("64", "65")]);
}

/// Both ways of each branch, with nothing stored on either.
#[test]
fn ways_matter() {
    for (branch, ways) in [
        ("(if (i32.const N) (then nop))", 2),
        ("(if (i32.const N) (then nop) (else nop))", 2),
        ("(block (br_if 0 (i32.const N)))", 2),
        ("(block (block (block (br_table 0 1 2 (i32.const N)))))", 3),
        ("(call_indirect (i32.const N))", 2),
    ] {
        let bodies: Vec<String> = (0..ways)
            .map(|way| branch.replace('N', &way.to_string()))
            .collect();
        let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
        check_differ("(table funcref (elem $a $b)) (func $a) (func $b)", &bodies);
    }
}

/// One turn less is not the same, nor are the same turns in another order.
#[test]
fn turns_and_their_order_matter() {
    let turns = "(loop $again (br_if $again (i32.ne (local.tee $i
        (i32.add (local.get $i) (i32.const 1))) (i32.const N))))";
    // Whole rotations of the state more, too.
    let bodies = ["7", "8", "9", "71", "135", "263", "4103"].map(|count| turns.replace('N', count));
    check_differ("", &bodies.each_ref().map(String::as_str));
    let once = "(loop $again (if (i32.eq (local.get $i) (i32.const N)) (then nop))
        (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 300))))";
    let bodies = ["3", "4", "67", "131", "195", "259"].map(|turn| once.replace('N', turn));
    check_differ("", &bodies.each_ref().map(String::as_str));
    let alternate = "(loop $again
        (if (i32.and (i32.shr_u (i32.const N) (local.get $i)) (i32.const 1)) (then nop))
        (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))";
    let bodies = ["3", "5", "6", "12"].map(|ways| alternate.replace('N', ways));
    check_differ("", &bodies.each_ref().map(String::as_str));
}

/// A recursion that stores on its way back: the same places, many times, in code without loops.
#[test]
fn order_on_the_way_back_matters() {
    let fields = "(func $down (param i32) (if (local.get 0) (then
        (call $down (i32.sub (local.get 0) (i32.const 1)))
        (if (i32.and (i32.shr_u (i32.const N) (local.get 0)) (i32.const 1)) (then nop)))))";
    let states = ["6", "10", "12"]
        .map(|ways| state(&fields.replace('N', ways), "(call $down (i32.const 3))"));
    assert_ne!(states[0], states[1]);
    assert_ne!(states[1], states[2]);
}

#[test]
fn the_input_matters_as_soon_as_it_is_used() {
    let body = "(i64.store (i32.const 0) (i64.load (local.get 0)))";
    let of = |seed| state_with(seed, "", body, 1_000_000).0;
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn work_before_a_failure_is_in_the_state() {
    let body = "(local.set $i (i32.const N)) (loop $again
        (if (i32.eq (local.get $i) (i32.const 3)) (then unreachable))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $again))";
    let trapped = ["0", "1"].map(|start| state_with(1, "", &body.replace('N', start), 1000));
    assert!(matches!(trapped[0].1, End::Trapped(_)));
    assert_ne!(trapped[0].0, trapped[1].0);
    let starved = [1000, 1010].map(|fuel| state_with(1, "", "(loop $again br $again)", fuel));
    assert_eq!(starved[0].1, End::OutOfFuel);
    assert_ne!(starved[0].0, starved[1].0);
}

/// Modules that would be valid with more proposals, as they come from no validator of ours.
#[test]
fn operators_unknown_to_the_rewriting_are_refused() {
    for (fields, operator) in [
        (
            "(type $t (func)) (func $f (type $t) (return_call_ref $t (ref.func $f)))",
            "ReturnCallRef",
        ),
        (
            "(type $t (func)) (func $f (type $t) (call_ref $t (ref.func $f)))",
            "CallRef",
        ),
        (
            "(func (param funcref) (br_on_null 0 (local.get 0)) drop)",
            "BrOnNull",
        ),
        (
            "(func (param funcref) (br_on_non_null 0 (local.get 0)))",
            "BrOnNonNull",
        ),
        ("(tag $t) (func (throw $t))", "Throw"),
        ("(func (try_table))", "TryTable"),
    ] {
        let wasm = wat::parse_str(format!("(module {fields})")).expect("valid text");
        let refused = instrument(&wasm);
        let is_named = matches!(&refused, Err(BadModule::Invalid(text)) if text.contains(operator));
        assert!(is_named, "{operator}: {refused:?}");
    }
}
