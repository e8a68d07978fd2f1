//! For whom the benchmarker works: keys at the top of the config, which several extensions name.

use tig_plugin_api::Rates;

/// `api_url` where the config has none: the API of the main network.
pub const API_URL_DEFAULT: &str = "https://mainnet-api.tig.foundation";

/// Requests that the network's API takes from one address (tig-api.md section 1, sw09).
pub const API_RATES: Rates = Rates {
    gets_per_minute: 60,
    posts_per_minute: 20,
};

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn example_config_lists_the_rates_of_the_network() {
        let example = include_str!("../../../config.example.json");
        let example: Value = serde_json::from_str(example).unwrap();
        let listed = &example["http"]["hosts"][API_URL_DEFAULT];
        let listed: Rates = serde_json::from_value(listed.clone()).unwrap();
        assert_eq!(listed, API_RATES);
    }
}
