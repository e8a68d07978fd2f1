//! `instances_<challenge>.json`: seed and difficulty give the bytes of an instance.

use serde_json::{Value, json};
use tig_challenges::{ChallengeKind, Instance};

use super::instance_parts::parts;
use super::{Context, List, error_upheld};
use crate::case::{Case, Checked, Fault, Original, equal, field, same_fields, text};
use crate::deviation::Law;

pub(super) const CASES: List = List {
    name: "cases",
    check,
    uphold,
};

fn check(context: &Context<'_>, case: Case<'_>) -> Checked {
    match (case.original(), generate(context, case)?) {
        (Original::Ok, Ok(instance)) => {
            check_bytes(instance.kind(), case.get("result"), &instance.to_bytes())
        }
        (Original::Ok, Err(error)) => Err(format!("error `{error}`, expected an instance").into()),
        (Original::Err, Err(_)) => Ok(()),
        (Original::Err, Ok(_)) => Err(format!("generated, expected {}", case.get("result")).into()),
        (Original::Panic | Original::Timeout, _) => Err(case.gave_up()),
    }
}

fn uphold(context: &Context<'_>, law: &Law, case: Case<'_>) -> Checked {
    error_upheld(law, generate(context, case)?)
}

/// The outer error is a case that cannot be run, the inner one an answer.
fn generate(context: &Context<'_>, case: Case<'_>) -> Result<Result<Instance, String>, Fault> {
    let name: String = field(context.content, "challenge")?;
    let Some(kind) = ChallengeKind::ALL
        .into_iter()
        .find(|kind| kind.name() == name)
    else {
        return Err(Fault::Missing(format!(
            "challenge `{name}` is not built in"
        )));
    };
    let mut seed = [0; 32];
    hex::decode_to_slice(case.field::<String>("seed_hex")?, &mut seed).map_err(text)?;
    let difficulty: Vec<i32> = case.field("difficulty")?;
    Ok(Instance::generate(kind, &seed, &difficulty).map_err(text))
}

/// The single parts come first, because they say where a difference starts.
fn check_bytes(kind: ChallengeKind, expected: &Value, bytes: &[u8]) -> Checked {
    let parts = parts(kind.name(), bytes).ok_or("the bytes are not laid out as the original's")?;
    same_fields(&expected["parts"], &parts)?;
    check_excerpts(expected, bytes)?;
    same_fields(
        expected,
        &json!({"bincode_len": bytes.len(), "bincode_blake3": blake3::hash(bytes).to_string()}),
    )
}

/// Bytes that small instances and the ends of large ones are given in.
fn check_excerpts(expected: &Value, bytes: &[u8]) -> Checked {
    let excerpt = |name: &str, from: usize| -> Checked {
        let Some(digits) = expected[name].as_str() else {
            return Ok(());
        };
        let excerpt = bytes.get(from..).unwrap_or_default();
        let length = excerpt.len().min(digits.len() / 2);
        equal(name, &expected[name], hex::encode(&excerpt[..length]))
    };
    excerpt("bincode_hex", 0)?;
    excerpt("bincode_head_hex", 0)?;
    match expected["bincode_tail_offset"].as_u64() {
        Some(from) => excerpt("bincode_tail_hex", usize::try_from(from).map_err(text)?),
        None => Ok(()),
    }
}
