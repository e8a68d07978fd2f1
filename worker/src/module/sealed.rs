//! Machine code on disk, sealed with the key of its cache folder.
//!
//! Invariant: bytes reach `Module::deserialize`, which trusts them, only if their seal was made with our key.
#![expect(
    unsafe_code,
    reason = "wasmtime cannot check machine code, so loading it is unsafe"
)]

use wasmtime::{Engine, Module};

/// A seal: the keyed BLAKE3 hash of the entry's name and the machine code.
const SEAL_BYTES: usize = blake3::OUT_LEN;

/// The secret of a cache folder.
pub(crate) type Key = [u8; blake3::KEY_LEN];

/// A module as it is written to disk under `name`.
///
/// # Errors
/// The engine cannot serialise it.
pub(crate) fn seal(key: &Key, name: &blake3::Hash, module: &Module) -> wasmtime::Result<Vec<u8>> {
    let code = module.serialize()?;
    Ok([mac(key, name, &code).as_bytes().as_slice(), &code].concat())
}

/// The module in the bytes of entry `name`; `None` if they are not exactly what [`seal`] made, or were made by another
/// version or for other settings of the engine.
pub(crate) fn open(
    key: &Key,
    name: &blake3::Hash,
    bytes: &[u8],
    engine: &Engine,
) -> Option<Module> {
    let (seal, code) = bytes.split_first_chunk::<SEAL_BYTES>()?;
    // Compares in constant time.
    if mac(key, name, code) != blake3::Hash::from_bytes(*seal) {
        return None;
    }
    // SAFETY: `deserialize` is sound for the unmodified output of `Module::serialize` of any wasmtime; it refuses that
    // of other versions and settings itself. `code` is such output: its seal is a MAC under a key that only this user
    // can read (`cache` checks owner and mode of key and folder) and that only `seal` uses, and it was checked on this
    // very buffer, which nobody else can change, after it had been read. Whoever can read the key runs as this user
    // and gains nothing.
    unsafe { Module::deserialize(engine, code) }.ok()
}

fn mac(key: &Key, name: &blake3::Hash, code: &[u8]) -> blake3::Hash {
    blake3::Hasher::new_keyed(key)
        .update(name.as_bytes())
        .update(code)
        .finalize()
}
