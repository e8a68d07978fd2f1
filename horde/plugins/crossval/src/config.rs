//! Config section `horde_crossval`.

use horde_calc::llm::GENERATOR_IMAGE;
use horde_events::MinerAddress;
use horde_extension::Section;
use horde_s3::{Endpoint, EndpointError};
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result, bail};

/// Most uses of a series.
const USES_MAX: u32 = 10_000;
/// Longest life of a series and its samples, in hours.
const EXPIRY_HOURS_MAX: u64 = 366 * 24;

/// Prompts with known answers for miners of the class `always_on.llm.a6000`: the trusted miner that answers them, and the buckets.
#[derive(ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// IP address or name of the trusted miner. Without one, which is the default, no prompts are generated and none are answered.
    pub(crate) trusted_miner_host: String,
    /// Port of the trusted miner.
    pub(crate) trusted_miner_port: u16,
    /// SS58 address of its hotkey; empty as for a miner in local mode, which does not look at it.
    pub(crate) trusted_miner_hotkey: String,
    /// Address of the object store, such as `https://s3.example.org`; empty for AWS.
    pub(crate) endpoint: String,
    /// Region of both buckets; empty for the one that the address says, or us-east-1.
    pub(crate) region: String,
    /// Bucket of the series of prompts. Without buckets nothing is done.
    pub(crate) prompts_bucket: String,
    /// Bucket of the sampled prompts and of all answers.
    pub(crate) answers_bucket: String,
    /// Id of the access key.
    pub(crate) access_key_id: String,
    /// Name of the host's key of the kind `hmac-sha256`, with the prefix `AWS4`, whose file has the secret access key.
    pub(crate) key: String,
    /// Image that generates prompts; `{model}` is replaced.
    pub(crate) generator_image: String,
    /// Model of the generator.
    pub(crate) generator_model: String,
    /// Samples that are drawn from one series until it is replaced.
    pub(crate) uses_per_series: u32,
    /// Hours after its generation for which a series and all its samples are used; by default 13 days. Samples are drawn from it for seven
    /// eighths of them. The lifecycle rules of both buckets must keep objects for a day longer.
    pub(crate) expiry_hours: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            trusted_miner_host: String::new(),
            trusted_miner_port: 8000,
            trusted_miner_hotkey: String::new(),
            endpoint: String::new(),
            region: String::new(),
            prompts_bucket: String::new(),
            answers_bucket: String::new(),
            access_key_id: String::new(),
            key: "s3".to_owned(),
            generator_image: GENERATOR_IMAGE.to_owned(),
            generator_model: "phi3".to_owned(),
            uses_per_series: 10,
            expiry_hours: 13 * 24,
        }
    }
}

impl Config {
    /// Checks what the schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(miner) = self.trusted_miner()
            && let Err(error) = horde_events::authority(&miner, true)
        {
            bail!("config.horde_crossval.trusted_miner_*: {error}");
        }
        if self.prompts_bucket.is_empty() != self.answers_bucket.is_empty() {
            bail!("config.horde_crossval: name both prompts_bucket and answers_bucket, or neither");
        }
        if self.has_buckets() && self.access_key_id.is_empty() {
            bail!(
                "config.horde_crossval.access_key_id: the buckets need an access key; name its id"
            );
        }
        let section = Section("horde_crossval");
        section.check("uses_per_series", self.uses_per_series, 1..=USES_MAX)?;
        section.check("expiry_hours", self.expiry_hours, 1..=EXPIRY_HOURS_MAX)
    }

    /// Where the trusted miner is, if there is one.
    pub(crate) fn trusted_miner(&self) -> Option<MinerAddress> {
        (!self.trusted_miner_host.is_empty()).then(|| MinerAddress {
            hotkey: self.trusted_miner_hotkey.clone(),
            host: self.trusted_miner_host.clone(),
            port: self.trusted_miner_port,
        })
    }

    pub(crate) fn has_trusted_miner(&self) -> bool {
        !self.trusted_miner_host.is_empty()
    }

    pub(crate) fn has_buckets(&self) -> bool {
        !self.prompts_bucket.is_empty()
    }

    /// A bucket of this name.
    pub(crate) fn endpoint(&self, bucket: &str) -> Result<Endpoint, EndpointError> {
        Endpoint::parse(Some(&self.endpoint), Some(&self.region), bucket)
    }

    /// Milliseconds after which a series and its samples are not used any more.
    pub(crate) fn expiry_ms(&self) -> u64 {
        self.expiry_hours * 3_600_000
    }

    /// Milliseconds for which samples are drawn from a series. In the rest of its life, 39 h by default, those that were drawn are used:
    /// a workload may wait for answers for a day, and the trusted miner needs hours to write a pool of new series.
    pub(crate) fn drawing_ms(&self) -> u64 {
        self.expiry_ms() / 8 * 7
    }

    pub(crate) fn generator_image(&self) -> String {
        self.generator_image
            .replace("{model}", &self.generator_model)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tig_plugin_api::testing::check_example_config;

    use super::*;

    #[test]
    fn faults_name_their_key() {
        for (section, expected) in [
            (
                json!({ "trusted_miner_host": "h", "trusted_miner_port": 0 }),
                "trusted_miner_*: ",
            ),
            (json!({ "prompts_bucket": "prompts" }), "name both"),
            (
                json!({ "prompts_bucket": "prompts", "answers_bucket": "answers" }),
                "access_key_id: ",
            ),
            (json!({ "uses_per_series": 0 }), "uses_per_series: 0"),
            (json!({ "expiry_hours": 0 }), "expiry_hours: 0"),
        ] {
            let config = Config::deserialize(section).unwrap();
            let text = config.check().unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
        }
        Config::default().check().unwrap();
    }

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "trusted_miner_host",
            "trusted_miner_port",
            "trusted_miner_hotkey",
            "endpoint",
            "region",
            "prompts_bucket",
            "answers_bucket",
            "access_key_id",
            "key",
            "generator_image",
            "generator_model",
            "uses_per_series",
            "expiry_hours",
        ];
        check_example_config::<Config>(example, "horde_crossval", &optional);
    }
}
