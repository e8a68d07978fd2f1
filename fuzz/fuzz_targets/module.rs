//! Modules of algorithms: compiled, rewritten and run, whatever they hold. An input is a module, its text, or bytes to draw one from.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../worker/tests/it/drawn.rs"]
mod drawn;
#[path = "../../worker/tests/it/promise.rs"]
mod promise;

fuzz_target!(|input: &[u8]| {
    match wat::parse_bytes(input) {
        Ok(wasm) => {
            promise::check(&wasm);
        }
        Err(_) => {
            promise::check(input);
            if let Some(wasm) = drawn::draw(input) {
                promise::check(&wasm);
            }
        }
    }
});
