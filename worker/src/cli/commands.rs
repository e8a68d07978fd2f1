//! The subcommands that compute and verify: read the inputs, call the library, print one line.

use std::env;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use serde::de::DeserializeOwned;
use tig_process::json_text::{self, JsonError};
use tig_process::output;
use tig_process::text_file::{self, TextError};
use tig_protocol::{BatchResult, BenchmarkSettings, Solution};
use tig_worker::{
    Algorithm, BatchJob, COMPILERS_MAX, Cache, CacheError, Limits, Outcome, VerifyError,
    WASM_BYTES_MAX, check_nonces, compute_batch, compute_nonce, start_compilers,
};

use super::args::{ComputeBatch, ComputeSolution, VerifySolution, Vm};

/// Settings and solutions have some thousand bytes.
const JSON_FILE_BYTES_MAX: u64 = 16 << 20;

/// Text for standard error; the process exits with 1. Unreadable inputs come without the prefix, as in the original.
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn error(text: impl Display) -> Self {
        Self(format!("Error: {text}"))
    }
}

pub(crate) fn compute_solution(args: &ComputeSolution) -> Result<(), Failure> {
    let settings: BenchmarkSettings = read_json(&args.settings, "settings")?;
    let algorithm = read_algorithm(&args.wasm, &args.vm)?;
    let computed = compute_nonce(
        &algorithm,
        &settings,
        &args.rand_hash,
        args.nonce,
        &limits(&args.vm),
    )
    .map_err(Failure::error)?;
    print_line(&computed.output.canonical())?;
    match computed.outcome {
        Outcome::Solved => Ok(()),
        Outcome::NoSolution => Err(Failure::error("No solution found")),
        Outcome::Invalid(reason) => Err(Failure::error(format!("Invalid solution: {reason}"))),
        Outcome::OutOfFuel | Outcome::OutOfMemory | Outcome::Trapped(_) | Outcome::BadResult(_) => {
            Err(Failure::error(format!(
                "Runtime error: {}",
                computed.outcome
            )))
        }
    }
}

pub(crate) fn verify_solution(args: &VerifySolution) -> Result<(), Failure> {
    let settings: BenchmarkSettings = read_json(&args.settings, "settings")?;
    let solution: Solution = read_json(&args.solution, "solution")?;
    tig_worker::verify_solution(&settings, &args.rand_hash, args.nonce, &solution).map_err(
        |error| match error {
            VerifyError::Instance(error) => Failure::error(error),
            VerifyError::Invalid(reason) => Failure::error(format!("Invalid solution: {reason}")),
        },
    )?;
    print_line("Solution is valid")
}

pub(crate) fn compute_batch_command(args: ComputeBatch) -> Result<(), Failure> {
    check_nonces(
        args.start_nonce,
        args.num_nonces,
        args.batch_size,
        &args.sampled_nonces,
    )
    .map_err(Failure::error)?;
    let settings = read_json(&args.settings, "settings")?;
    let algorithm = read_algorithm(&args.wasm, &args.vm)?;
    let job = BatchJob {
        settings,
        rand_hash: args.rand_hash,
        start_nonce: args.start_nonce,
        num_nonces: args.num_nonces,
        batch_size: args.batch_size,
        sampled_nonces: args.sampled_nonces,
    };
    let result =
        compute_batch(&algorithm, &job, &limits(&args.vm), args.workers).map_err(Failure::error)?;
    print_line(&batch_line(&result))
}

/// The original's order of keys, kept for readers that look at the text.
fn batch_line(result: &BatchResult) -> String {
    serde_json::json!({
        "merkle_proofs": result.merkle_proofs,
        "merkle_root": result.merkle_root,
        "solution_nonces": result.solution_nonces,
    })
    .to_string()
}

pub(crate) fn limits(vm: &Vm) -> Limits {
    Limits {
        max_fuel: vm.fuel,
        max_memory: vm.mem,
    }
}

/// An argument that ends in `.json` is a path, any other is the JSON text itself.
pub(crate) fn read_json<T: DeserializeOwned>(argument: &str, what: &str) -> Result<T, Failure> {
    let unparsed = || Failure(format!("Failed to parse {what}"));
    if !argument.ends_with(".json") {
        return serde_json::from_str(argument).map_err(|_| unparsed());
    }
    let unread = || format!("Failed to read {what} file: {argument}");
    let text = match text_file::read(Path::new(argument), JSON_FILE_BYTES_MAX) {
        Ok(text) => text,
        Err(TextError::Read(_)) => return Err(Failure(unread())),
        Err(error) => return Err(Failure(format!("{}: {error}", unread()))),
    };
    // The parser's own words stay out: earlier programs compare the text. What a person has slipped on is named.
    match json_text::check(&text) {
        Err(error @ (JsonError::Slip { .. } | JsonError::Duplicate(_))) => {
            Err(Failure(format!("{}: {error}", unparsed().0)))
        }
        _ => serde_json::from_str(&text).map_err(|_| unparsed()),
    }
}

pub(crate) fn read_algorithm(path: &str, vm: &Vm) -> Result<Algorithm, Failure> {
    let wasm = read_wasm(path).map_err(|_| Failure(format!("Failed to read wasm file: {path}")))?;
    // Said here, since the size of the whole is not known.
    if wasm.len() > WASM_BYTES_MAX {
        return Err(Failure::error(format!(
            "module {path} is larger than {WASM_BYTES_MAX} bytes"
        )));
    }
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    start_compilers(processors.min(COMPILERS_MAX)).map_err(Failure::error)?;
    let cache = match &vm.cache {
        Some(folder) => Some(Cache::open(folder).map_err(Failure::error)?),
        // The cache is not requested, so the worker runs without one if it cannot be made.
        None => default_cache().and_then(|folder| {
            // Each call compiles again, which a person would otherwise take for a slow algorithm.
            let note = |error: &CacheError| {
                output::note_line(&format!("machine code is not kept: {error}"));
            };
            Cache::open(&folder).inspect_err(note).ok()
        }),
    };
    match cache {
        Some(cache) => Algorithm::load(&wasm, &cache),
        None => Algorithm::compile(&wasm),
    }
    .map_err(Failure::error)
}

/// At most one byte more than a module may have, so that a device or a huge file does not fill the memory.
fn read_wasm(path: &str) -> io::Result<Vec<u8>> {
    let mut wasm = Vec::new();
    File::open(path)?
        .take(WASM_BYTES_MAX as u64 + 1)
        .read_to_end(&mut wasm)?;
    Ok(wasm)
}

/// `$XDG_CACHE_HOME/tig-worker`, or `~/.cache/tig-worker`.
fn default_cache() -> Option<PathBuf> {
    let folder = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(caches.join("tig-worker"))
}

pub(crate) fn print_line(line: &str) -> Result<(), Failure> {
    output::line(line);
    output::check().map_err(Failure::error)
}
