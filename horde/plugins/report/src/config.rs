//! Config section `horde_report`.

use horde_dynamic::{ParamFile, Profile, Source};
use horde_extension::Section;
use serde::Deserialize;
use serde_json::{Map, Value};
use tig_plugin_api::{ConfigSchema, Result, bail};

/// Where the network keeps its config files (section 2.8), up to the name of the file.
const FILES_URL: &str =
    "https://raw.githubusercontent.com/backend-developers-ltd/compute-horde-dynamic-config/master/";

/// Bounds of `interval_ms`.
const INTERVAL_MS_MIN: u64 = 1_000;
const INTERVAL_MS_MAX: u64 = 3_600_000;

/// Values that are built in.
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(crate) enum ProfileName {
    #[serde(rename = "reference")]
    Reference,
    #[serde(rename = "mainnet-2024-11")]
    MainnetNovember2024,
}

impl ProfileName {
    pub(crate) fn profile(self) -> Profile {
        match self {
            Self::Reference => Profile::Reference,
            Self::MainnetNovember2024 => Profile::MainnetNovember2024,
        }
    }
}

/// Where values above the profile come from.
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceName {
    Off,
    Inline,
    File,
    Url,
}

/// Dynamic config, system events and the status.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Name of the host's key that is the validator's hotkey. Without a collector it is not used.
    pub(crate) key: String,
    /// Values of dynamic config that are in force where nothing else sets them: `reference` has the defaults of the earlier validator,
    /// `mainnet-2024-11` what the main network used in November 2024.
    pub(crate) profile: ProfileName,
    /// What sets values above the profile: `off` for nothing, `inline` and `file` for the keys of these names, `url` for the files of the
    /// network. Such a file is not signed: whoever can write it changes how this validator scores.
    pub(crate) source: SourceName,
    /// A config file in place, for `inline`: `{KEY: {"description": ..., "items": [{"value": ...}]}}`.
    pub(crate) inline: Map<String, Value>,
    /// A config file of this machine, for `file`: `{"$file": "dynamic.json"}`. A changed file is applied at once; one with a fault changes
    /// nothing.
    pub(crate) file: Option<Map<String, Value>>,
    /// URL of the file for validators, for `url`; empty for no such file.
    pub(crate) url_validator: String,
    /// URL of the file for all, which wins over the one for validators; empty for no such file.
    pub(crate) url_common: String,
    /// URL of the statistics collector, up to `validator/<hotkey>/system_events`; empty to send it nothing.
    pub(crate) stats_collector_url: String,
    /// Time between two fetches of dynamic config, and between two attempts to send system events, in milliseconds.
    pub(crate) interval_ms: u64,
}

/// The config file that stands in the section.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SectionFile {
    /// The key under which it stands.
    pub(crate) source: Source,
    pub(crate) file: ParamFile,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key: "hotkey".to_owned(),
            profile: ProfileName::Reference,
            source: SourceName::Off,
            inline: Map::new(),
            file: None,
            url_validator: format!("{FILES_URL}validator-config-prod.json"),
            url_common: format!("{FILES_URL}common-config-prod.json"),
            stats_collector_url: String::new(),
            interval_ms: 300_000,
        }
    }
}

impl Config {
    /// Checks what the schema cannot say, and reads the file that stands in the section.
    pub(crate) fn check(&self) -> Result<Option<SectionFile>> {
        let interval = INTERVAL_MS_MIN..=INTERVAL_MS_MAX;
        Section("horde_report").check("interval_ms", self.interval_ms, interval)?;
        for (key, url) in [
            ("url_validator", &self.url_validator),
            ("url_common", &self.url_common),
            ("stats_collector_url", &self.stats_collector_url),
        ] {
            let is_http = url.starts_with("https://") || url.starts_with("http://");
            // The URL may have a password in it, so it is not shown.
            if !url.is_empty() && !is_http {
                bail!("config.horde_report.{key}: the URL does not begin with https:// or http://");
            }
        }
        if self.source == SourceName::Url
            && self.url_validator.is_empty()
            && self.url_common.is_empty()
        {
            bail!(
                "config.horde_report.source is `url`, and neither url_validator nor url_common is stated"
            );
        }
        let (source, content) = match (self.source, &self.file) {
            (SourceName::Off | SourceName::Url, _) => return Ok(None),
            (SourceName::Inline, _) => (Source::Inline, &self.inline),
            (SourceName::File, Some(file)) => (Source::File, file),
            (SourceName::File, None) => bail!(
                "config.horde_report.source is `file`, and no file is named: add \"file\": {{\"$file\": \"dynamic.json\"}} with its path"
            ),
        };
        match ParamFile::parse(&serde_json::to_vec(content)?) {
            Ok(file) => Ok(Some(SectionFile { source, file })),
            Err(fault) => bail!("config.horde_report.{}: {fault}", source.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tig_plugin_api::testing::check_example_config;

    use super::*;

    fn fault(section: Value) -> String {
        let config = Config::deserialize(section).unwrap();
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn default_config_is_valid() {
        assert_eq!(Config::default().check().unwrap(), None);
    }

    #[test]
    fn profile_names_are_those_of_the_profiles() {
        for name in [ProfileName::Reference, ProfileName::MainnetNovember2024] {
            let text = json!(name.profile().name());
            assert_eq!(ProfileName::deserialize(text).unwrap(), name);
        }
    }

    #[test]
    fn faulty_section_is_refused() {
        assert_eq!(
            fault(json!({ "interval_ms": 999 })),
            "config.horde_report.interval_ms: 999 is not between 1000 and 3600000"
        );
        let secret = json!({ "stats_collector_url": "ftp://user:s3cret@host/" });
        let text = fault(secret);
        assert!(text.contains("stats_collector_url") && !text.contains("s3cret"));
        let none = json!({ "source": "url", "url_validator": "", "url_common": "" });
        assert!(fault(none).contains("neither url_validator nor url_common"));
        let inline =
            json!({ "DYNAMIC_WEIGHTS_VERSION": { "description": "", "items": [{ "value": 9 }] } });
        for source in ["inline", "file"] {
            let expected = "DYNAMIC_WEIGHTS_VERSION: item 1: 9 is not from 0 to 4";
            assert_eq!(
                fault(json!({ "source": source, source: inline })),
                format!("config.horde_report.{source}: {expected}")
            );
        }
        let text = fault(json!({ "source": "file" }));
        assert!(
            text.contains("no file is named: add \"file\": {\"$file\""),
            "{text}"
        );
    }

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "key",
            "profile",
            "source",
            "inline",
            "file",
            "url_validator",
            "url_common",
            "stats_collector_url",
            "interval_ms",
        ];
        check_example_config::<Config>(example, "horde_report", &optional);
    }
}
