//! Modules that are no algorithms: refused when they are compiled, before any nonce.

use tig_worker::Algorithm;

use crate::guests::INIT;

#[track_caller]
fn check_refused(wasm: &[u8], text: &str) {
    let error = Algorithm::compile(wasm)
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(error.contains(text), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn modules_that_cannot_run_are_refused_at_once() {
    check_refused(b"", "not valid");
    check_refused(b"no wasm at all", "not valid");
    check_refused(b"\0asm\x02\0\0\0", "not valid");
    check_refused(b"(module)", "not valid");
    check_refused(&vec![0; tig_worker::WASM_BYTES_MAX + 1], "larger than");

    let entry_point = r#"(func (export "entry_point") (param i32 i32) (result i32) i32.const 0)"#;
    let memory = r#"(memory (export "memory") 1)"#;
    let refused = |fields: &str, text: &str| {
        check_refused(&wat::parse_str(format!("(module {fields})")).unwrap(), text);
    };
    refused(
        &format!(r#"(import "env" "clock" (func)) {memory} {INIT} {entry_point}"#),
        "imports `env.clock`",
    );
    refused(
        &format!(r#"(import "env" "memory" (memory 1)) {INIT} {entry_point}"#),
        "imports `env.memory`",
    );
    refused(
        &format!("(memory 1) {INIT} {entry_point}"),
        "a memory `memory`",
    );
    refused(&format!("{memory} {entry_point}"), "a function `init`");
    refused(&format!("{memory} {INIT}"), "a function `entry_point`");
    refused(
        &format!(
            r#"{memory} {INIT} (func (export "entry_point") (param i32) (result i32) i32.const 0)"#
        ),
        "`entry_point`",
    );
    refused(
        &format!(r#"{memory} {INIT} (global (export "entry_point") i32 i32.const 0)"#),
        "`entry_point`",
    );
    refused(
        &format!("(memory 1) {memory} {INIT} {entry_point}"),
        "not valid",
    );
    refused(
        &format!(r#"(memory (export "memory") i64 1) {INIT} {entry_point}"#),
        "not valid",
    );
    refused(
        &format!(r#"(memory (export "memory") 1 1 shared) {INIT} {entry_point}"#),
        "not valid",
    );
    refused(
        &format!("{memory} {INIT} {entry_point} (func (result v128) (v128.const i64x2 0 0))"),
        "not valid",
    );
    refused(
        &format!("{memory} {INIT} {entry_point} (table 2000000 funcref)"),
        "tables",
    );
}
