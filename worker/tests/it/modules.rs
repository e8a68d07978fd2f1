//! Modules that cannot be algorithms: rejected when they are compiled, before any nonce.

use tig_worker::{Algorithm, BadModule, WASM_BYTES_MAX};

use crate::guests::INIT;

#[track_caller]
fn check_refused(wasm: &[u8], is_expected: impl Fn(&BadModule) -> bool) {
    let error = Algorithm::compile(wasm).map(|_| ()).unwrap_err();
    assert!(is_expected(&error), "{error:?}");
    assert!(!error.to_string().contains('\n'), "{error}");
}

fn is_invalid(error: &BadModule) -> bool {
    matches!(error, BadModule::Invalid(_))
}

fn lacks(export: &str) -> impl Fn(&BadModule) -> bool {
    move |error| matches!(error, BadModule::Export(text) if text.contains(export))
}

fn imports(wanted: &str) -> impl Fn(&BadModule) -> bool {
    move |error| matches!(error, BadModule::Import { module, name } if format!("{module}.{name}") == wanted)
}

fn wat(fields: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {fields})")).unwrap()
}

const MEMORY: &str = r#"(memory (export "memory") 1)"#;
const ENTRY_POINT: &str =
    r#"(func (export "entry_point") (param i32 i32) (result i32) i32.const 0)"#;

#[test]
fn bytes_that_are_not_a_module_are_refused() {
    for wasm in [&b""[..], b"no wasm at all", b"\0asm\x02\0\0\0", b"(module)"] {
        check_refused(wasm, is_invalid);
    }
    let actual = WASM_BYTES_MAX + 1;
    check_refused(
        &vec![0; actual],
        |error| matches!(error, BadModule::TooLarge { actual: bytes } if *bytes == actual),
    );
}

#[test]
fn modules_without_the_guest_abi_are_refused() {
    let clock = format!(r#"(import "env" "clock" (func)) {MEMORY} {INIT} {ENTRY_POINT}"#);
    check_refused(&wat(&clock), imports("env.clock"));
    let memory = format!(r#"(import "env" "memory" (memory 1)) {INIT} {ENTRY_POINT}"#);
    check_refused(&wat(&memory), imports("env.memory"));
    let hidden = format!("(memory 1) {INIT} {ENTRY_POINT}");
    check_refused(&wat(&hidden), lacks("a memory `memory`"));
    let no_init = format!("{MEMORY} {ENTRY_POINT}");
    check_refused(&wat(&no_init), lacks("a function `init`"));
    for entry_point in [
        "",
        r#"(func (export "entry_point") (param i32) (result i32) i32.const 0)"#,
        r#"(global (export "entry_point") i32 i32.const 0)"#,
    ] {
        let module = format!("{MEMORY} {INIT} {entry_point}");
        check_refused(&wat(&module), lacks("a function `entry_point`"));
    }
}

#[test]
fn modules_beyond_what_is_granted_are_refused() {
    for module in [
        format!("(memory 1) {MEMORY} {INIT} {ENTRY_POINT}"),
        format!(r#"(memory (export "memory") i64 1) {INIT} {ENTRY_POINT}"#),
        format!(r#"(memory (export "memory") 1 1 shared) {INIT} {ENTRY_POINT}"#),
        format!("{MEMORY} {INIT} {ENTRY_POINT} (func (result v128) (v128.const i64x2 0 0))"),
    ] {
        check_refused(&wat(&module), is_invalid);
    }
    let table = format!("{MEMORY} {INIT} {ENTRY_POINT} (table 2000000 funcref)");
    let tables = |error: &BadModule| {
        matches!(
            error,
            BadModule::Tables {
                tables: 1,
                elements: 2_000_000
            }
        )
    };
    check_refused(&wat(&table), tables);
}

/// Calls and branches that the fuel count does not follow: with them a run could go on for ever.
#[test]
fn typed_function_references_are_refused() {
    for fields in [
        "(type $t (func)) (elem declare func $f) (func $f (type $t) (return_call_ref $t (ref.func $f)))",
        "(type $t (func)) (elem declare func $f) (func $f (type $t) (loop (call_ref $t (ref.func $f)) (br 0)))",
        "(func (param funcref) (br_on_null 0 (local.get 0)) (drop))",
        "(type $t (func)) (table 1 (ref null $t))",
        "(type $t (sub (func)))",
        "(rec (type $t (func)))",
    ] {
        let module = format!("{MEMORY} {INIT} {ENTRY_POINT} {fields}");
        let wasm = wat(&module);
        assert!(wasmparser::validate(&wasm).is_ok(), "{fields}");
        check_refused(&wasm, is_invalid);
    }
}

/// Proposals of the earlier interpreter (tig-protocol.md section 22.2), and those that WASM has had longer.
#[test]
fn proposals_of_the_network_are_accepted() {
    for fields in [
        "(func (result i32 i64) (i32.const 1) (i64.const 2))",
        "(func (param i32) (result i32 i32) (local.get 0) (block (param i32) (result i32 i32) (i32.const 1)))",
        "(func (param f64) (result i64) (i64.trunc_sat_f64_s (local.get 0)))",
        "(func (param i32) (result i32) (i32.extend8_s (local.get 0)))",
        "(func (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)))",
        "(data $d \"data\") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 4)) (data.drop $d))",
        "(table $a 2 funcref) (table $b 2 funcref) (func (table.copy $a $b (i32.const 0) (i32.const 0) (i32.const 1)))",
        "(table $t 1 funcref) (func $f (table.set $t (i32.const 0) (ref.func $f))) (elem declare func $f)",
        "(table $t 1 funcref) (func (result i32) (ref.is_null (table.get $t (i32.const 0))))",
        "(func (param funcref funcref) (result funcref) (select (result funcref) (local.get 0) (local.get 1) (i32.const 0)))",
        "(func $f (return_call $f))",
        "(type $t (func)) (table 1 funcref) (func (return_call_indirect (type $t) (i32.const 0)))",
        "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
        "(global $g (export \"g\") (mut i64) (i64.const 1))",
    ] {
        let module = format!("{MEMORY} {INIT} {ENTRY_POINT} {fields}");
        let compiled = Algorithm::compile(&wat(&module)).map(|_| ());
        assert!(compiled.is_ok(), "{fields}: {compiled:?}");
    }
}
