//! Texts of the prompts with which miners of the class `always_on.llm.a6000` are tested (sections 2.9, 3.5, 10.6).
//!
//! A series is a file of prompts, one on a line. Some of its lines are sampled and answered by a machine that the validator
//! trusts. A miner gets the whole series, and must have the same answers to the lines that were sampled, of which it knows nothing.

mod answers;
mod mock;
mod series;

pub use answers::{AnswerFault, Answers, AnswersFault, check_answers};
pub use mock::mock_answer;
pub use series::{
    PROMPT_CHARS_MAX, PROMPT_CHARS_MIN, SeriesFault, draw_indices, is_page, read_series,
    solver_lines,
};

/// Image that answers prompts.
pub const SOLVER_IMAGE: &str =
    "docker.io/backenddevelopersltd/compute-horde-prompt-solver:v0-latest";

/// Folder of the volume in a container.
const VOLUME: &str = "/volume/";

/// The file of answers that the solver writes for the file `<name>.txt`.
pub fn answers_file(name: &str) -> String {
    format!("{name}.json")
}

/// The file of prompts of this name.
pub fn prompts_file(name: &str) -> String {
    format!("{name}.txt")
}

/// Arguments of the solver for the file of prompts `<name>.txt` in the volume (section 3.5).
pub fn solver_arguments(name: &str, seed: u32) -> Vec<String> {
    let file = [VOLUME, &prompts_file(name)].concat();
    let arguments = [
        "--temperature=0.5",
        "--top-p=0.8",
        "--max-tokens=256",
        "--seed",
        &seed.to_string(),
        &file,
    ];
    arguments.map(str::to_owned).into()
}

/// The first bytes of a file of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP)
}
