//! `cli.json`: command lines of the worker, through its real binary.
//!
//! Fuel, runtime signature and the hashes over them belong to an engine profile and are not compared.

use serde_json::Value;
use tig_protocol::{BatchResult, OutputData, canonical};

use super::compute_batch::same_but_profile;
use super::{Context, List};
use crate::case::{Case, Checked, Original, equal, text};
use crate::deviation::Law;
use crate::worker_binary::Output;

pub(super) const CASES: List = List {
    name: "cases",
    check,
    uphold,
};

fn check(context: &Context<'_>, case: Case<'_>) -> Checked {
    if matches!(case.original(), Original::Panic | Original::Timeout) {
        return Err(case.gave_up());
    }
    let Output {
        exit_code,
        stdout,
        stderr,
    } = run(context, case)?;
    equal("exit code", case.get("exit_code"), exit_code)?;
    equal("stderr", case.get("stderr"), stderr)?;
    let expected: String = case.field("stdout")?;
    if expected.starts_with('{') {
        same_result(&expected, &stdout)
    } else {
        equal("stdout", case.get("stdout"), stdout)
    }
}

fn uphold(context: &Context<'_>, law: &Law, case: Case<'_>) -> Checked {
    let Output {
        exit_code,
        stdout,
        stderr,
    } = run(context, case)?;
    match law {
        Law::Exit {
            code,
            stderr: beginning,
        } => {
            if exit_code == Some(*code) && stdout.is_empty() && stderr.starts_with(beginning) {
                return Ok(());
            }
            Err(format!("exit code {exit_code:?}, stdout `{stdout}`, stderr `{stderr}`").into())
        }
        _ => Err("this file has no such law".into()),
    }
}

fn run(context: &Context<'_>, case: Case<'_>) -> Result<Output, String> {
    context.worker()?.run(&case.field::<Vec<String>>("args")?)
}

/// Compares two printed results, and that ours is printed as the original prints.
fn same_result(expected: &str, actual: &str) -> Checked {
    let line: Value = serde_json::from_str(actual).map_err(text)?;
    equal(
        "printed form",
        &Value::from(actual),
        format!("{}\n", canonical::to_canonical(&line)),
    )?;
    if let Ok(expected) = serde_json::from_str::<BatchResult>(expected) {
        return same_but_profile(&expected, &serde_json::from_str(actual).map_err(text)?);
    }
    let expected: OutputData = serde_json::from_str(expected).map_err(text)?;
    let actual: OutputData = serde_json::from_str(actual).map_err(text)?;
    equal("nonce", &expected.nonce.into(), actual.nonce)?;
    equal("solution", &expected.solution.into(), actual.solution)
}
