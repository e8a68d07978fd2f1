//! Rates of outgoing requests.

use tig_plugin_api::Method;

/// Requests to an API host that share a rate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum RateClass {
    /// `GET` and `HEAD`, which only read.
    Gets,
    /// `POST`, `PUT` and `DELETE`.
    Posts,
}

impl RateClass {
    /// The class of requests by `method`.
    pub(crate) fn from_method(method: Method) -> Self {
        match method {
            Method::Get | Method::Head => Self::Gets,
            Method::Post | Method::Put | Method::Delete => Self::Posts,
        }
    }

    /// Key of the class's rate in the config.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Gets => "gets_per_minute",
            Self::Posts => "posts_per_minute",
        }
    }
}

/// Requests per minute to one API host; 0 for no limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rates {
    /// `GET` and `HEAD`
    pub gets_per_minute: u32,
    /// `POST`, `PUT` and `DELETE`
    pub posts_per_minute: u32,
}

impl Rates {
    /// Requests of `class` per minute; 0 for no limit.
    pub(crate) fn per_minute(self, class: RateClass) -> u32 {
        match class {
            RateClass::Gets => self.gets_per_minute,
            RateClass::Posts => self.posts_per_minute,
        }
    }
}

impl Default for Rates {
    /// The rates that public APIs accept from one address.
    fn default() -> Self {
        Self {
            gets_per_minute: 60,
            posts_per_minute: 20,
        }
    }
}
