//! The part of a recording that is compared.

/// Unix milliseconds; calls outside are replayed, since later ones follow from them, but not compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// The first.
    pub from_ms: u64,
    /// The last.
    pub to_ms: u64,
}

impl Window {
    /// Whether a call at `at_ms` is compared.
    #[must_use]
    pub(super) fn contains(self, at_ms: u64) -> bool {
        (self.from_ms..=self.to_ms).contains(&at_ms)
    }
}

impl Default for Window {
    fn default() -> Self {
        Self {
            from_ms: 0,
            to_ms: u64::MAX,
        }
    }
}
