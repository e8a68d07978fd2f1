//! How many requests an API host gets.

/// Requests a minute to one API host; 0 for no limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rates {
    /// `GET`
    pub gets_per_minute: u32,
    /// `POST`
    pub posts_per_minute: u32,
}

impl Default for Rates {
    /// What public APIs take from one address.
    fn default() -> Self {
        Self {
            gets_per_minute: 60,
            posts_per_minute: 20,
        }
    }
}
