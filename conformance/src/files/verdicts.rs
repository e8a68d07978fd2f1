//! `verify_<challenge>.json`: the verdict on a solution, with the original's words.

use tig_challenges::{ChallengeKind, Instance};
use tig_protocol::{BenchmarkSettings, Solution};

use super::{Context, List};
use crate::case::{Case, Checked, Fault, Original};
use crate::deviation::Law;
use crate::files::error_upheld;

pub(super) const CASES: List = List {
    name: "cases",
    check,
    uphold,
};

/// Our verdict on a solution.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    Valid,
    Invalid(String),
    Unparseable,
    NoInstance(String),
}

fn check(_: &Context<'_>, case: Case<'_>) -> Checked {
    let result = case.get("result");
    let expected = match (case.original(), result["status"].as_str()) {
        (Original::Ok, _) => Verdict::Valid,
        (_, Some("err")) => {
            Verdict::Invalid(result["error"].as_str().unwrap_or_default().to_owned())
        }
        (_, Some("unparseable")) => Verdict::Unparseable,
        _ => return Err(case.gave_up()),
    };
    let actual = verdict(case)?;
    if actual == expected {
        Ok(())
    } else {
        Err(format!("{actual:?}, expected {expected:?}").into())
    }
}

fn uphold(_: &Context<'_>, law: &Law, case: Case<'_>) -> Checked {
    let answer = match verdict(case)? {
        Verdict::Valid => Ok(()),
        other => Err(format!("{other:?}")),
    };
    error_upheld(law, answer)
}

fn verdict(case: Case<'_>) -> Result<Verdict, Fault> {
    let settings: BenchmarkSettings = case.field("settings")?;
    let Ok(solution) = serde_json::from_str(&case.field::<String>("solution_text")?) else {
        return Ok(Verdict::Unparseable);
    };
    known(&settings, case)?;
    Ok(judge(
        &settings,
        &case.field::<String>("rand_hash")?,
        case.field("nonce")?,
        &solution,
    ))
}

/// Whether a challenge that the original has is here too.
pub(super) fn known(settings: &BenchmarkSettings, case: Case<'_>) -> Checked {
    let id = &settings.challenge_id;
    if ChallengeKind::from_id(id).is_none() && case.original() != Original::Panic {
        return Err(Fault::Missing(format!("challenge `{id}` is not built in")));
    }
    Ok(())
}

pub(super) fn judge(
    settings: &BenchmarkSettings,
    rand_hash: &str,
    nonce: u64,
    solution: &Solution,
) -> Verdict {
    let Some(kind) = ChallengeKind::from_id(&settings.challenge_id) else {
        return Verdict::NoInstance("unknown challenge".to_owned());
    };
    let seed = settings.seed(rand_hash, nonce);
    match Instance::generate(kind, &seed, &settings.difficulty) {
        Err(error) => Verdict::NoInstance(error.to_string()),
        Ok(instance) => match instance.verify(solution) {
            Ok(()) => Verdict::Valid,
            Err(reason) => Verdict::Invalid(reason.to_string()),
        },
    }
}
