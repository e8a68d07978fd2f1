//! Steps that need nothing but sources.

use std::process::Stdio;

use super::{Step, Tally, once};
use crate::workspace::Workspace;
use crate::{Result, output, tidy};

/// Rules that no other tool knows.
pub(crate) const TIDY: Step = ("tidy", tidy);

/// One format.
pub(crate) const FMT: Step = ("fmt", |workspace| {
    once(workspace.cargo("fmt --all --check"))
});

/// No lint is broken.
pub(crate) const CLIPPY: Step = ("clippy", |workspace| {
    once(workspace.cargo("clippy --quiet --workspace --all-targets -- -D warnings"))
});

/// Licences, origins and duplicates of third-party crates; advisories need a network.
pub(crate) const DENY: Step = ("deny", deny);

fn tidy(workspace: &Workspace) -> Result<Tally> {
    let complaints = tidy::check(workspace)?;
    for complaint in &complaints {
        output::progress(complaint);
    }
    Ok(if complaints.is_empty() {
        Tally::PASSED
    } else {
        Tally::FAILED
    })
}

fn deny(workspace: &Workspace) -> Result<Tally> {
    let mut version = workspace.cargo("deny --version");
    let version = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        output::progress(
            "skipped: cargo-deny is not installed, so nothing checks licences and duplicates; `cargo install cargo-deny`",
        );
        return Ok(Tally::default());
    }
    once(workspace.cargo("deny --offline --log-level warn check -D warnings bans licenses sources"))
}
