//! Rates of outgoing requests.

/// Requests per minute to one API host; 0 for no limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rates {
    /// `GET`
    pub gets_per_minute: u32,
    /// `POST`
    pub posts_per_minute: u32,
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
