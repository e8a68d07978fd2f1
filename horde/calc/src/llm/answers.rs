//! Files of answers: one JSON object, prompt to answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use unicode_normalization::UnicodeNormalization as _;

use super::series::strip;

/// Why a file has no answers.
#[derive(Debug, thiserror::Error)]
pub enum AnswersFault {
    /// It is compressed.
    #[error("the file of answers is compressed with gzip")]
    Gzip,
    /// It is not a JSON object in UTF-8.
    #[error("the file of answers is not a JSON object: {0}")]
    NotObject(#[source] serde_json::Error),
}

/// The first prompt whose answer does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// No answer to the prompt.
    #[error("prompt {index} has no answer")]
    Missing {
        /// Place of the prompt among those that are looked for, from 0.
        index: usize,
    },
    /// The key of the answer has white space around it, which the solver strips.
    #[error("prompt {index} has no answer, but for one whose key has blanks around it")]
    Blanks {
        /// As in [`AnswerFault::Missing`].
        index: usize,
    },
    /// The key of the answer is the prompt in another Unicode normalisation.
    #[error(
        "prompt {index} has no answer, but for one whose key is of another Unicode normalisation"
    )]
    KeyForm {
        /// As in [`AnswerFault::Missing`].
        index: usize,
    },
    /// The answer is not a text.
    #[error("the answer to prompt {index} is not a text")]
    NotText {
        /// As in [`AnswerFault::Missing`].
        index: usize,
    },
    /// Another answer than the trusted miner's.
    #[error("the answer to prompt {index} differs from the trusted miner's")]
    Different {
        /// As in [`AnswerFault::Missing`].
        index: usize,
    },
    /// The trusted miner's answer in another Unicode normalisation, which is another text.
    #[error(
        "the answer to prompt {index} differs from the trusted miner's in its Unicode normalisation"
    )]
    Form {
        /// As in [`AnswerFault::Missing`].
        index: usize,
    },
}

/// What a file says of the prompts that are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// `None` for a value that is not a text.
    by_prompt: BTreeMap<String, Option<String>>,
    /// Keys that are not looked for, at most [`OTHER_KEYS_MAX`]: they explain what is missing.
    other_keys: Vec<String>,
}

impl Answers {
    /// Reads what a file says of `prompts`. Of a key that comes twice the last value counts, as in Python. Other values are read
    /// over.
    ///
    /// # Errors
    ///
    /// See [`AnswersFault`].
    pub fn read<'a>(
        bytes: &[u8],
        prompts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AnswersFault> {
        if super::is_gzip(bytes) {
            return Err(AnswersFault::Gzip);
        }
        let prompts: BTreeSet<&str> = prompts.into_iter().collect();
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let answers = deserializer.deserialize_map(Keeper { prompts: &prompts });
        let answers = answers.and_then(|answers| deserializer.end().map(|()| answers));
        answers.map_err(AnswersFault::NotObject)
    }

    /// The answer to the prompt, which is the one at `index`.
    ///
    /// # Errors
    ///
    /// See [`AnswerFault`].
    pub fn answer(&self, index: usize, prompt: &str) -> Result<&str, AnswerFault> {
        match self.by_prompt.get(prompt) {
            Some(Some(answer)) => Ok(answer),
            Some(None) => Err(AnswerFault::NotText { index }),
            None => Err(self.explain_missing(index, prompt)),
        }
    }

    fn explain_missing(&self, index: usize, prompt: &str) -> AnswerFault {
        let keys = &self.other_keys;
        if keys.iter().any(|key| strip(key) == prompt) {
            return AnswerFault::Blanks { index };
        }
        match keys.iter().any(|key| is_same_but_for_form(key, prompt)) {
            true => AnswerFault::KeyForm { index },
            false => AnswerFault::Missing { index },
        }
    }
}

/// Checks that each prompt has the answer that is expected, byte by byte.
///
/// # Errors
///
/// [`AnswerFault`] names the first prompt for which that is not so.
pub fn check_answers<'a>(
    expected: impl IntoIterator<Item = (&'a str, &'a str)>,
    given: &Answers,
) -> Result<(), AnswerFault> {
    for (index, (prompt, answer)) in expected.into_iter().enumerate() {
        let other = given.answer(index, prompt)?;
        if other != answer {
            return Err(match is_same_but_for_form(other, answer) {
                true => AnswerFault::Form { index },
                false => AnswerFault::Different { index },
            });
        }
    }
    Ok(())
}

fn is_same_but_for_form(one: &str, other: &str) -> bool {
    one.nfc().eq(other.nfc())
}

/// Other keys that are kept: as many as a series has lines, and more. A file could have any number of them.
const OTHER_KEYS_MAX: usize = 1_000;

/// Keeps what is said of the prompts.
struct Keeper<'a> {
    prompts: &'a BTreeSet<&'a str>,
}

impl<'de> Visitor<'de> for Keeper<'_> {
    type Value = Answers;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of answers by their prompts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answers, A::Error> {
        let mut answers = Answers::default();
        while let Some(key) = map.next_key::<String>()? {
            if !self.prompts.contains(&*key) {
                map.next_value::<IgnoredAny>()?;
                if answers.other_keys.len() < OTHER_KEYS_MAX {
                    answers.other_keys.push(key);
                }
                continue;
            }
            let value: &RawValue = map.next_value()?;
            let text = match value.get().starts_with('"') {
                true => Some(serde_json::from_str(value.get()).map_err(A::Error::custom)?),
                false => None,
            };
            answers.by_prompt.insert(key, text);
        }
        Ok(answers)
    }
}
