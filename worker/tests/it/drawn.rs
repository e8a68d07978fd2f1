//! Modules of algorithms, drawn from any bytes. The unit tests of `run` and the fuzz target `module` include this file.

/// A valid module with the exports of an algorithm, drawn from `bytes`; none if these are too few.
pub(crate) fn draw(bytes: &[u8]) -> Option<Vec<u8>> {
    let exports = wat::parse_str(
        r#"(module (memory (export "memory") 1)
            (func (export "init") (param i32) (result i32) unreachable)
            (func (export "entry_point") (param i32 i32) (result i32) unreachable))"#,
    );
    let config = wasm_smith::Config {
        exports: exports.ok(),
        max_imports: 0,
        max_memories: 0,
        max_memory32_bytes: 4 << 20,
        bulk_memory_enabled: true,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        shared_everything_threads_enabled: false,
        simd_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..wasm_smith::Config::default()
    };
    let mut bytes = arbitrary::Unstructured::new(bytes);
    let module = wasm_smith::Module::new(config, &mut bytes).ok()?;
    Some(module.to_bytes())
}
