//! The stored form: `benchmark/<benchmark id>` and `proof/<benchmark id>`.

use std::collections::BTreeMap;

use tig_plugin_api::prelude::*;

use crate::kind::Kind;
use crate::submission::Submission;

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
        for (key, submission) in ctx.scan_sound(&prefix)? {
            submissions.insert((kind, key[prefix.len()..].to_owned()), submission);
        }
    }
    Ok(submissions)
}
