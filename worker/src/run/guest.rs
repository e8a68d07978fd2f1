//! One run of an algorithm on one instance: a fresh store, `init`, `entry_point`, the raw result.
//!
//! Invariant: whatever the guest does ends in a [`Run`]; an error means that the host failed and the nonce has no
//! result at all. Every address and length the guest hands out is checked against its memory before it is used.

use wasmtime::{Global, Instance, InstancePre, Memory, Store, Trap, Val};

use crate::error::HostFailure;
use crate::instrument::{FUEL_EXPORT, OUT_OF_FUEL, START_EXPORT, STATE_AT_START, STATE_EXPORT};
use crate::limits::{HostOutOfMemory, LimitReached, Limits, Sandbox};
use crate::module::Algorithm;

/// Bytes of the compressed result. Solutions of the known challenges take a few kilobytes.
pub(crate) const RESULT_BYTES_MAX: usize = 4 << 20;
/// The result block begins with its length, a little-endian u32.
const LENGTH_BYTES: usize = 4;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// `entry_point` returned a readable result block with these bytes; none means no solution.
    Returned(Vec<u8>),
    OutOfFuel,
    OutOfMemory,
    Trapped(Trap),
    /// A pointer or length of the guest does not lie in its memory.
    BadPointer(String),
}

/// A run and what it cost.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) fuel_consumed: u64,
    /// The state of the instrumentation.
    pub(crate) state: u64,
    pub(crate) end: End,
}

/// Runs the algorithm on an instance.
pub(crate) fn run(
    algorithm: &Algorithm,
    instance: &tig_challenges::Instance,
    limits: &Limits,
) -> Result<Run, HostFailure> {
    let code = &algorithm.code;
    if let Some(checked) = code.checked() {
        let (run, _) = run_code(checked, instance, limits)?;
        // Its stack is smaller than the one that counts.
        if run.end != End::Trapped(Trap::StackOverflow) {
            return Ok(run);
        }
    }
    let (run, growths) = run_code(code.guarded(), instance, limits)?;
    code.count(growths, run.fuel_consumed);
    Ok(run)
}

/// A run, and how often its memory grew.
pub(super) fn run_code(
    code: &InstancePre<Sandbox>,
    instance: &tig_challenges::Instance,
    limits: &Limits,
) -> Result<(Run, u64), HostFailure> {
    let mut store = Store::new(code.module().engine(), Sandbox::new(limits));
    store.limiter(|sandbox| sandbox);
    // Nobody lives to see 2^63 units consumed, so a larger bound may be that one.
    let granted = i64::try_from(limits.max_fuel).unwrap_or(i64::MAX);
    let (end, state, left) = match code.instantiate(&mut store) {
        Ok(guest) => run_guest(&mut store, guest, instance, granted)?,
        Err(error) => (Err(error), STATE_AT_START, granted),
    };
    let end = match left {
        OUT_OF_FUEL => End::OutOfFuel,
        _ => end.or_else(classify)?,
    };
    let fuel_consumed = match end {
        // Where the stack ends depends on the size of machine code frames, so a partial count would not be portable.
        End::OutOfFuel | End::Trapped(Trap::StackOverflow) => limits.max_fuel,
        // What is paid between two checks may be more than there was.
        End::Returned(_) | End::OutOfMemory | End::Trapped(_) | End::BadPointer(_) => {
            granted.abs_diff(left.max(0))
        }
    };
    let state = match end {
        End::Trapped(Trap::StackOverflow) => STATE_AT_START,
        _ => state,
    };
    let run = Run {
        fuel_consumed,
        state,
        end,
    };
    Ok((run, store.data().growths()))
}

/// How the guest ended, its state, and the fuel that it left.
fn run_guest(
    store: &mut Store<Sandbox>,
    guest: Instance,
    instance: &tig_challenges::Instance,
    granted: i64,
) -> Result<(wasmtime::Result<End>, u64, i64), HostFailure> {
    let fuel = global(store, guest, FUEL_EXPORT)?;
    fuel.set(&mut *store, Val::I64(granted))
        .map_err(host_failure)?;
    let (end, state) = match start(store, guest) {
        Ok(()) => {
            let end = execute(store, guest, instance);
            let state = global(store, guest, STATE_EXPORT)?;
            (end, number(store, state)?.cast_unsigned())
        }
        // It has seen nothing of the nonce, so there is nothing to tell.
        Err(error) => (Err(error), STATE_AT_START),
    };
    Ok((end, state, number(store, fuel)?))
}

