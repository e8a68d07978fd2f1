//! The guest side of the ABI between worker and algorithm (tig-protocol.md section 22.1).
//!
//! The worker calls `init(len)`, writes the serialised instance to the address it gets, and calls `entry_point(address,
//! len)`. The answer is the address of a result block: its length as little-endian u32, then the zlib stream of the
//! solution's canonical JSON; length 0 means no solution. A module lives for one instance, so nothing is freed.
#![expect(unsafe_code, reason = "the ABI hands buffers over as addresses")]

mod arena;

use std::io::Cursor;
use std::mem::ManuallyDrop;

use fdeflate::StoredOnlyCompressor;
use tig_challenges::{knapsack, satisfiability, vector_search, vehicle_routing};

pub use arena::Arena;

/// The bytes before the stream in a result block.
const LENGTH_BYTES: usize = 4;
/// Bytes of the memory that a module has for its first blocks. Small algorithms need no other. Not more, since a machine that
/// cannot tell which pages were written clears all of them after each run.
pub const ARENA_BYTES: usize = 512 << 10;

/// A solution as the JSON object the network knows.
pub trait ToJson {
    /// Canonical JSON: keys sorted, no spaces.
    fn to_json(&self) -> String;
}

impl ToJson for satisfiability::Solution {
    fn to_json(&self) -> String {
        let variables = self.variables.iter().map(|&truth| usize::from(truth));
        format!("{{\"variables\":{}}}", list(variables))
    }
}

impl ToJson for knapsack::Solution {
    fn to_json(&self) -> String {
        format!("{{\"items\":{}}}", list(self.items.iter().copied()))
    }
}

impl ToJson for vehicle_routing::Solution {
    fn to_json(&self) -> String {
        let routes = self.routes.iter().map(|route| list(route.iter().copied()));
        let routes: Vec<String> = routes.collect();
        format!("{{\"routes\":[{}]}}", routes.join(","))
    }
}

impl ToJson for vector_search::Solution {
    fn to_json(&self) -> String {
        format!("{{\"indexes\":{}}}", list(self.indexes.iter().copied()))
    }
}

