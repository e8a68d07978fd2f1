//! The machine code of an algorithm, in up to two forms.
//!
//! *Guarded* code does not look at addresses: behind the memory of a guest are pages that nobody can access. It is the
//! faster code, but the kernel changes the access to pages whenever a memory grows and once more when its slot is used
//! again, for one thread of a process at a time. *Checked* code compares each address with the size of the memory, and the
//! kernel has nothing to do. That is worth it for a guest that grows its memory often and computes little.
//!
//! An algorithm begins with guarded code. Its first runs show whether checked code would be faster, and pay for compiling it.
//!
//! Invariant: which code runs changes no result. Traps, fuel and state are the same; only frames may have another size, so
//! a guest for which the smaller stack of checked code is not enough is run again as guarded code (see `guest`).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::{Engine, InstancePre, Linker, Module};

use super::cache::Cache;
use super::engine::{checking_engine, engine};
use super::exports::check_exports;
use crate::error::BadModule;
use crate::limits::Sandbox;

/// Runs before the choice. By then small algorithms have computed about as long as compiling takes.
const RUNS_BEFORE_CHOICE: u64 = 1024;
/// Fuel for each growth of the memory, on average, below which checked code is faster. With an allocator that grows as it goes,
/// `random_flip` and `walk_sat` use 100,000 units and gain, `clarke_wright` uses 460,000 and would lose.
const FUEL_PER_GROWTH: u64 = 200_000;

/// Both forms, and what they are made of.
pub(crate) struct Code {
    guarded: InstancePre<Sandbox>,
    checked: OnceLock<InstancePre<Sandbox>>,
    instrumented: Vec<u8>,
    cache: Option<Cache>,
    runs: AtomicU64,
    growths: AtomicU64,
    fuel: AtomicU64,
}

impl Code {
    /// Compiles an instrumented module, or takes it from the cache.
    pub(crate) fn new(instrumented: Vec<u8>, cache: Option<&Cache>) -> Result<Self, BadModule> {
        let engine = engine().map_err(BadModule::Engine)?;
        Ok(Self {
            guarded: compile(engine, &instrumented, cache)?,
            checked: OnceLock::new(),
            instrumented,
            cache: cache.cloned(),
            runs: AtomicU64::new(0),
            growths: AtomicU64::new(0),
            fuel: AtomicU64::new(0),
        })
    }

    pub(crate) fn guarded(&self) -> &InstancePre<Sandbox> {
        &self.guarded
    }

    /// The faster code, if it is not the guarded one.
    pub(crate) fn checked(&self) -> Option<&InstancePre<Sandbox>> {
        self.checked.get()
    }

    /// Counts a run of guarded code, and makes checked code when enough of them have shown that it would be faster.
    pub(crate) fn count(&self, growths: u64, fuel: u64) {
        // All threads would go on writing to the counters.
        if self.runs.load(Ordering::Relaxed) >= RUNS_BEFORE_CHOICE {
            return;
        }
        let growths = self.growths.fetch_add(growths, Ordering::Relaxed) + growths;
        let fuel = self
            .fuel
            .fetch_add(fuel, Ordering::Relaxed)
            .saturating_add(fuel);
        // Of all threads, one is the last: it compiles, and the others go on.
        let is_last = self.runs.fetch_add(1, Ordering::Relaxed) + 1 == RUNS_BEFORE_CHOICE;
        if is_last && fuel < growths.saturating_mul(FUEL_PER_GROWTH) {
            self.check();
        }
    }

    /// Makes checked code. A machine that cannot have it goes on with what there is.
    pub(crate) fn check(&self) {
        let Some(engine) = checking_engine() else {
            return;
        };
        match compile(engine, &self.instrumented, self.cache.as_ref()) {
            Ok(checked) => {
                self.checked.get_or_init(|| checked);
            }
            Err(error) => tracing::debug!(%error, "cannot compile code with checks"),
        }
    }
}

fn compile(
    engine: &Engine,
    instrumented: &[u8],
    cache: Option<&Cache>,
) -> Result<InstancePre<Sandbox>, BadModule> {
    let compile = || {
        Module::from_binary(engine, instrumented)
            .map_err(|error| BadModule::Invalid(one_line(&error)))
    };
    let module = match cache {
        Some(cache) => cache.module(engine, instrumented, compile)?,
        None => compile()?,
    };
    check_exports(&module)?;
    Linker::new(engine)
        .instantiate_pre(&module)
        .map_err(|error| BadModule::Invalid(one_line(&error)))
}

fn one_line(error: &wasmtime::Error) -> String {
    let causes: Vec<String> = error
        .chain()
        .map(|cause| cause.to_string().replace('\n', " "))
        .collect();
    causes.join(": ")
}
