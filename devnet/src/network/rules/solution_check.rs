//! Whether a declared solution is one: the only work of a submission that takes more than a moment.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::network::state::{DeclaredSolution, SolutionCheck};

/// Answers that a [`PreparedCheck`] remembers before it forgets all of them.
const ANSWERS_MAX: usize = 4_096;

/// Generates the instance and verifies the solution.
#[derive(Debug, Clone, Copy)]
pub struct RealCheck;

impl SolutionCheck for RealCheck {
    fn solves(&self, declared: DeclaredSolution<'_>) -> bool {
        let DeclaredSolution {
            settings,
            rand_hash,
            nonce,
            solution,
        } = declared;
        tig_worker::verify_solution(settings, rand_hash, nonce, solution).is_ok()
    }
}

/// Another check, which can be asked ahead of the submission: the work is done then, away from the network.
#[derive(Debug)]
pub struct PreparedCheck<C> {
    check: C,
    /// By a hash of the question.
    answers: Mutex<BTreeMap<[u8; 32], bool>>,
}

impl<C: SolutionCheck> PreparedCheck<C> {
    /// Nothing is prepared yet.
    pub fn new(check: C) -> Self {
        Self {
            check,
            answers: Mutex::default(),
        }
    }
}

impl<C: SolutionCheck> SolutionCheck for PreparedCheck<C> {
    fn solves(&self, declared: DeclaredSolution<'_>) -> bool {
        let question = question(declared);
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = answers.get(&question).copied();
        drop(answers);
        known.unwrap_or_else(|| self.check.solves(declared))
    }

    fn prepare(&self, declared: DeclaredSolution<'_>) {
        let answer = self.check.solves(declared);
        let question = question(declared);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(question, answer);
    }
}

/// JSON, because it keeps apart what is next to each other.
fn question(declared: DeclaredSolution<'_>) -> [u8; 32] {
    let DeclaredSolution {
        settings,
        rand_hash,
        nonce,
        solution,
    } = declared;
    let question = serde_json::json!([settings, rand_hash, nonce, solution]);
    *blake3::hash(question.to_string().as_bytes()).as_bytes()
}
