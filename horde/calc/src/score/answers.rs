//! Answers of a language model, compared with those of the trusted miner (section 3.5).

use std::collections::BTreeMap;

/// The first prompt whose answer does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerMismatch {
    /// No answer to the prompt.
    #[error("prompt {index} has no answer")]
    Missing {
        /// Place of the prompt in the sample, from 0.
        index: usize,
    },
    /// Another answer than the trusted miner's.
    #[error("the answer to prompt {index} differs from the trusted miner's")]
    Different {
        /// Place of the prompt in the sample, from 0.
        index: usize,
    },
}

/// Checks that each sampled prompt has the answer that is expected, byte by byte. Further answers do not matter.
///
/// # Errors
///
/// [`AnswerMismatch`] names the first prompt for which that is not so.
pub fn check_answers<'a>(
    expected: impl IntoIterator<Item = (&'a str, &'a str)>,
    given: &BTreeMap<String, String>,
) -> Result<(), AnswerMismatch> {
    for (index, (prompt, answer)) in expected.into_iter().enumerate() {
        match given.get(prompt) {
            None => return Err(AnswerMismatch::Missing { index }),
            Some(other) if other != answer => return Err(AnswerMismatch::Different { index }),
            Some(_) => {}
        }
    }
    Ok(())
}
