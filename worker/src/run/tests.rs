//! Both forms of code (see `module::code`), on guests that go to the bounds of their memory and beyond.

use wasmtime::Trap;

use super::guest::{self, End, Run, run_code};
use super::test_guests::{self, instance, run_both};
use crate::limits::Limits;
use crate::module::Algorithm;

#[path = "../../tests/it/drawn.rs"]
mod drawn;

const LIMITS: Limits = Limits {
    max_fuel: 1_000_000,
    max_memory: 1 << 20,
};

fn algorithm(fields: &str, body: &str) -> Algorithm {
    test_guests::algorithm("1", fields, body)
}

#[track_caller]
fn check(algorithm: &Algorithm, seed: u8) -> Run {
    run_both(algorithm, seed, &LIMITS)
}

#[track_caller]
fn check_body(fields: &str, body: &str) -> End {
    // Something before, so that the state has seen something.
    let work =
        "(loop $again (i32.store (i32.const 0) (local.get $i)) (br_if $again (i32.ne (i32.const 9)
        (local.tee $i (i32.add (local.get $i) (i32.const 1))))))";
    check(&algorithm(fields, &format!("{work} {body}")), 1).end
}

#[test]
fn memory_ends_at_the_same_byte() {
    let out_of_bounds = End::Trapped(Trap::MemoryOutOfBounds);
    for (pages, grow) in [
        (1, ""),
        (3, "(drop (memory.grow (i32.const 2)))"),
        (
            3,
            "(drop (memory.grow (i32.const 1))) (drop (memory.grow (i32.const 1)))",
        ),
    ] {
        let end = pages * 65536;
        for (access, bytes) in [
            ("(drop (i32.load8_u A))", 1),
            ("(drop (i32.load A))", 4),
            ("(drop (f64.load A))", 8),
            ("(i32.store8 A (i32.const 7))", 1),
            ("(i64.store32 A (i64.const 7))", 4),
            ("(i64.store A (i64.const 7))", 8),
            ("(memory.fill A (i32.const 7) (i32.const 16))", 16),
            ("(memory.copy A (i32.const 0) (i32.const 16))", 16),
            ("(memory.copy (i32.const 0) A (i32.const 16))", 16),
        ] {
            for beyond in [
                0,
                1,
                bytes,
                bytes + 1,
                4096,
                65536,
                i64::from(u32::MAX) - end,
            ] {
                let address = end - bytes + beyond;
                let address = format!("(i32.const {})", (address as u32).cast_signed());
                let body = format!("{grow} {}", access.replace('A', &address));
                let is_inside = beyond == 0;
                let found = check_body("", &body);
                assert_eq!(found == out_of_bounds, !is_inside, "{body}: {found:?}");
            }
        }
        // Addresses that only their constant part takes beyond the end.
        for offset in [end - 4, end - 3, end, 1 << 31, i64::from(u32::MAX)] {
            for base in [0, 1, -1] {
                let body = format!("{grow} (drop (i32.load offset={offset} (i32.const {base})))");
                let found = check_body("", &body);
                let is_inside = base == 0 && offset == end - 4;
                assert_eq!(found == out_of_bounds, !is_inside, "{body}: {found:?}");
            }
        }
    }
}

#[test]
fn other_ends_are_the_same() {
    let table = "(type $t (func)) (table 4 funcref) (elem (i32.const 0) $f $g) (func $f) (func $g (param i32))
        (data $d \"data\") (func $deep (call $deep))";
    for body in [
        "unreachable",
        "(drop (i32.div_s (i32.const 1) (i32.sub (local.get $i) (i32.const 9))))",
        "(drop (i32.div_s (i32.const 0x80000000) (i32.sub (local.get $i) (i32.const 10))))",
        "(drop (i64.rem_u (i64.const 1) (i64.extend_i32_u (i32.sub (local.get $i) (i32.const 9)))))",
        "(drop (i32.trunc_f64_s (f64.const nan)))",
        "(drop (i32.trunc_f64_u (f64.const 1e300)))",
        "(call_indirect (type $t) (i32.const 0))",
        "(call_indirect (type $t) (i32.const 1))",
        "(call_indirect (type $t) (i32.const 2))",
        "(call_indirect (type $t) (i32.const 4))",
        "(memory.init $d (i32.const 65534) (i32.const 0) (i32.const 4))",
        "(memory.init $d (i32.const 0) (i32.const 1) (i32.const 4))",
        "(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 4))",
        "(table.fill (i32.const 1) (ref.null func) (i32.const 9))",
        "(drop (memory.grow (i32.const 16)))",
        "(drop (memory.grow (i32.const -1)))",
        "(i32.store (i32.const 8) (memory.grow (i32.const 2))) (i32.store (i32.const 12) (memory.size))",
        "(loop $again (br $again))",
        "(call $deep)",
    ] {
        check_body(table, body);
    }
}

/// A guest that grows its memory leaves a slot that is larger than the next guest's memory.
#[test]
fn slot_of_a_larger_guest_is_clean_and_out_of_reach() {
    let algorithm = algorithm(
        "",
        "(if (i64.eqz (i64.and (i64.const 1) (i64.popcnt (i64.load offset=64 (local.get 0)))))
        (then (drop (memory.grow (i32.const 4)))
            (i32.store (i32.const 0) (i32.load (i32.const 70000)))
            (i32.store (i32.const 0) (i32.load (i32.const 327676)))
            (memory.fill (i32.const 65536) (i32.const 255) (i32.const 262144)))
        (else (drop (i32.load (i32.const 70000)))))",
    );
    let ends = (0..32).map(|seed| check(&algorithm, seed).end);
    let larger = ends.filter(|end| *end == End::Returned(Vec::new())).count();
    assert!((1..32).contains(&larger), "{larger} of 32 grow");
}

/// Checked code has a smaller stack, and who needs more gets it.
#[test]
fn deep_recursion_is_the_same() {
    let algorithm = algorithm(
        "(func $down (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))))",
        "(call $down (i32.const 6000))",
    );
    let run = || guest::run(&algorithm, &instance(1), &LIMITS).unwrap();
    let guarded = run();
    assert_eq!(guarded.end, End::Returned(Vec::new()));
    algorithm.code.check();
    assert_eq!(run(), guarded);
    if let Some(checked) = algorithm.code.checked() {
        let (alone, _) = run_code(checked, &instance(1), &LIMITS).unwrap();
        assert_eq!(alone.end, End::Trapped(Trap::StackOverflow));
    }
}

#[test]
fn drawn_modules_run_the_same() {
    let mut bytes = blake3::Hasher::new().update(b"forms").finalize_xof();
    let mut runs = 0;
    for _ in 0..96 {
        let mut input = vec![0; 2048];
        bytes.fill(&mut input);
        let module = drawn::draw(&input).unwrap();
        if let Ok(algorithm) = Algorithm::compile(&module) {
            check(&algorithm, 1);
            runs += 1;
        }
    }
    assert!(runs > 64, "{runs} of 96 are algorithms");
}

#[test]
fn guests_that_grow_often_get_checked_code() {
    for (body, grows_often) in [("(drop (memory.grow (i32.const 1)))", true), ("", false)] {
        let algorithm = algorithm("", body);
        let run = || guest::run(&algorithm, &instance(1), &LIMITS).unwrap();
        let first = run();
        for _ in 0..1100 {
            assert_eq!(run(), first);
        }
        let is_checked = algorithm.code.checked().is_some();
        algorithm.code.check();
        let can_be_checked = algorithm.code.checked().is_some();
        assert_eq!(is_checked, grows_often && can_be_checked, "{body}");
    }
}
