//! `vm.json`: complete modules, hostile ones among them. Outcome, solution and verdict must agree.
//!
//! Runtime signatures belong to an engine profile and are not compared; fuel need only be near.

use tig_protocol::{BenchmarkSettings, OutputData, Solution};
use tig_worker::{Algorithm, BadModule, Limits, Outcome, compute_nonce};

use super::fuel::near;
use super::verdicts::known;
use super::{Context, List};
use crate::case::{Case, Checked, Original, equal, field, text};
use crate::deviation::{FUEL_FACTOR, Law};

pub(super) const CASES: List = List {
    name: "cases",
    check,
    uphold,
};

/// How a run ended, without what two engines say in different words.
#[derive(Debug, Clone, PartialEq)]
enum End {
    Solved,
    Invalid(String),
    NoSolution,
    OutOfFuel,
    OutOfMemory,
    Trapped,
    BadResult,
    Refused(String),
}

type Answer = (End, Solution);

fn check(_: &Context<'_>, case: Case<'_>) -> Checked {
    if case.original() != Original::Ok {
        return Err(case.gave_up());
    }
    let expected = expected(case)?;
    let (actual, fuel_consumed) = measure(case, &limits(case)?)?;
    if actual != expected {
        return Err(format!("{actual:?}, expected {expected:?}").into());
    }
    match actual.0 {
        End::Solved | End::Invalid(_) | End::NoSolution => {
            let output: OutputData = field(case.get("result"), "output")?;
            near(output.fuel_consumed, fuel_consumed)
        }
        // Work that is not finished is charged in advance or not at all.
        _ => Ok(()),
    }
}

fn uphold(_: &Context<'_>, law: &Law, case: Case<'_>) -> Checked {
    let limits = limits(case)?;
    match law {
        Law::NoSolution => match run(case, &limits)? {
            (end, solution) if solution.is_empty() && end != End::Solved => Ok(()),
            other => Err(format!("{other:?}").into()),
        },
        Law::BadResult => match run(case, &limits)? {
            (End::BadResult, solution) if solution.is_empty() => Ok(()),
            other => Err(format!("{other:?}").into()),
        },
        Law::UnsupportedModule => match Algorithm::compile(&wasm(case)?) {
            Err(BadModule::Invalid(reason)) if is_about_proposals(&reason) => Ok(()),
            other => Err(format!("{other:?}").into()),
        },
        Law::FuelUnits => uphold_fuel_units(case, &limits),
        _ => Err("this file has no such law".into()),
    }
}

/// The engine's words for something that would be valid if its proposal were switched on; `externref` is a type of the
/// garbage collector to it.
fn is_about_proposals(reason: &str) -> bool {
    reason.contains("gc types are disallowed") || reason.contains("support is not enabled")
}

fn uphold_fuel_units(case: Case<'_>, limits: &Limits) -> Checked {
    let expected = expected(case)?;
    let max_fuel = match expected.0 {
        End::OutOfFuel => limits.max_fuel / FUEL_FACTOR,
        _ => limits.max_fuel.saturating_mul(FUEL_FACTOR),
    };
    let actual = run(
        case,
        &Limits {
            max_fuel,
            ..*limits
        },
    )?;
    if actual == expected {
        return Ok(());
    }
    Err(format!("with {max_fuel} fuel {actual:?}, expected {expected:?}").into())
}

/// Outcome of the original; its output is checked on the way.
fn expected(case: Case<'_>) -> Result<Answer, crate::case::Fault> {
    let result = case.get("result");
    let output: OutputData = field(result, "output")?;
    equal(
        "output_canonical",
        &result["output_canonical"],
        output.canonical(),
    )?;
    equal("leaf_hash", &result["leaf_hash"], output.leaf_hash())?;
    let end = match (result["err_msg"].as_str(), result["verify"].as_str()) {
        (Some(error), _) if error.contains("OutOfFuel") => End::OutOfFuel,
        (Some(error), _) if error.contains("GrowthOperationLimited") => End::OutOfMemory,
        (Some(error), _) if error.contains("TrapCode") => End::Trapped,
        (Some(_), _) => End::BadResult,
        (None, Some("ok")) => End::Solved,
        (None, _) if output.solution.is_empty() => End::NoSolution,
        (None, verify) => {
            let reason = verify.and_then(|verify| verify.strip_prefix("err: "));
            End::Invalid(reason.ok_or("neither error nor verdict")?.to_owned())
        }
    };
    Ok((end, output.solution))
}

fn run(case: Case<'_>, limits: &Limits) -> Result<Answer, crate::case::Fault> {
    measure(case, limits).map(|(answer, _)| answer)
}

/// The answer, and the fuel it took.
fn measure(case: Case<'_>, limits: &Limits) -> Result<(Answer, u64), crate::case::Fault> {
    let settings: BenchmarkSettings = case.field("settings")?;
    known(&settings, case)?;
    let refused = |reason: String| ((End::Refused(reason), Solution::new()), 0);
    let algorithm = match Algorithm::compile(&wasm(case)?) {
        Ok(algorithm) => algorithm,
        Err(reason) => return Ok(refused(reason.to_string())),
    };
    let rand_hash: String = case.field("rand_hash")?;
    let computed = match compute_nonce(
        &algorithm,
        &settings,
        &rand_hash,
        case.field("nonce")?,
        limits,
    ) {
        Ok(computed) => computed,
        Err(reason) => return Ok(refused(reason.to_string())),
    };
    let end = match computed.outcome {
        Outcome::Solved => End::Solved,
        Outcome::Invalid(reason) => End::Invalid(reason),
        Outcome::NoSolution => End::NoSolution,
        Outcome::OutOfFuel => End::OutOfFuel,
        Outcome::OutOfMemory => End::OutOfMemory,
        Outcome::Trapped(_) => End::Trapped,
        Outcome::BadResult(_) => End::BadResult,
    };
    let output = computed.output;
    Ok(((end, output.solution), output.fuel_consumed))
}

fn wasm(case: Case<'_>) -> Result<Vec<u8>, String> {
    hex::decode(case.field::<String>("wasm_hex")?).map_err(text)
}

fn limits(case: Case<'_>) -> Result<Limits, String> {
    Ok(Limits {
        max_fuel: case.field("max_fuel")?,
        max_memory: case.field("max_memory")?,
    })
}
