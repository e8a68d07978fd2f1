//! How many requests an API host takes from one address, as far as an extension knows.

use serde::{Deserialize, Serialize};

/// Requests per minute that an API host takes; 0 for no limit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rates {
    /// `GET` and `HEAD`.
    pub gets_per_minute: u32,
    /// `POST`, `PUT` and `DELETE`.
    pub posts_per_minute: u32,
}

/// Rates of the API host of a URL in the identity. A config may state others.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ApiRates {
    /// Name of the [`super::IdentityKey`] whose text is the URL.
    pub identity: String,
    /// The rates.
    #[serde(flatten)]
    pub rates: Rates,
}

/// [`ApiRates`] before it is text.
#[derive(Clone, Copy, Debug)]
pub struct RatesText {
    /// Name of the key of the identity.
    pub identity: &'static str,
    /// The rates.
    pub rates: Rates,
}
