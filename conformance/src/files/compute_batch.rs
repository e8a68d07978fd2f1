//! `compute_batch.json`: the printed batch against itself, and against ours where the module is here.
//!
//! Runtime signatures and the hashes over them belong to an engine profile and are not compared; fuel need only be near.

use std::collections::BTreeSet;

use serde_json::json;
use tig_protocol::{Batch, BatchResult, BenchmarkSettings, MerkleProof, WasmVmConfig};
use tig_worker::{Algorithm, BatchJob, Limits, compute_batch};

use super::fuel::near;
use super::verdicts::{Verdict, judge, known};
use super::{Context, List};
use crate::case::{Case, Checked, Fault, Original, equal, text};
use crate::deviation::{FUEL_FACTOR, Law};

pub(super) const CASES: List = List {
    name: "cases",
    check,
    uphold,
};

fn check(context: &Context<'_>, case: Case<'_>) -> Checked {
    let batch = batch(case)?;
    known(&batch.settings, case)?;
    match case.original() {
        Original::Ok => {}
        Original::Err => {
            let Some(wasm) = module(context, case)? else {
                return Err(Fault::Missing(
                    "nothing was printed, and the module is not here".to_owned(),
                ));
            };
            return match run(wasm, &batch, case, &limits(case)?) {
                Err(_) => Ok(()),
                Ok(_) => Err("computed, expected an error".into()),
            };
        }
        Original::Panic | Original::Timeout => return Err(case.gave_up()),
    }
    let expected: BatchResult = case.field("canonical")?;
    check_printed(&batch, &expected)?;
    let Some(wasm) = module(context, case)? else {
        return Ok(());
    };
    let actual = run(wasm, &batch, case, &limits(case)?)?;
    batch.check(&actual).map_err(text)?;
    same_but_profile(&expected, &actual)?;
    for (expected, actual) in by_nonce(&expected).iter().zip(by_nonce(&actual)) {
        near(expected.leaf.fuel_consumed, actual.leaf.fuel_consumed)?;
    }
    Ok(())
}

fn uphold(context: &Context<'_>, law: &Law, case: Case<'_>) -> Checked {
    let batch = batch(case)?;
    let limits = limits(case)?;
    let Some(wasm) = module(context, case)? else {
        return Err(Fault::Missing(
            "nothing was printed, and the module is not here".to_owned(),
        ));
    };
    match law {
        Law::NoSolution => match run(wasm, &batch, case, &limits) {
            Err(_) => Ok(()),
            Ok(result) => {
                batch.check(&result).map_err(text)?;
                let empty = result
                    .merkle_proofs
                    .iter()
                    .all(|proof| proof.leaf.solution.is_empty());
                equal("solution_nonces", &json!([]), &result.solution_nonces)?;
                equal("leaves are empty", &json!(true), empty)
            }
        },
        Law::FuelUnits => {
            let with_fuel = |max_fuel| run(wasm, &batch, case, &Limits { max_fuel, ..limits });
            let less = with_fuel(limits.max_fuel / FUEL_FACTOR)?;
            let more = with_fuel(limits.max_fuel.saturating_mul(FUEL_FACTOR))?;
            between(&less, &case.field("canonical")?, &more)
        }
        _ => Err("this file has no such law".into()),
    }
}

/// Whether all that `less` solved is in `expected`, and all of `expected` in `more`.
fn between(less: &BatchResult, expected: &BatchResult, more: &BatchResult) -> Checked {
    let nonces = |result: &BatchResult| {
        result
            .solution_nonces
            .iter()
            .copied()
            .collect::<BTreeSet<u64>>()
    };
    let (solved_by_less, solved, solved_by_more) = (nonces(less), nonces(expected), nonces(more));
    if !solved_by_less.is_subset(&solved) || !solved.is_subset(&solved_by_more) {
        return Err(format!(
            "solved {solved:?}, with less fuel {solved_by_less:?}, with more {solved_by_more:?}"
        )
        .into());
    }
    for (expected, more) in by_nonce(expected).iter().zip(by_nonce(more)) {
        if !expected.leaf.solution.is_empty() && expected.leaf.solution != more.leaf.solution {
            return Err(format!("the solution of nonce {} differs", expected.leaf.nonce).into());
        }
    }
    Ok(())
}

