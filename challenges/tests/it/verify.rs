//! `verify_<challenge>.json`: the verdict on a solution, with the original's words.

use serde_json::Value;
use tig_challenges::{ChallengeKind, Instance};
use tig_protocol::{BenchmarkSettings, Solution};

use crate::vectors::{self, Report, field};

fn verdicts(file: &Value) -> Report {
    Report::of(file, "cases", |case| {
        let expected = &case["result"];
        let actual = verdict(case)?;
        let same = match expected["status"].as_str() {
            Some("ok") => actual == Verdict::Valid,
            Some("err") => {
                Some(&actual) == expected["error"].as_str().map(Verdict::invalid).as_ref()
            }
            Some("unparseable") => actual == Verdict::Unparseable,
            // Where the original crashes over a solution we refuse it.
            _ => match &actual {
                Verdict::Invalid(text) => text.ends_with("is out of bounds"),
                verdict => *verdict == Verdict::NoInstance,
            },
        };
        if same {
            Ok(())
        } else {
            Err(format!("{actual:?}, expected {expected}"))
        }
    })
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Valid,
    Invalid(String),
    Unparseable,
    NoInstance,
}

impl Verdict {
    fn invalid(text: &str) -> Self {
        Self::Invalid(text.to_owned())
    }
}

fn verdict(case: &Value) -> Result<Verdict, String> {
    let settings: BenchmarkSettings = field(case, "settings")?;
    let Ok(solution) = serde_json::from_str::<Solution>(&field::<String>(case, "solution_text")?)
    else {
        return Ok(Verdict::Unparseable);
    };
    let Some(kind) = ChallengeKind::from_id(&settings.challenge_id) else {
        return Ok(Verdict::NoInstance);
    };
    let seed = settings.seed(&field::<String>(case, "rand_hash")?, field(case, "nonce")?);
    let Ok(instance) = Instance::generate(kind, &seed, &settings.difficulty) else {
        return Ok(Verdict::NoInstance);
    };
    Ok(match instance.verify(&solution) {
        Ok(()) => Verdict::Valid,
        Err(error) => Verdict::Invalid(error.to_string()),
    })
}

#[test]
fn satisfiability_verdicts_are_those_of_the_original() {
    verdicts(&vectors::read("verify_satisfiability.json")).assert_conforms();
}

#[test]
fn knapsack_verdicts_are_those_of_the_original() {
    verdicts(&vectors::read("verify_knapsack.json")).assert_conforms();
}

#[test]
fn vehicle_routing_verdicts_are_those_of_the_original() {
    verdicts(&vectors::read("verify_vehicle_routing.json")).assert_conforms();
}

#[test]
fn vector_search_verdicts_are_those_of_the_original() {
    verdicts(&vectors::read("verify_vector_search.json")).assert_conforms();
}
