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

/// Image that generates prompts with a model, whose name takes the place of `{model}` (section 3.8).
pub const GENERATOR_IMAGE: &str = "backenddevelopersltd/compute-horde-prompt-gen-{model}:v0-latest";

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

/// The file of prompts that the generator writes for the series with this uuid.
pub fn generated_file(series: &str) -> String {
    format!("prompts_{series}.txt")
}

/// Arguments of the generator for series of so many lines (section 3.8).
pub fn generator_arguments(model: &str, lines: u32, series: &[String]) -> Vec<String> {
    let arguments = [
        "--quantize",
        "--model_name",
        model,
        "--batch_size=250",
        "--num_return_sequences=1",
        "--max_new_tokens=40",
        "--number_of_prompts_per_batch",
        &lines.to_string(),
        "--uuids",
        &series.join(","),
    ];
    arguments.map(str::to_owned).into()
}

/// The first bytes of a file of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP)
}
