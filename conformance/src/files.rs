//! The files that are known, and how the cases of each are checked.

mod command_line;
mod compute_batch;
mod compute_solution;
mod frontiers;
mod fuel;
mod horde;
mod instance_parts;
mod instances;
mod merkle;
mod output_hash;
mod precise_number;
mod seeds;
mod verdicts;
mod vm;
mod wasms;

use std::slice;
use std::sync::OnceLock;

use serde_json::Value;

use crate::case::{Case, Checked, field};
use crate::deviation::Law;
use crate::modules::Modules;
use crate::worker_binary::WorkerBinary;

/// Inputs of a check besides its case.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The whole file.
    pub(crate) content: &'a Value,
    pub(crate) modules: &'a Modules,
    /// Only some files need it.
    worker: OnceLock<Result<WorkerBinary, String>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(content: &'a Value, modules: &'a Modules) -> Self {
        Self {
            content,
            modules,
            worker: OnceLock::new(),
        }
    }

    /// The worker as a program.
    fn worker(&self) -> Result<&WorkerBinary, String> {
        let prepare = || WorkerBinary::prepare(&field(self.content, "files")?, self.modules);
        self.worker
            .get_or_init(prepare)
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// A list of cases in a file.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) name: &'static str,
    /// Whether the case agrees with the original.
    pub(crate) check: fn(&Context<'_>, Case<'_>) -> Checked,
    /// Whether a case that does not agree keeps a law.
    pub(crate) uphold: fn(&Context<'_>, &Law, Case<'_>) -> Checked,
}

/// Name of a list whose only case is all that the file holds.
const WHOLE_FILE: &str = "whole file";
/// Name of a list that is all that the file holds.
const TOP_LEVEL: &str = "top level";

impl List {
    /// The cases, if the file has the list.
    pub(crate) fn cases<'a>(&self, content: &'a Value) -> Option<&'a [Value]> {
        match self.name {
            WHOLE_FILE => Some(slice::from_ref(content)),
            TOP_LEVEL => content.as_array().map(Vec::as_slice),
            name => content[name].as_array().map(Vec::as_slice),
        }
    }
}

/// Treatment of a known file.
#[derive(Debug)]
pub(crate) enum Run {
    Lists(&'static [List]),
    Skip(&'static str),
}

/// Files by name; `instances` stands for `instances_<challenge>` too, `mv` for `mv.<Message>.examples`, `organic` for the
/// traces `organic.<peers>`, and so on.
const FILES: [(&str, Run); 31] = [
    ("cap_weights", Run::Lists(&[horde::cap_weights::ROWS])),
    ("cli", Run::Lists(&[command_line::CASES])),
    ("compute_batch", Run::Lists(&[compute_batch::CASES])),
    ("compute_solution", Run::Lists(&[compute_solution::CASES])),
    (
        "difficulty_sampler",
        Run::Skip("skipped: the sampler is an extension and checked there"),
    ),
    ("encrypted_hotkey", Run::Lists(&[horde::keys::HOTKEY_FILE])),
    ("em", Run::Lists(&[horde::messages::OF_EXECUTORS])),
    (
        "epoch_boundaries",
        Run::Lists(&[horde::schedule::BOUNDARIES]),
    ),
    ("formula_vectors", Run::Lists(&horde::FORMULAS)),
    ("frontiers", Run::Lists(&[frontiers::CASES])),
    ("fv", Run::Lists(&[horde::messages::OF_FACILITATORS])),
    ("instances", Run::Lists(&[instances::CASES])),
    ("llm", Run::Lists(&[horde::traces::LINES])),
    ("merkle", Run::Lists(&[merkle::TREES, merkle::OPS])),
    ("mock_answers", Run::Lists(&[horde::draws::MOCK_ANSWERS])),
    ("mv", Run::Lists(&[horde::messages::OF_MINERS])),
    ("negative", Run::Lists(&[horde::traces::LINES])),
    ("organic", Run::Lists(&[horde::traces::LINES])),
    (
        "output_hash",
        Run::Lists(&[output_hash::CASES, output_hash::BAD_SOLUTIONS]),
    ),
    ("precise_number", Run::Lists(&[precise_number::CASES])),
    ("presigned_urls", Run::Lists(&[horde::presigned_urls::ROWS])),
    ("receipts", Run::Lists(&[horde::receipts::EXAMPLES])),
    ("seeds", Run::Lists(&[seeds::CASES])),
    ("synthetic_echo", Run::Lists(&[horde::traces::LINES])),
    ("synthetic_llm", Run::Lists(&[horde::traces::LINES])),
    (
        "timings",
        Run::Skip("skipped: times of another machine, for information"),
    ),
    (
        "vectors",
        Run::Lists(&[horde::keys::KEYS, horde::keys::SIGNATURES]),
    ),
    ("verify", Run::Lists(&[verdicts::CASES])),
    ("vm", Run::Lists(&[vm::CASES])),
    ("wasms", Run::Lists(&[wasms::OFFICIAL, wasms::MINI])),
    (
        "weights_commit_reveal",
        Run::Lists(&[horde::recorded_run::RUN]),
    ),
];

/// The entry of a file name without its extension.
pub(crate) fn find(name: &str) -> Option<(&'static str, &'static Run)> {
    let known = |known: &str| {
        name.strip_prefix(known).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('_') || is_examples(rest) || is_trace(rest)
        })
    };
    FILES
        .iter()
        .find(|(file, _)| known(file))
        .map(|(file, run)| (*file, run))
}

fn is_examples(rest: &str) -> bool {
    rest.starts_with('.') && rest.ends_with(".examples")
}

fn is_trace(rest: &str) -> bool {
    rest.starts_with('.') && rest.ends_with(".jsonl")
}

/// For lists whose cases must all agree.
fn no_law(_: &Context<'_>, _: &Law, _: Case<'_>) -> Checked {
    Err("this file has no such law".into())
}

/// Upholds [`Law::Error`]: an answer is broken, an error is not.
fn error_upheld<T>(law: &Law, answer: Result<T, String>) -> Checked {
    match (law, answer) {
        (Law::Error, Err(_)) => Ok(()),
        (Law::Error, Ok(_)) => Err("there is an answer".into()),
        _ => Err("this file has no such law".into()),
    }
}
