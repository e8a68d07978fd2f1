//! A hash of a whole state, to tell whether anything has changed.
//!
//! It is one of the `Debug` output, which the types of the network derive: a field that is added is in it.

use std::fmt::{self, Debug, Write};

struct Hashed(blake3::Hasher);

impl Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

pub(crate) fn digest(state: &impl Debug) -> blake3::Hash {
    let mut hashed = Hashed(blake3::Hasher::new());
    write!(hashed, "{state:?}").unwrap();
    hashed.0.finalize()
}