fn start(store: &mut Store<Sandbox>, guest: Instance) -> wasmtime::Result<()> {
    match guest.get_func(&mut *store, START_EXPORT) {
        Some(start) => start.typed::<(), ()>(&*store)?.call(&mut *store, ()),
        None => Ok(()),
    }
}

fn execute(
    store: &mut Store<Sandbox>,
    guest: Instance,
    input: &tig_challenges::Instance,
) -> wasmtime::Result<End> {
    let num_bytes = input.num_bytes();
    let Ok(input_len) = i32::try_from(num_bytes) else {
        let text = format!("instance of {num_bytes} bytes");
        return Err(wasmtime::Error::new(HostFailure(text)));
    };
    let init = guest.get_typed_func::<i32, i32>(&mut *store, "init")?;
    let entry_point = guest.get_typed_func::<(i32, i32), i32>(&mut *store, "entry_point")?;
    let memory = memory(&guest, store)?;

    let pointer = init.call(&mut *store, input_len)?;
    let granted = memory.data_mut(&mut *store).get_mut(offset(pointer)..);
    let Some(bytes) = granted.and_then(|bytes| bytes.get_mut(..num_bytes)) else {
        let text = format!(
            "init returned {}, where {num_bytes} bytes do not fit",
            offset(pointer)
        );
        return Ok(End::BadPointer(text));
    };
    input.write_bytes(bytes);
    let result = entry_point.call(&mut *store, (pointer, input_len))?;
    Ok(read_result(memory.data(&*store), offset(result)))
}

fn memory(instance: &Instance, store: &mut Store<Sandbox>) -> wasmtime::Result<Memory> {
    // Checked when the module was compiled.
    instance
        .get_memory(store, "memory")
        .ok_or_else(|| wasmtime::Error::new(HostFailure("no export `memory`".to_owned())))
}

/// A global of the instrumentation.
fn global(
    store: &mut Store<Sandbox>,
    guest: Instance,
    name: &'static str,
) -> Result<Global, HostFailure> {
    guest
        .get_global(store, name)
        .ok_or_else(|| HostFailure(format!("no export `{name}`")))
}

fn number(store: &mut Store<Sandbox>, global: Global) -> Result<i64, HostFailure> {
    let value = global.get(store);
    value
        .i64()
        .ok_or_else(|| HostFailure(format!("a global of the instrumentation is {value:?}")))
}

/// Addresses are unsigned although WASM hands them over as i32.
fn offset(pointer: i32) -> usize {
    pointer.cast_unsigned() as usize
}

fn read_result(memory: &[u8], start: usize) -> End {
    let Some((length, rest)) = memory
        .get(start..)
        .and_then(<[u8]>::split_first_chunk::<LENGTH_BYTES>)
    else {
        return End::BadPointer(format!(
            "entry_point returned {start}, where no result block fits"
        ));
    };
    let length = u32::from_le_bytes(*length) as usize;
    if length > RESULT_BYTES_MAX {
        return End::BadPointer(format!(
            "result of {length} bytes is larger than {RESULT_BYTES_MAX}"
        ));
    }
    match rest.get(..length) {
        Some(bytes) => End::Returned(bytes.to_vec()),
        None => End::BadPointer(format!(
            "result of {length} bytes at {start} ends outside the memory"
        )),
    }
}

fn classify(error: wasmtime::Error) -> Result<End, HostFailure> {
    if error.downcast_ref::<LimitReached>().is_some() {
        return Ok(End::OutOfMemory);
    }
    if let Some(failure) = error.downcast_ref::<HostOutOfMemory>() {
        return Err(HostFailure(failure.to_string()));
    }
    match error.downcast_ref::<Trap>() {
        Some(trap) => Ok(End::Trapped(*trap)),
        None => Err(host_failure(error)),
    }
}

fn host_failure(error: wasmtime::Error) -> HostFailure {
    HostFailure(format!("{error:#}").replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::JobError;

    #[test]
    fn failure_of_the_engine_is_not_the_guests() {
        let error = wasmtime::Error::msg("mmap failed").context("no\ninstance");
        let error = JobError::from(classify(error).unwrap_err());
        assert!(matches!(error, JobError::Host(_)), "{error:?}");
        assert_eq!(
            error.to_string(),
            "cannot run the algorithm on this machine: no instance: mmap failed"
        );
        let trap = classify(Trap::MemoryOutOfBounds.into());
        assert_eq!(trap.unwrap(), End::Trapped(Trap::MemoryOutOfBounds));
    }
}
