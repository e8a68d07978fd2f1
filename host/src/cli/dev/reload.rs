//! Lets the running host take a new build of the plugin.

use serde_json::Value;

use super::super::admin::{AdminError, Where};
use super::super::client::{OperatorClient, path_part};
use super::error::DevError;
use crate::control::report::{HostStatus, ReloadReport, ReportedOutcome};
use crate::observe::status::ExtensionStatus;
use crate::plugin::short_hash;

/// What became of a build.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Taken {
    /// It runs: its version and the beginning of its hash.
    Runs(String),
    /// It ran already: the build is the same to the byte.
    RanBefore,
    /// It is rejected, and the earlier build goes on.
    Rejected(String),
}

/// Reloads the plugin, whose file has the hash `hash`; `before` is that of the build that ran.
pub(super) async fn reload(
    place: &Where,
    plugin: &str,
    hash: &str,
    before: &str,
) -> Result<Taken, DevError> {
    let client = OperatorClient::new(place)?;
    let path = format!("v1/control/reload/{}", path_part(plugin));
    let reply = client.post::<ReloadReport>(&path, &Value::Null).await;
    let rejected = match reply {
        Ok(report) => rejection(&report),
        Err(AdminError::Refused(reason)) => Some(reason),
        Err(error) => return Err(error.into()),
    };
    // The host may have noticed the file before it was asked, so its status says what runs.
    let extension = extension(&client, plugin).await?;
    Ok(match (extension, rejected) {
        (Some(it), _) if it.hash == hash && before != hash => Taken::Runs(version(&it)),
        (_, Some(reason)) => Taken::Rejected(reason),
        (Some(it), None) if it.hash == hash => Taken::RanBefore,
        (Some(it), None) => Taken::Rejected(it.rejected.unwrap_or_default()),
        (None, None) => Taken::Rejected("the host does not list it".to_owned()),
    })
}

/// Version and hash of the running plugin.
pub(super) async fn running_version(place: &Where, plugin: &str) -> Result<String, DevError> {
    let client = OperatorClient::new(place)?;
    let extension = extension(&client, plugin).await?;
    Ok(extension.map(|it| version(&it)).unwrap_or_default())
}

async fn extension(
    client: &OperatorClient,
    plugin: &str,
) -> Result<Option<ExtensionStatus>, AdminError> {
    let status: HostStatus = client.get("v1/status", &[]).await?;
    let mut extensions = status.extensions.into_iter();
    Ok(extensions.find(|extension| extension.name == plugin))
}

fn version(extension: &ExtensionStatus) -> String {
    format!("{} ({})", extension.version, short_hash(&extension.hash))
}

fn rejection(report: &ReloadReport) -> Option<String> {
    report
        .reloads
        .iter()
        .find_map(|reload| match &reload.outcome {
            ReportedOutcome::Refused { reason } => Some(reason.clone()),
            _ => None,
        })
}
