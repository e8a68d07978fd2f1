//! Measures the worker: every algorithm against an interpreter and against native code, and the costs around it.
//!
//! `cargo xtask bench worker [--json]` builds the algorithms and runs this.

mod algorithms;
mod around;
mod generation;
mod interpreter;
mod judge;
mod memory;
mod merkle;
mod speed;

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use tig_bench_report::{Report, Result, target_folder};

use crate::algorithms::{ALGORITHMS, Algorithm};

/// A module built by `cargo xtask wasm`.
struct Built {
    algorithm: &'static Algorithm,
    wasm: Vec<u8>,
}

fn main() -> ExitCode {
    if let Some(workers) = memory::asked_for() {
        return tig_bench_report::main(|_| memory::compute(workers?, &built()?));
    }
    tig_bench_report::main(measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let built = built()?;
    for built in &built {
        speed::measure(report, built)?;
    }
    around::measure(report, &built)?;
    memory::measure(report)?;
    generation::measure(report)?;
    merkle::measure(report)
}

/// The modules that are there.
fn built() -> Result<Vec<Built>> {
    let folder = target_folder()?.join("algorithms");
    let mut built = Vec::new();
    for algorithm in ALGORITHMS {
        let name = Path::new(algorithm.challenge.name()).join(algorithm.name);
        match fs::read(folder.join(name).with_extension("wasm")) {
            Ok(wasm) => built.push(Built { algorithm, wasm }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    match built.is_empty() {
        false => Ok(built),
        true => Err(format!("no modules in {}: run `cargo xtask wasm`", folder.display()).into()),
    }
}
