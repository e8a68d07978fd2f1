//! The manifest of a plugin file, in a section that can be read without loading the file.

mod rates;
mod text;

use std::fmt;

#[doc(hidden)]
pub use rates::RatesText;
pub use rates::{ApiRates, Rates};
use serde::{Deserialize, Serialize};
use serde_json::Value;
#[doc(hidden)]
pub use text::{
    CommandText, IdentityText, ManifestText, NO_ARGUMENTS, schema_bytes, schema_length,
};

/// The manifest of a plugin file, written by `#[extension]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Manifest {
    /// Name of the crate's library, by which a config lists the extension.
    pub name: String,
    /// Version of the crate.
    pub version: String,
    /// [`crate::abi::API_VERSION`] of the SDK that built it.
    pub api_version: u32,
    /// `unwind` or `abort`: a plugin that aborts on panic would take the host along.
    pub panic: String,
    /// Events that it handles.
    pub events: Vec<String>,
    /// Events that it declares to emit.
    #[serde(default)]
    pub emits: Vec<String>,
    /// Routes that it answers, such as `GET /jobs` or `POST /submit/*`.
    pub routes: Vec<String>,
    /// Version of the state that it hands to a successor at reload.
    #[serde(default = "first_version")]
    pub state_version: u32,
    /// JSON Schema of the config section, if the extension states one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
    /// Keys at the top of a config that say for whom the extension works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identity: Vec<IdentityKey>,
    /// Commands that it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<CommandInfo>,
    /// Rates of API hosts whose URLs are in the identity; those that are not named have no limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<ApiRates>,
    /// BLAKE3 of the file with these digits zeroed, written by `tig-host plugin seal`; zeros if the file is not sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A key of a config whose text says for whom the host works. A store belongs to the identity that it was made with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct IdentityKey {
    /// The key.
    pub name: String,
    /// Its meaning.
    pub about: String,
    /// Its text where the config has none; without one it is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// A command of an extension, for `tig-host call`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommandInfo {
    /// Its name.
    pub name: String,
    /// Its meaning; empty if nothing is said.
    #[serde(default)]
    pub about: String,
    /// JSON Schema of its arguments, an object; `None` if the extension states none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
}

fn first_version() -> u32 {
    1
}

/// A parsed route of a [`Manifest`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// Method in upper case.
    pub method: String,
    /// The path, or what it must begin with.
    pub path: String,
    /// One more segment follows `path`.
    pub wildcard: bool,
}

impl Route {
    /// Reads `METHOD /path` or `METHOD /path/*`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (method, path) = text.split_once(' ')?;
        let (path, wildcard) = match path.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (path, false),
        };
        let valid =
            path.starts_with('/') && !path.contains('*') && (!wildcard || path.ends_with('/'));
        valid.then(|| Self {
            method: method.to_owned(),
            path: path.to_owned(),
            wildcard,
        })
    }

    /// Whether any request matches both routes.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        if self.wildcard == other.wildcard {
            self == other
        } else if self.wildcard {
            self.matches(&other.method, &other.path)
        } else {
            other.matches(&self.method, &self.path)
        }
    }

    /// Whether a request of this method and path matches.
    #[must_use]
    pub fn matches(&self, method: &str, path: &str) -> bool {
        let fits = match (self.wildcard, path.strip_prefix(&self.path)) {
            (false, rest) => rest == Some(""),
            (true, rest) => rest.is_some_and(|last| !last.is_empty() && !last.contains('/')),
        };
        fits && self.method == method
    }
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.wildcard { "*" } else { "" };
        write!(formatter, "{} {}{star}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_match_whole_paths_and_one_last_segment() {
        let exact = Route::parse("GET /jobs").unwrap();
        assert!(exact.matches("GET", "/jobs"));
        assert!(!exact.matches("GET", "/jobs/1"));
        assert!(!exact.matches("POST", "/jobs"));

        let wildcard = Route::parse("POST /submit/*").unwrap();
        assert!(wildcard.matches("POST", "/submit/a_0"));
        assert!(!wildcard.matches("POST", "/submit/"));
        assert!(!wildcard.matches("POST", "/submit/a/b"));
    }

    #[test]
    fn routes_overlap_if_a_request_fits_both() {
        let overlap = |a, b| Route::parse(a).unwrap().overlaps(&Route::parse(b).unwrap());
        assert!(overlap("GET /jobs", "GET /jobs"));
        assert!(overlap("GET /jobs/*", "GET /jobs/all"));
        assert!(overlap("GET /jobs/all", "GET /jobs/*"));
        assert!(!overlap("GET /jobs", "POST /jobs"));
        assert!(!overlap("GET /jobs", "GET /jobs/*"));
        assert!(!overlap("GET /jobs/*", "GET /jobs/all/*"));
    }

    #[test]
    fn malformed_routes_are_rejected() {
        for text in ["GET", "GET jobs", "GET /a*b", "GET /jobs*"] {
            assert_eq!(Route::parse(text), None, "{text}");
        }
    }
}
