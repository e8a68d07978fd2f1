//! Fuel, state and end of runs, as `tig-wasmtime-3` has had them since it was made (`pinned/runs.txt`).
//!
//! A line of the file is the case, the fuel that is granted, the fuel that was consumed, the state, and the end. A difference
//! is a new engine profile.

use super::test_guests::{algorithm, run_both};
use crate::limits::Limits;
use crate::module::Algorithm;

const GRANTED: [u64; 10] = [0, 1, 2, 3, 9, 40, 41, 300, 2000, 1_000_000];

const FIELDS: &str = r#"
    (type $binary (func (param i32 i32) (result i32)))
    (type $none (func))
    (table $t 8 64 funcref) (elem (i32.const 0) $add $tail $early $branch $deep)
    (elem $more func $add $early)
    (data $d "some data of a module")
    (global $g (mut i64) (i64.const 5))
    (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
    (func $tail (type $binary) (return_call $add (local.get 1) (i32.const 3)))
    (func $early (type $binary) (if (local.get 0) (then (return (i32.const 7)))) (i32.const 9))
    (func $branch (type $binary) (br_if 0 (i32.const 11) (local.get 0)) (drop) (br 0 (i32.const 13)))
    (func $table (param i32) (result i32)
        (block $two (result i32) (block $one (result i32)
            (br_table $one $two 2 $one (i32.const 70) (local.get 0)))
            (drop) (i32.const 200))
        (drop) (i32.const 300))
    (func $deep (param i32) (if (local.get 0) (then
        (i32.store (i32.const 4) (local.get 0))
        (call $deep (i32.sub (local.get 0) (i32.const 1))))))
    (func $sum (param i32) (result i32) (local $total i32)
        (loop $again (result i32)
            (local.set $total (i32.add (local.get $total) (local.get 0)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
            (local.get $total)))
    (func $pairs (param i32) (result i32)
        (i32.const 1) (i32.const 2)
        (loop $again (param i32 i32) (result i32)
            (i32.add)
            (i32.const 3)
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
            (i32.add)))
    (func $endless (loop $again (br $again)))"#;

const BODIES: [&str; 52] = [
    "",
    "nop nop unreachable",
    "(return (i32.const 8))",
    "(if (local.get 0) (then (return (i32.const 8)))) (call $endless)",
    "(drop (call $add (i32.const 1) (i32.const 2)))",
    "(drop (call $tail (i32.const 1) (i32.const 2)))",
    "(drop (call $early (i32.const 0) (i32.const 2))) (drop (call $early (i32.const 1) (i32.const 2)))",
    "(drop (call $branch (i32.const 0) (i32.const 2))) (drop (call $branch (i32.const 1) (i32.const 2)))",
    "(drop (call $table (i32.const 0))) (drop (call $table (i32.const 1)))",
    "(drop (call $table (i32.const 2))) (drop (call $table (i32.const 9)))",
    "(call $deep (i32.const 30))",
    "(drop (call $sum (i32.const 30)))",
    "(drop (call $pairs (i32.const 30)))",
    "(call $endless)",
    "(loop $again (br $again))",
    "(loop $again (call $deep (i32.const 3)) (br $again))",
    "(loop $out (loop $in (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $in (i32.rem_u (local.get $i) (i32.const 5)))) (br_if $out (i32.lt_u (local.get $i) (i32.const 40))))",
    "(loop $again (if (i32.and (local.get $i) (i32.const 1)) (then (i32.store (i32.const 0) (local.get $i)))
        (else (f64.store (i32.const 8) (f64.convert_i32_u (local.get $i)))))
        (global.set $g (i64.extend_i32_u (local.get $i)))
        (br_if $again (i32.ne (i32.const 20) (local.tee $i (i32.add (local.get $i) (i32.const 1))))))",
    "(drop (call_indirect (type $binary) (i32.const 1) (i32.const 2) (i32.const 1)))",
    "(drop (call_indirect (type $binary) (i32.const 1) (i32.const 2) (i32.const 4)))",
    "(drop (call_indirect (type $binary) (i32.const 1) (i32.const 2) (i32.const 7)))",
    "(drop (call_indirect (type $binary) (i32.const 1) (i32.const 2) (i32.const 70)))",
    "(memory.fill (i32.const 0) (i32.const 7) (i32.const 20000))",
    "(memory.fill (i32.const 0) (i32.const 7) (i32.load (local.get 0)))",
    "(memory.fill (i32.const 65530) (i32.const 7) (i32.const 2000))",
    "(memory.copy (i32.const 0) (i32.const 512) (i32.const 4096))",
    "(memory.copy (i32.const 0) (i32.const 512) (i32.load offset=4 (local.get 0)))",
    "(memory.init $d (i32.const 0) (i32.const 1) (i32.const 4))",
    "(memory.init $d (i32.const 0) (i32.const 1) (i32.const 400))",
    "(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))",
    "(table.fill $t (i32.const 1) (ref.null func) (i32.const 7))",
    "(table.fill $t (i32.const 1) (ref.null func) (i32.const 900))",
    "(table.copy (i32.const 1) (i32.const 0) (local.get $i))",
    "(table.init $t $more (i32.const 5) (i32.const 0) (i32.const 2)) (elem.drop $more)",
    "(drop (table.grow $t (ref.null func) (i32.const 40)))",
    "(drop (table.grow $t (ref.null func) (i32.const 400)))",
    "(drop (memory.grow (i32.const 0)))",
    "(drop (memory.grow (i32.const 1)))",
    "(loop $again (drop (memory.grow (i32.const 1))) (br_if $again (i32.ne (i32.const 3)
        (local.tee $i (i32.add (local.get $i) (i32.const 1))))))",
    "(drop (memory.grow (i32.const 400)))",
    "(drop (memory.grow (i32.const -1)))",
    "(drop (memory.grow (i32.sub (local.get $i) (i32.const 1))))",
    "(drop (call $sum (i32.const 3))) (drop (i32.load (i32.const 65533)))",
    "(drop (call $sum (i32.const 3))) (drop (i32.add (i32.load (i32.const 8)) (i32.load offset=4294967290 (local.get $i))))",
    "(drop (call $sum (i32.const 3))) (i64.store offset=4294967289 (local.get $i) (i64.const 1))",
    "(drop (call $sum (i32.const 3))) (i64.store offset=4294967288 (local.get $i) (i64.const 1))",
    "(drop (call $sum (i32.const 3))) (drop (i64.load16_s offset=4294967295 (local.get $i)))",
    "(drop (call $sum (i32.const 3))) (drop (i32.load8_u offset=4294967295 (local.get $i)))",
    "(drop (call $sum (i32.const 3))) (drop (i32.div_s (i32.const 1) (local.get $i)))",
    "(drop (call $sum (i32.const 3))) (drop (i32.trunc_f64_s (f64.const nan)))",
    "(if (i32.eqz (local.get 0)) (then unreachable) (else (loop $again (br_if $again (local.get $i)))))",
    "(block $a (block $b (br_table $a $b (i32.load (local.get 0)))) (i64.store (i32.const 8) (i64.const -1)))",
];

