//! The stored form: `benchmark/<benchmark id>` and `proof/<benchmark id>`, and what to do with records that do not decode.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tig_plugin_api::prelude::*;

use crate::{kind::Kind, submission::Submission};

/// Unreadable records are moved here under their own key, for a person to look at.
const DAMAGED: &str = "damaged/";

/// Stores a benchmark or proof; precommits are worth nothing after a restart.
pub(crate) fn put(
    ctx: &mut Context<'_>,
    kind: Kind,
    id: &str,
    submission: &Submission,
) -> Result<()> {
    match kind {
        Kind::Precommit => Ok(()),
        Kind::Benchmark | Kind::Proof => ctx.put(&format!("{kind}/{id}"), submission),
    }
}

pub(crate) fn delete(ctx: &mut Context<'_>, kind: Kind, id: &str) -> Result<()> {
    match kind {
        Kind::Precommit => Ok(()),
        Kind::Benchmark | Kind::Proof => ctx.delete(&format!("{kind}/{id}")),
    }
}

/// All that is stored and readable. The rest is set aside and reported.
pub(crate) fn restore(ctx: &mut Context<'_>) -> Result<BTreeMap<(Kind, String), Submission>> {
    let mut submissions = BTreeMap::new();
    for kind in [Kind::Proof, Kind::Benchmark] {
        let prefix = format!("{kind}/");
        for (key, value) in ctx.scan::<Value>(&prefix)? {
            match Submission::deserialize(&value) {
                Ok(submission) => {
                    drop(submissions.insert((kind, key[prefix.len()..].to_owned()), submission))
                }
                Err(error) => set_aside(ctx, &key, &value, &error.to_string())?,
            }
        }
    }
    Ok(submissions)
}

fn set_aside(ctx: &mut Context<'_>, key: &str, value: &Value, reason: &str) -> Result<()> {
    let aside = format!("{DAMAGED}{key}");
    ctx.error(&format!(
        "stored record `{key}` is unreadable, moved to `{aside}`: {reason}"
    ));
    ctx.put(&aside, value)?;
    ctx.delete(key)
}