fn list(numbers: impl Iterator<Item = usize>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

/// The result block of an answer.
pub fn result_block(solution: Option<&impl ToJson>) -> Vec<u8> {
    let stream = solution
        .and_then(|solution| zlib_stream(solution.to_json().as_bytes()))
        .unwrap_or_default();
    let mut block = Vec::with_capacity(LENGTH_BYTES + stream.len());
    block.extend((stream.len() as u32).to_le_bytes());
    block.extend(stream);
    block
}

/// A compressor would have to clear 300 KB of state for a text of a few hundred bytes, which takes longer than many an algorithm.
/// What counts is what the stream decompresses to (section 24).
fn zlib_stream(text: &[u8]) -> Option<Vec<u8>> {
    let mut stream = StoredOnlyCompressor::new(Cursor::new(Vec::new())).ok()?;
    stream.write_data(text).ok()?;
    Some(stream.finish().ok()?.into_inner())
}

/// `init`: a buffer of `len` bytes for the instance. The worker writes all of it, so it is not cleared before: that
/// would take longer than many an algorithm where an instance has 100 MB.
pub fn allocate(len: usize) -> *mut u8 {
    ManuallyDrop::new(Vec::with_capacity(len)).as_mut_ptr()
}

/// `entry_point`: solves the instance in the buffer and leaves the result block to the worker.
///
/// # Safety
/// `address` must come from [`allocate`] with the same `len`, all bytes of the buffer must have been written, and
/// nothing may write to it any more.
pub unsafe fn answer<S: ToJson>(
    address: *const u8,
    len: usize,
    solve: impl FnOnce(&[u8]) -> Option<S>,
) -> *const u8 {
    // SAFETY: `allocate` made the buffer of `len` bytes and leaked it, so it is valid for ever; the caller promises that
    // every byte was written and that none is written any more.
    let instance = unsafe { std::slice::from_raw_parts(address, len) };
    let solution = solve(instance);
    result_block(solution.as_ref()).leak().as_ptr()
}

/// Exports a `solve` function as the module's algorithm for a challenge of `tig_challenges`, with an [`Arena`] as the global
/// allocator. An algorithm that brings another allocator writes the two exports by itself, with [`allocate`] and [`answer`].
///
/// ```
/// tig_algorithms::export_algorithm!(satisfiability, tig_algorithms::walk_sat::solve);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_algorithm {
    ($challenge:ident, $solve:path) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[global_allocator]
            static ARENA: $crate::guest::Arena<{ $crate::guest::ARENA_BYTES }> =
                $crate::guest::Arena::new();
        };

        /// Makes room for the instance.
        #[unsafe(no_mangle)]
        pub extern "C" fn init(len: usize) -> *mut u8 {
            $crate::guest::allocate(len)
        }

        /// Solves the instance.
        ///
        /// # Safety
        /// Called once, with the address that `init` gave for this length, and with the whole buffer written.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn entry_point(address: *const u8, len: usize) -> *const u8 {
            let solve = |bytes: &[u8]| {
                let instance = $crate::challenges::$challenge::Instance::from_bytes(bytes).ok()?;
                $solve(&instance)
            };
            // SAFETY: the worker calls `init` first, fills the buffer and writes nothing after this call (section
            // 22.1).
            unsafe { $crate::guest::answer(address, len, solve) }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;

    use super::*;

    /// What the worker makes of a result block.
    fn read(address: *const u8) -> Option<String> {
        // SAFETY: a result block starts with its length.
        let length = unsafe { address.cast::<[u8; LENGTH_BYTES]>().read() };
        let length = u32::from_le_bytes(length) as usize;
        // SAFETY: the block is leaked, and the stream follows the length.
        let start = unsafe { address.add(LENGTH_BYTES) };
        // SAFETY: as above, `length` bytes long.
        let stream = unsafe { std::slice::from_raw_parts(start, length) };
        let mut text = String::new();
        (!stream.is_empty())
            .then(|| ZlibDecoder::new(stream).read_to_string(&mut text).unwrap())?;
        Some(text)
    }

    fn echo(solution: impl FnOnce(&[u8]) -> Option<knapsack::Solution>) -> Option<String> {
        let address = allocate(3);
        // SAFETY: the buffer is 3 bytes long.
        unsafe { address.copy_from([7, 8, 9].as_ptr(), 3) };
        // SAFETY: the buffer comes from `allocate`, and nobody writes to it any more.
        read(unsafe { answer(address, 3, solution) })
    }

    #[test]
    fn answer_is_zlib_stream_of_canonical_json() {
        let items = |bytes: &[u8]| {
            Some(knapsack::Solution {
                items: bytes.iter().map(|&byte| byte.into()).collect(),
            })
        };
        assert_eq!(echo(items).as_deref(), Some(r#"{"items":[7,8,9]}"#));
    }

    #[test]
    fn no_solution_is_an_empty_block() {
        assert_eq!(echo(|_| None), None);
    }

    #[test]
    fn truth_values_are_digits() {
        let solution = satisfiability::Solution {
            variables: vec![true, false, true],
        };
        assert_eq!(solution.to_json(), r#"{"variables":[1,0,1]}"#);
    }

    #[test]
    fn routes_are_lists_in_a_list() {
        let solution = vehicle_routing::Solution {
            routes: vec![vec![0, 2, 0], vec![0, 1, 3, 0]],
        };
        assert_eq!(solution.to_json(), r#"{"routes":[[0,2,0],[0,1,3,0]]}"#);
    }

    #[test]
    fn indexes_are_a_list() {
        let solution = vector_search::Solution {
            indexes: vec![99_999, 0],
        };
        assert_eq!(solution.to_json(), r#"{"indexes":[99999,0]}"#);
    }
}
