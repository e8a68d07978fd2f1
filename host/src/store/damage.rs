//! redb checks by assertions what it reads from a file: one that was cut short makes it panic. Here that becomes an error.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`, and says why if it panics. Nothing that it touches may be written to afterwards.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|&text| text.to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "it cannot be read".to_owned())
    })
}
