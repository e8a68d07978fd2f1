//! The first thing that was not as it must be.

use tig_host::{ExtensionStatus, State};

/// Something is not as it must be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// When it was seen, in milliseconds from the start.
    pub at_ms: u64,
    /// What must hold.
    pub property: &'static str,
    /// What was seen.
    pub text: String,
}

/// Keeps the first violation of a run: what comes after it may follow from it.
#[derive(Debug, Default)]
pub struct Finding(Option<Violation>);

impl Finding {
    /// The first violation.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        self.0.as_ref()
    }

    /// Notes a violation, unless there was one before.
    pub fn blame(&mut self, at_ms: u64, property: &'static str, text: String) {
        self.0.get_or_insert(Violation {
            at_ms,
            property,
            text,
        });
    }

    /// Notes an extension whose handlers fail.
    pub fn extensions(&mut self, at_ms: u64, extensions: &[ExtensionStatus]) {
        for extension in extensions {
            if extension.failed > 0 || extension.restarts > 0 || extension.state == State::Stopped {
                let last = extension.last_failure.as_deref().unwrap_or("no reason");
                let text = format!("{}: {last}", extension.name);
                self.blame(at_ms, "no handler fails", text);
            }
        }
    }
}
