//! A program beside the host, and when it is ready.

use serde::Deserialize;

/// A program that runs beside the host.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Companion {
    /// How it is called on screen and in places.
    pub(in super::super) name: String,
    /// A file beside this program or in PATH.
    pub(in super::super) program: String,
    /// Its arguments.
    #[serde(default)]
    pub(in super::super) arguments: Vec<String>,
    /// Files that it needs.
    #[serde(default)]
    pub(in super::super) files: Vec<String>,
    /// What to do if the program or one of the files is missing.
    #[serde(default)]
    pub(in super::super) hint: String,
    /// When it is ready; at once by default.
    pub(in super::super) ready: Option<Ready>,
}

/// When a program is ready.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Ready {
    /// When it writes a line with this beginning to standard output; the rest of the line is its address.
    Line(String),
    /// When it writes a line with a JSON object to standard output; the values in it get places.
    Json,
    /// When a GET of this URL succeeds.
    Url(String),
}
