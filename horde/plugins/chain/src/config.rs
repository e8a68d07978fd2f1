//! The config section: which service, for which subnet, and how often it is asked.

use horde_extension::Section;
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result, bail};

/// The subnet of the ComputeHorde.
const NETUID: u16 = 12;

/// Longest base URL and name of an identity, in bytes.
const TEXT_BYTES_MAX: usize = 1_024;

/// `config.horde_chain`.
#[derive(ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Base URL of a Pylon service, without `/api/v1`. The token is the host's API key (`api_key_file`).
    pub(crate) url: String,
    /// Identity that the service has for this validator. Without one blocks and neurons are read by open access, and nothing can
    /// be set.
    #[serde(default)]
    pub(crate) identity: String,
    /// Number of the subnet; the store belongs to it.
    #[serde(default = "netuid")]
    pub(crate) netuid: u16,
    /// Milliseconds between two looks for a new block.
    #[serde(default = "poll_ms")]
    pub(crate) poll_ms: u64,
    /// Milliseconds in which the service must have answered.
    #[serde(default = "timeout_ms")]
    pub(crate) timeout_ms: u64,
    /// Milliseconds without a new block, or below the newest one, after which that is reported.
    #[serde(default = "stall_ms")]
    pub(crate) stall_ms: u64,
    /// Blocks behind the newest one from which on a block is final: what the service says of it is kept.
    #[serde(default = "finalization_blocks")]
    pub(crate) finalization_blocks: u32,
}

fn netuid() -> u16 {
    NETUID
}

fn poll_ms() -> u64 {
    4_000
}

fn timeout_ms() -> u64 {
    20_000
}

fn stall_ms() -> u64 {
    180_000
}

fn finalization_blocks() -> u32 {
    3
}

impl Config {
    /// # Errors
    ///
    /// A text cannot be part of a URL, or a time is out of bounds.
    pub(crate) fn check(&self) -> Result<()> {
        let Self { url, identity, .. } = self;
        if url.contains('@') {
            // The text may hold a password.
            bail!(
                "config.horde_chain.url: state a URL without `@`; a token belongs in `api_key_file`"
            );
        }
        let scheme_end = url
            .find("://")
            .filter(|end| matches!(&url[..*end], "http" | "https"));
        let has_host = scheme_end.is_some_and(|end| url.len() > end + "://".len());
        let is_clean = url.bytes().all(|byte| byte.is_ascii_graphic());
        if !has_host || !is_clean || url.contains(['?', '#']) || url.len() > TEXT_BYTES_MAX {
            bail!(
                "config.horde_chain.url: {url:?} is not a base URL such as http://127.0.0.1:8000"
            );
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !identity.bytes().all(is_name) || identity.len() > TEXT_BYTES_MAX {
            bail!(
                "config.horde_chain.identity: {identity:?} is not a name of letters, digits, `_` and `-`"
            );
        }
        let times = [
            ("poll_ms", self.poll_ms, 20..=60_000),
            ("timeout_ms", self.timeout_ms, 100..=300_000),
            ("stall_ms", self.stall_ms, 1_000..=86_400_000),
        ];
        for (key, value, bounds) in times {
            Section("horde_chain").check(key, value, bounds)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tig_plugin_api::testing::check_example_config;

    use super::*;

    fn check(key: &str, value: &Value) -> Result<()> {
        let mut section = json!({ "url": "http://127.0.0.1:8000" });
        section[key] = value.clone();
        serde_json::from_value::<Config>(section)?.check()
    }

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "netuid",
            "poll_ms",
            "timeout_ms",
            "stall_ms",
            "finalization_blocks",
        ];
        check_example_config::<Config>(example, "horde_chain", &optional);
    }

    #[test]
    fn url_that_is_not_a_base_url_is_refused() {
        for url in ["https://pylon", "http://[::1]:8000/behind/a/proxy"] {
            check("url", &json!(url)).unwrap();
        }
        for url in ["", "pylon:8000", "http://", "http://a b", "http://a?b=c"] {
            let error = check("url", &json!(url)).unwrap_err().to_string();
            assert!(error.contains("is not a base URL"), "{error}");
        }
        let error = check("url", &json!("http://user:password@pylon")).unwrap_err();
        assert!(!error.to_string().contains("password"), "{error}");
    }

    #[test]
    fn identity_that_would_change_the_path_is_refused() {
        check("identity", &json!("sn12_main-2")).unwrap();
        for identity in ["a/b", "a b", "..", "ä"] {
            assert!(check("identity", &json!(identity)).is_err(), "{identity}");
        }
    }

    #[test]
    fn times_out_of_bounds_are_refused() {
        check("poll_ms", &json!(20)).unwrap();
        for (key, value) in [("poll_ms", 0), ("timeout_ms", 0), ("stall_ms", 999)] {
            let error = check(key, &json!(value)).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
