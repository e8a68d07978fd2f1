//! What has happened, a line each: the same for the same seed, byte for byte.

use std::fmt;

/// Lines that are kept for the report of a failure.
const KEPT_MAX: usize = 60;

/// The lines of a run. Its hash is over all lines, whether they are kept or not.
#[derive(Default)]
pub struct Transcript {
    hasher: blake3::Hasher,
    lines: u64,
    kept: Vec<String>,
    keep_all: bool,
}

impl Transcript {
    /// One that keeps all of its lines, or the last few.
    #[must_use]
    pub fn new(keep_all: bool) -> Self {
        Self {
            keep_all,
            ..Self::default()
        }
    }

    /// Adds a line.
    pub fn line(&mut self, at_ms: u64, text: fmt::Arguments<'_>) {
        let line = format!("{:>9}.{:03} {text}", at_ms / 1000, at_ms % 1000);
        self.hasher.update(line.as_bytes());
        self.hasher.update(b"\n");
        self.lines += 1;
        if !self.keep_all && self.kept.len() >= 2 * KEPT_MAX {
            self.kept.drain(..KEPT_MAX);
        }
        self.kept.push(line);
    }

    /// BLAKE3 of all lines, in hex.
    #[must_use]
    pub fn hash(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }

    /// Lines that were added.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.lines
    }

    /// No line was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// All lines, or the last few.
    #[must_use]
    pub fn kept(&self) -> &[String] {
        match self.keep_all {
            true => &self.kept,
            false => &self.kept[self.kept.len().saturating_sub(KEPT_MAX)..],
        }
    }
}
