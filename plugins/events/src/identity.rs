//! For whom the benchmarker works: keys at the top of the config, which several extensions name.

/// `api_url` where the config has none: the API of the main network.
pub const API_URL_DEFAULT: &str = "https://mainnet-api.tig.foundation";
