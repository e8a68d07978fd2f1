//! `cargo xtask test`: everything that must pass, counted.

use std::process::ExitCode;

use crate::package::PACKAGES;
use crate::public_api::PUBLIC_API;
use crate::steps::{self, CLIPPY, DENY, FMT, Step, TIDY, Tally, once};
use crate::workspace::Workspace;
use crate::{Result, output, tools, wasm};

/// Steps that need nothing but sources.
const SOURCES: [Step; 7] = [
    TIDY,
    FMT,
    CLIPPY,
    DENY,
    ("doc", |workspace| {
        once(
            workspace
                .cargo("doc --quiet --no-deps --workspace")
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    }),
    PUBLIC_API,
    PACKAGES,
];

/// Steps that the rest cannot do without.
const BUILD: [Step; 3] = [
    ("tools", tools::install),
    ("build", |workspace| {
        once(workspace.cargo("build --quiet --workspace"))
    }),
    ("wasm", |workspace| {
        wasm::build(workspace).map(|()| Tally::PASSED)
    }),
];

/// Steps that run what was built.
const TESTS: [Step; 4] = [
    ("tests", steps::tests),
    ("doc tests", steps::doc_tests),
    // Processes of their own: the memory that they report is not that of the steps before.
    ("demo", |workspace| {
        once(workspace.cargo("xtask demo --json"))
    }),
    ("demo of ComputeHorde", |workspace| {
        once(workspace.cargo("xtask horde demo --faults --json"))
    }),
];

/// Runs all steps and prints the count as the very last line.
pub(crate) fn run() -> ExitCode {
    steps::finish(all_steps())
}

/// A step that fails stops only those that cannot do without it.
fn all_steps() -> Result<Tally> {
    let workspace = Workspace::load()?;
    let mut total = steps::run(&workspace, &SOURCES);
    let built = steps::run(&workspace, &BUILD);
    total += built;
    if built.failed == 0 {
        total += steps::run(&workspace, &TESTS);
    } else {
        output::progress("skipped: tests, doc tests and both demos need the build");
    }
    Ok(total)
}
