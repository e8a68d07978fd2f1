//! An algorithm: a WASM module checked and compiled once, run many times.
//!
//! Invariant: a compiled algorithm imports nothing and exports `memory`, `init` and `entry_point` with the types of
//! the guest ABI (tig-protocol.md section 22.1), so that the only thing left to fail is its execution.

use wasmtime::{
    Config, Engine, ExternType, FuncType, InstancePre, Linker, Module, OperatorCost, ValType,
    WasmBacktraceDetails,
};

use crate::limits::{Sandbox, TABLE_ELEMENTS_MAX, TABLES_MAX};

/// Bytes of a module. The largest published one is far below 1 MiB.
pub const WASM_BYTES_MAX: usize = 16 << 20;
/// Stack of the guest; the frames of the host come on top of it.
const GUEST_STACK_BYTES_MAX: usize = 512 << 10;
/// Fuel per page asked for: the host clears the 64 KiB.
const GROW_FUEL_PER_PAGE: u8 = u8::MAX;

/// Why a module is no algorithm. It would fail for every nonce, so it is an error of the whole batch.
#[derive(Debug, thiserror::Error)]
pub enum BadModule {
    /// More than [`WASM_BYTES_MAX`].
    #[error("module of {actual} bytes is larger than {WASM_BYTES_MAX}")]
    TooLarge {
        /// Bytes of the module.
        actual: usize,
    },
    /// Not valid WASM, or it uses a proposal that is switched off: SIMD, threads, 64-bit memory, several memories,
    /// `externref`.
    #[error("module is not valid: {0}")]
    Invalid(String),
    /// Algorithms run without any import.
    #[error("module imports `{module}.{name}`, but an algorithm is given no imports")]
    Import {
        /// Module of the import.
        module: String,
        /// Name of the import.
        name: String,
    },
    /// An export of the guest ABI is missing or of another type.
    #[error("module does not export {0}")]
    Export(&'static str),
    /// More or larger tables than any run may have.
    #[error(
        "module has {tables} tables of up to {elements} elements, at most {TABLES_MAX} of {TABLE_ELEMENTS_MAX} are granted"
    )]
    Tables {
        /// Tables of the module.
        tables: u32,
        /// Elements of the largest at the start.
        elements: u64,
    },
    /// The engine itself cannot be set up on this machine.
    #[error("cannot set up the WASM engine: {0}")]
    Engine(String),
}

/// A compiled algorithm. Cloning is cheap, and clones run on any number of threads.
#[derive(Clone)]
pub struct Algorithm {
    pub(crate) instance: InstancePre<Sandbox>,
    pub(crate) wasm_hash: [u8; 32],
}

impl std::fmt::Debug for Algorithm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Algorithm")
            .field("wasm_hash", &hex::encode(self.wasm_hash))
            .finish()
    }
}

impl Algorithm {
    /// Checks and compiles the binary format of a module.
    ///
    /// # Errors
    /// The module can never run as an algorithm. Compiling is not bounded by fuel, only by [`WASM_BYTES_MAX`].
    pub fn compile(wasm: &[u8]) -> Result<Self, BadModule> {
        if wasm.len() > WASM_BYTES_MAX {
            return Err(BadModule::TooLarge { actual: wasm.len() });
        }
        let engine = engine().map_err(|error| BadModule::Engine(one_line(&error)))?;
        let module = Module::from_binary(&engine, wasm)
            .map_err(|error| BadModule::Invalid(one_line(&error)))?;
        check_imports(&module)?;
        check_exports(&module)?;
        check_tables(&module)?;
        let instance = Linker::new(&engine)
            .instantiate_pre(&module)
            .map_err(|error| BadModule::Invalid(one_line(&error)))?;
        Ok(Self {
            instance,
            wasm_hash: blake3::hash(wasm).into(),
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.instance.module().engine()
    }
}

/// The engine's settings belong to the engine profile (see `fingerprint`): whatever changes what a guest computes or
/// what it costs makes another profile.
fn engine() -> wasmtime::Result<Engine> {
    let mut cost = OperatorCost::default();
    cost.variable.memory_grow_per_page = GROW_FUEL_PER_PAGE;
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .operator_cost(cost)
        .cranelift_nan_canonicalization(true)
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .wasm_tail_call(true)
        .max_wasm_stack(GUEST_STACK_BYTES_MAX)
        .concurrency_support(false)
        .wasm_backtrace_max_frames(None)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    Engine::new(&config)
}

fn check_imports(module: &Module) -> Result<(), BadModule> {
    match module.imports().next() {
        None => Ok(()),
        Some(import) => Err(BadModule::Import {
            module: import.module().to_owned(),
            name: import.name().to_owned(),
        }),
    }
}

fn check_exports(module: &Module) -> Result<(), BadModule> {
    let has = |name: &str, fits: &dyn Fn(&ExternType) -> bool| {
        module.get_export(name).is_some_and(|ty| fits(&ty))
    };
    if !has("memory", &|ty| matches!(ty, ExternType::Memory(_))) {
        return Err(BadModule::Export("a memory `memory`"));
    }
    if !has("init", &|ty| is_function(ty, 1)) {
        return Err(BadModule::Export("a function `init` of type (i32) -> i32"));
    }
    if !has("entry_point", &|ty| is_function(ty, 2)) {
        return Err(BadModule::Export(
            "a function `entry_point` of type (i32, i32) -> i32",
        ));
    }
    Ok(())
}

fn is_function(ty: &ExternType, num_params: usize) -> bool {
    let is_i32 = |value: ValType| matches!(value, ValType::I32);
    let fits = |function: &FuncType| {
        function.params().len() == num_params
            && function.params().all(is_i32)
            && function.results().len() == 1
            && function.results().all(is_i32)
    };
    matches!(ty, ExternType::Func(function) if fits(function))
}

fn check_tables(module: &Module) -> Result<(), BadModule> {
    let required = module.resources_required();
    let elements = required.max_initial_table_size.unwrap_or(0);
    if required.num_tables > TABLES_MAX || elements > TABLE_ELEMENTS_MAX {
        return Err(BadModule::Tables {
            tables: required.num_tables,
            elements,
        });
    }
    Ok(())
}

fn one_line(error: &wasmtime::Error) -> String {
    let causes: Vec<String> = error
        .chain()
        .map(|cause| cause.to_string().replace('\n', " "))
        .collect();
    causes.join(": ")
}
