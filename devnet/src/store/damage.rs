//! redb checks by assertions what it reads from a file: one that was cut short makes it panic. Here that becomes an error.

use std::panic::{self, AssertUnwindSafe, catch_unwind};

/// Runs `open`, and says why if it panics, without the usual message. Nothing that it touches may be used afterwards, and
/// messages of other threads are lost meanwhile: it is for the start of a program.
pub(super) fn caught<T>(open: impl FnOnce() -> T) -> Result<T, String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let result = catch_unwind(AssertUnwindSafe(open));
    panic::set_hook(hook);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|&text| text.to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "it cannot be read".to_owned())
    })
}
