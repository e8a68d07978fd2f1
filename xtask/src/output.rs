//! What people and scripts see: results on standard output, everything else on standard error.

use std::error::Error;

use tig_process::error_chain::error_chain;
use tig_process::{output, standard_error};

/// A line of the result.
pub(crate) fn result(line: &str) {
    output::line(line);
}

/// A line about what goes on.
pub(crate) fn progress(line: &str) {
    standard_error::write_line(line);
}

/// An error with its causes, on one line.
pub(crate) fn error(error: &(dyn Error + 'static)) {
    output::error_line(&error_chain(error));
}