/// What a module does when it starts.
const STARTS: [&str; 5] = [
    "(call $deep (i32.const 20))",
    "unreachable",
    "(call $endless)",
    "(i64.store (i32.const 65530) (i64.const 1))",
    "(drop (memory.grow (i32.const 5)))",
];

fn module(memory: &str, fields: &str, body: &str) -> Algorithm {
    algorithm(memory, &format!("{FIELDS} {fields}"), body)
}

/// The lines of a case, for each amount of fuel; both forms of code agree.
fn lines(name: &str, algorithm: &Algorithm) -> Vec<String> {
    let line = |max_fuel| {
        let limits = Limits {
            max_fuel,
            max_memory: 4 << 20,
        };
        let run = run_both(algorithm, 7, &limits);
        format!(
            "{name}, {max_fuel}: {} {:016x} {:?}",
            run.fuel_consumed, run.state, run.end
        )
    };
    GRANTED.into_iter().map(line).collect()
}

#[test]
fn runs_are_those_of_the_profile() {
    let mut found = Vec::new();
    for (index, body) in BODIES.iter().enumerate() {
        found.extend(lines(&format!("body {index}"), &module("1", "", body)));
    }
    for (index, start) in STARTS.iter().enumerate() {
        let fields = format!("(func $start {start}) (start $start)");
        let algorithm = module("1", &fields, "(call $deep (i32.const 3))");
        found.extend(lines(&format!("start {index}"), &algorithm));
    }
    // Where no address can be: beyond the most pages of the memory.
    for offset in [131_068, 131_069] {
        let store = format!("(i32.store offset={offset} (local.get $i) (i32.const 1))");
        let algorithm = module("1 2", "", &format!("(call $deep (i32.const 3)) {store}"));
        found.extend(lines(&format!("offset {offset}"), &algorithm));
    }
    let pinned: Vec<&str> = include_str!("pinned/runs.txt").lines().collect();
    for (found, pinned) in found.iter().zip(&pinned) {
        assert_eq!(found, pinned);
    }
    assert_eq!(found.len(), pinned.len());
}
