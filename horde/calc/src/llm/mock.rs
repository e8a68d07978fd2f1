//! Answers of the solver image that was started with `--mock`.

use crate::mersenne::PythonRandom;

/// The shortest answer has so many letters, the longest twice as many.
const LETTERS_MIN: usize = 100;

/// The answer that the solver gives without a GPU: letters drawn by a generator that is seeded with seed and prompt, 100 to
/// 200 of them (section 10.6).
pub fn mock_answer(seed: u32, prompt: &str) -> String {
    let mut random = PythonRandom::from_text(&format!("{seed}{prompt}"));
    let lengths: [usize; LETTERS_MIN + 1] = std::array::from_fn(|more| LETTERS_MIN + more);
    let length = random.choose(&lengths).copied().unwrap_or(LETTERS_MIN);
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
    (0..length)
        .filter_map(|_| random.choose(&letters))
        .collect()
}