/// Proofs lead from their leaves to the root, and the sampled solutions are those that verify.
fn check_printed(batch: &Batch, printed: &BatchResult) -> Checked {
    batch.check(printed).map_err(text)?;
    for MerkleProof { leaf, .. } in &printed.merkle_proofs {
        let verdict = judge(
            &batch.settings,
            &batch.rand_hash,
            leaf.nonce,
            &leaf.solution,
        );
        let solved = printed.solution_nonces.contains(&leaf.nonce);
        if (verdict == Verdict::Valid) != solved {
            return Err(format!(
                "nonce {}: {verdict:?}, listed as solution: {solved}",
                leaf.nonce
            )
            .into());
        }
    }
    Ok(())
}

/// Compares all but fuel, signature and the hashes that follow from them.
pub(super) fn same_but_profile(expected: &BatchResult, actual: &BatchResult) -> Checked {
    let comparable = |result: &BatchResult| {
        let mut solution_nonces = result.solution_nonces.clone();
        solution_nonces.sort_unstable();
        let leaves = by_nonce(result).into_iter().map(|proof| {
            let depths: Vec<u8> = proof
                .branch
                .stems()
                .iter()
                .map(|(depth, _)| *depth)
                .collect();
            json!([proof.leaf.nonce, proof.leaf.solution, depths])
        });
        let leaves: Vec<_> = leaves.collect();
        (json!(solution_nonces), json!(leaves))
    };
    let ((expected_nonces, expected_leaves), (nonces, leaves)) =
        (comparable(expected), comparable(actual));
    equal("solution_nonces", &expected_nonces, nonces)?;
    equal(
        "[nonce, solution, depths] of the proofs",
        &expected_leaves,
        leaves,
    )
}

fn by_nonce(result: &BatchResult) -> Vec<&MerkleProof> {
    let mut proofs: Vec<&MerkleProof> = result.merkle_proofs.iter().collect();
    proofs.sort_by_key(|proof| proof.leaf.nonce);
    proofs
}

fn batch(case: Case<'_>) -> Result<Batch, Fault> {
    let settings: BenchmarkSettings = case.field("settings")?;
    let Limits {
        max_fuel,
        max_memory,
    } = limits(case)?;
    Ok(Batch {
        benchmark_id: String::new(),
        settings,
        num_nonces: case.field("num_nonces")?,
        start_nonce: case.field("start_nonce")?,
        batch_size: case.field("batch_size")?,
        rand_hash: case.field("rand_hash")?,
        sampled_nonces: case.field("sampled")?,
        wasm_vm_config: WasmVmConfig {
            max_memory,
            max_fuel,
        },
        download_url: String::new(),
    })
}

fn module<'a>(context: &Context<'a>, case: Case<'_>) -> Result<Option<&'a [u8]>, String> {
    Ok(context.modules.find(&case.field::<String>("wasm")?))
}

fn run(wasm: &[u8], batch: &Batch, case: Case<'_>, limits: &Limits) -> Result<BatchResult, String> {
    let algorithm = Algorithm::compile(wasm).map_err(text)?;
    let job = BatchJob::from(batch);
    compute_batch(&algorithm, &job, limits, case.field("workers")?).map_err(text)
}

/// The limits among the extra arguments.
fn limits(case: Case<'_>) -> Result<Limits, String> {
    let args: Vec<String> = case.field("extra_args")?;
    let mut limits = Limits::default();
    for pair in args.chunks(2) {
        match pair {
            [name, value] if name == "--fuel" => limits.max_fuel = value.parse().map_err(text)?,
            [name, value] if name == "--mem" => limits.max_memory = value.parse().map_err(text)?,
            other => return Err(format!("unknown arguments {other:?}")),
        }
    }
    Ok(limits)
}
