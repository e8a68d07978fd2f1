//! `compute_solution.json`: outputs of modules that are not here, so what was printed is checked against itself.

use tig_protocol::{BenchmarkSettings, OutputData};

use super::verdicts::{Verdict, judge, known};
use super::{Context, List, no_law};
use crate::case::{Case, Checked, Fault, Original, equal, text};

pub(super) const CASES: List = List {
    name: "cases",
    check,
    uphold: no_law,
};

fn check(_: &Context<'_>, case: Case<'_>) -> Checked {
    if case.original() == Original::Panic {
        return Err(Fault::Missing(
            "nothing was printed, and the module is not here".to_owned(),
        ));
    }
    let line: String = case.field("stdout")?;
    let output: OutputData = serde_json::from_str(&line).map_err(text)?;
    equal(
        "stdout",
        case.get("stdout"),
        format!("{}\n", output.canonical()),
    )?;
    equal("nonce", case.get("nonce"), output.nonce)?;
    equal("leaf_hash", case.get("leaf_hash"), output.leaf_hash())?;
    check_verdict(case, &output)
}

/// The exit code and the error that follow from what was printed.
fn check_verdict(case: Case<'_>, output: &OutputData) -> Checked {
    let stderr: String = case.field("stderr")?;
    if output.solution.is_empty() {
        let without_solution = ["Error: No solution found\n", "Error: Runtime error: "];
        return match without_solution.iter().any(|text| stderr.starts_with(text)) {
            true => equal("exit_code", case.get("exit_code"), 1),
            false => Err(format!("there is no solution, but the error is `{stderr}`").into()),
        };
    }
    let settings: BenchmarkSettings = case.field("settings")?;
    known(&settings, case)?;
    let (exit_code, error) = match judge(
        &settings,
        &case.field::<String>("rand_hash")?,
        output.nonce,
        &output.solution,
    ) {
        Verdict::Valid => (0, String::new()),
        Verdict::Invalid(reason) => (1, format!("Error: Invalid solution: {reason}\n")),
        other => return Err(format!("{other:?}").into()),
    };
    equal("exit_code", case.get("exit_code"), exit_code)?;
    equal("stderr", case.get("stderr"), error)
}
