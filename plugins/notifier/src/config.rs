//! The section of the extension.

use std::collections::BTreeMap;

use serde::Deserialize;
use tig_plugin_api::prelude::*;

use crate::limits::{NAME_CHARS_MAX, WEBHOOKS_COUNT_MAX};

#[derive(ConfigSchema, Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where alerts are sent, by a name of your own.
    pub(crate) webhooks: BTreeMap<String, Webhook>,
    /// Name of this host in messages.
    pub(crate) name: String,
    /// Alerts that begin or end within this time are one message, in milliseconds.
    pub(crate) group_ms: u64,
    /// An alert that lasts is sent again after this time, in milliseconds; 0 sends it once.
    pub(crate) repeat_ms: u64,
    /// An alert that begins or ends six times within this time is sent once more, and then only when it has been quiet for as long, in milliseconds.
    pub(crate) flap_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            webhooks: BTreeMap::new(),
            name: "tig-host".to_owned(),
            group_ms: 5_000,
            repeat_ms: 4 * 3_600_000,
            flap_ms: 600_000,
        }
    }
}

#[derive(ConfigSchema, Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    /// Address for POST requests. If it holds a secret, write {"$file": "webhook.json"} and keep it there as JSON text.
    pub(crate) url: Secret,
    /// The least severe alerts that are sent; "warning" if none is given.
    #[serde(default)]
    pub(crate) severity: Threshold,
    /// Name of a key of the kind hmac-sha256 that signs messages.
    #[serde(default)]
    pub(crate) key: Option<String>,
}

/// The least severe alerts that a webhook gets.
#[derive(ConfigSchema, Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Threshold {
    /// Also reasons why nothing happens.
    Info,
    #[default]
    Warning,
    Critical,
}

impl Threshold {
    /// Whether alerts of this severity are sent.
    pub(crate) fn admits(self, severity: Severity) -> bool {
        severity
            >= match self {
                Self::Info => Severity::Info,
                Self::Warning => Severity::Warning,
                Self::Critical => Severity::Critical,
            }
    }
}

impl Config {
    /// Rejects what cannot work.
    pub(crate) fn check(&self, ctx: &mut Context<'_>) -> Result<()> {
        if self.webhooks.len() > WEBHOOKS_COUNT_MAX {
            bail!("more than {WEBHOOKS_COUNT_MAX} webhooks");
        }
        for (name, webhook) in &self.webhooks {
            webhook
                .check(name, ctx)
                .map_err(|error| error.context(format_args!("webhook {name:?}")))?;
        }
        Ok(())
    }

    /// Whether any webhook gets alerts of this severity.
    pub(crate) fn admits(&self, severity: Severity) -> bool {
        let mut webhooks = self.webhooks.values();
        webhooks.any(|webhook| webhook.severity.admits(severity))
    }
}

impl Webhook {
    fn check(&self, name: &str, ctx: &mut Context<'_>) -> Result<()> {
        let is_legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || !name.chars().all(is_legal) || name.len() > NAME_CHARS_MAX {
            bail!("its name is not valid: use a-z, 0-9, - and _, at most {NAME_CHARS_MAX} of them");
        }
        let url = self.url.reveal();
        let rest = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        // Not quoted: the address may be a secret.
        match rest {
            Some(rest)
                if !rest.is_empty()
                    && !url.contains(|c: char| c.is_whitespace() || c.is_control()) => {}
            _ => bail!("its url is not valid: use https://HOST/PATH"),
        }
        if let Some(key) = &self.key {
            ctx.sign(key, b"")
                .map_err(|error| error.context("its key"))?;
        }
        Ok(())
    }
}
