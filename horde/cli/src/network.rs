//! What the variables of the environment say of the services that a whole validator needs (section 1.5).

use std::path::PathBuf;

use crate::environment::Environment;
use crate::settings::{SettingsError, expand, number, require, url};

/// Variable with the URL of the chain's service; without it there is no chain, and batches are run by hand.
pub(crate) const PYLON_URL: &str = "PYLON_URL";
/// Variable with the URL of the statistics collector.
const COLLECTOR_URL: &str = "STATS_COLLECTOR_URL";
/// Name of this validator at that service, if nothing else is said.
const IDENTITY_DEFAULT: &str = "validator";
/// The facilitator, if nothing else is said.
const FACILITATOR_DEFAULT: &str = "wss://facilitator.computehorde.io/ws/v0/";
/// The statistics collector, if nothing else is said; an empty variable switches it off.
const COLLECTOR_DEFAULT: &str = "https://facilitator.computehorde.io/stats_collector/v0/";

/// The services of a validator.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Network {
    /// URL of the chain's service.
    pub(crate) pylon_url: String,
    /// Name of this validator there.
    pub(crate) identity: String,
    /// File with the token for that service.
    pub(crate) token_file: Option<PathBuf>,
    /// Number of the subnet.
    pub(crate) netuid: u64,
    /// Websocket of the facilitator.
    pub(crate) facilitator_uri: String,
    /// URL of the statistics collector; empty for none.
    pub(crate) collector_url: String,
    /// Which of the network's dynamic configs counts; none if it is not named.
    pub(crate) dynamic_config: Option<String>,
    /// Whether batches run. Weights of cycles that are over are set all the same.
    pub(crate) is_serving: bool,
}

impl Network {
    /// Reads the services; `None` if no chain is named.
    ///
    /// # Errors
    ///
    /// See [`SettingsError`].
    pub(crate) fn read(environment: &Environment) -> Result<Option<Self>, SettingsError> {
        let Some(pylon_url) = url(environment, PYLON_URL)? else {
            return Ok(None);
        };
        let netuid = "BITTENSOR_NETUID";
        require(environment, &[netuid])?;
        let text =
            |name, default: &str| environment.get(name).unwrap_or_else(|| default.to_owned());
        let token_file = environment.get("PYLON_TOKEN_FILE");
        let token_file = token_file.map(|path| expand(environment, &path));
        Ok(Some(Self {
            pylon_url,
            identity: text("PYLON_IDENTITY", IDENTITY_DEFAULT),
            token_file: token_file.transpose()?,
            netuid: number(environment, netuid, (0, u16::MAX.into()))?.unwrap_or_default(),
            facilitator_uri: facilitator_uri(environment)?,
            collector_url: collector_url(environment)?,
            dynamic_config: environment.get("DYNAMIC_CONFIG_ENV"),
            is_serving: !environment
                .get("MIGRATING")
                .is_some_and(|value| is_true(&value)),
        }))
    }
}

/// Websocket of the facilitator.
///
/// # Errors
///
/// It may hold a password.
pub(crate) fn facilitator_uri(environment: &Environment) -> Result<String, SettingsError> {
    let uri = url(environment, "FACILITATOR_URI")?;
    Ok(uri.unwrap_or_else(|| FACILITATOR_DEFAULT.to_owned()))
}

fn collector_url(environment: &Environment) -> Result<String, SettingsError> {
    Ok(match url(environment, COLLECTOR_URL)? {
        Some(url) => url,
        None => environment
            .get_also_empty(COLLECTOR_URL)
            .unwrap_or_else(|| COLLECTOR_DEFAULT.to_owned()),
    })
}

/// As the earlier validator reads a variable that is true or false.
fn is_true(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["true", "on", "ok", "y", "yes", "1"].contains(&value.as_str())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &str) -> Result<Option<Network>, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), text).unwrap();
        let environment = Environment::load(folder.path(), |_| None).unwrap();
        Network::read(&environment)
    }

    #[test]
    fn without_a_chain_there_is_no_network() {
        assert_eq!(read("BITTENSOR_NETUID=12").unwrap(), None);
    }

    #[test]
    fn chain_needs_a_subnet() {
        let error = read("PYLON_URL=http://pylon:8000").unwrap_err().to_string();
        assert!(error.starts_with("BITTENSOR_NETUID is missing"), "{error}");
        let error = read("PYLON_URL=http://pylon:8000\nBITTENSOR_NETUID=65536").unwrap_err();
        assert!(matches!(error, SettingsError::Number { .. }), "{error}");
    }

    #[test]
    fn defaults_are_those_of_the_earlier_validator() {
        let network = read("PYLON_URL=http://pylon:8000\nBITTENSOR_NETUID=12\nMIGRATING=1");
        let network = network.unwrap().unwrap();
        assert_eq!(network.facilitator_uri, FACILITATOR_DEFAULT);
        assert_eq!(network.collector_url, COLLECTOR_DEFAULT);
        assert_eq!((network.netuid, network.is_serving), (12, false));
        assert_eq!(network.dynamic_config, None);
    }

    #[test]
    fn url_with_a_password_is_refused_unquoted() {
        for name in ["PYLON_URL", "FACILITATOR_URI", "STATS_COLLECTOR_URL"] {
            let chain = match name {
                "PYLON_URL" => "",
                _ => "PYLON_URL=http://pylon:8000\n",
            };
            let text = format!("{chain}BITTENSOR_NETUID=12\n{name}=http://user:s3cret@host/\n");
            let error = read(&text).unwrap_err();
            assert_eq!(error, SettingsError::UserInfo { name });
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn empty_collector_is_switched_off() {
        let network = read("PYLON_URL=http://p:1\nBITTENSOR_NETUID=12\nSTATS_COLLECTOR_URL=");
        assert_eq!(network.unwrap().unwrap().collector_url, "");
    }
}
