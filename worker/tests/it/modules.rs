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
