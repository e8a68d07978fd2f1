//! Files of answers with a fault.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use horde_calc::llm::mock_answer;
use serde_json::{Map, Value, json};

use crate::vice::AnswersFault;

/// Bytes of an answer that makes its file huge.
const HUGE_ANSWER_BYTES: usize = 50 << 20;
/// Answers to prompts that were not asked.
const EXTRA_ANSWERS_COUNT: u32 = 1_000;

/// The file of these answers, which are the right ones for this seed, with a fault.
pub(super) fn spoil_answers(
    fault: AnswersFault,
    seed: u32,
    right: &BTreeMap<&str, String>,
) -> io::Result<Vec<u8>> {
    let each = |change: &dyn Fn(&str, &str) -> (String, Value)| {
        let changed = right.iter().map(|(prompt, answer)| change(prompt, answer));
        Value::Object(changed.collect())
    };
    let mut whole = Map::new();
    for (prompt, answer) in right {
        whole.insert((*prompt).to_owned(), answer.as_str().into());
    }
    let file = match fault {
        AnswersFault::Wrong => each(&|prompt, answer| {
            let other: String = answer.chars().map(other_letter).collect();
            (prompt.to_owned(), other.into())
        }),
        AnswersFault::OtherSeed => each(&|prompt, _| {
            (
                prompt.to_owned(),
                mock_answer(seed.wrapping_sub(1), prompt).into(),
            )
        }),
        AnswersFault::MissingKeys => {
            let prompt = "a prompt that was not asked";
            json!({ prompt: mock_answer(seed, prompt) })
        }
        AnswersFault::ExtraKeys => {
            for number in 0..EXTRA_ANSWERS_COUNT {
                let prompt = format!("prompt {number} that was not asked");
                let answer = mock_answer(seed, &prompt);
                whole.insert(prompt, answer.into());
            }
            Value::Object(whole)
        }
        AnswersFault::BlankKeys => each(&|prompt, answer| (format!(" {prompt}\t"), answer.into())),
        AnswersFault::NotText => each(&|prompt, answer| (prompt.to_owned(), answer.len().into())),
        AnswersFault::NotObject => json!(right.values().collect::<Vec<_>>()),
        AnswersFault::NotJson => {
            let mut bytes = serde_json::to_vec(&whole)?;
            bytes.truncate(bytes.len() / 2);
            return Ok(bytes);
        }
        AnswersFault::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&serde_json::to_vec(&whole)?)?;
            return encoder.finish();
        }
        AnswersFault::Huge => {
            let answer = "x".repeat(HUGE_ANSWER_BYTES);
            whole.insert("a prompt that was not asked".to_owned(), answer.into());
            Value::Object(whole)
        }
    };
    Ok(serde_json::to_vec(&file)?)
}

/// A letter in the other case.
fn other_letter(letter: char) -> char {
    match letter.is_ascii_lowercase() {
        true => letter.to_ascii_uppercase(),
        false => letter.to_ascii_lowercase(),
    }
}
