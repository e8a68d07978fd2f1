//! What people and scripts see: results on standard output, everything else on standard error.

use std::error::Error;
use std::io::Write;

/// A line of the result.
pub(crate) fn result(line: &str) {
    // Nobody is left to tell if the reader is gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A line about what goes on.
pub(crate) fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// An error with its causes, on one line.
pub(crate) fn error(error: &(dyn Error + 'static)) {
    progress(&format!("error: {}", chain(error)));
}

/// An error with its causes.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
