//! Where in a text something is, as editors count.

use std::fmt;

/// Line and column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Place {
    /// The place behind `before`, the beginning of a text.
    pub(crate) fn behind(before: &str) -> Self {
        let in_line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}
