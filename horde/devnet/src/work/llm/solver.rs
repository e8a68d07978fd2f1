//! The solver, which answers as the published one does with `--mock`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use clap::{Arg, ArgAction, Command, value_parser};
use horde_calc::llm::{answers_file, mock_answer, solver_lines};

use super::odd_answers::spoil_answers;
use super::{EXCEPTION_STATUS, Ended, OUTPUT_FOLDER, failed, output_path, read_arguments};
use crate::vice::AnswersFault;
use crate::work::outcome::Outcome;
use crate::work::output::Output;
use crate::work::volume::VolumeFile;

/// Folder of the container with the prompts.
const VOLUME_FOLDER: &str = "/volume/";

/// Answers to the prompts of files.
#[derive(Clone, Debug)]
pub(crate) struct Solving {
    arguments: Vec<String>,
}

impl Solving {
    pub(crate) fn new(arguments: &[String]) -> Self {
        Self {
            arguments: arguments.to_owned(),
        }
    }

    /// The seed for which it answers, if its arguments are valid.
    pub(crate) fn seed(&self) -> Option<u32> {
        let arguments = read_arguments(command(), &self.arguments).ok()?;
        arguments.get_one("seed").copied()
    }

    /// Answers the prompts of the files that the arguments name; each file of answers has the fault.
    pub(crate) fn execute(&self, volume: &[VolumeFile], fault: Option<AnswersFault>) -> Ended {
        let answered = self.answer(volume, fault);
        answered.unwrap_or_else(|outcome| (outcome, Output::default()))
    }

    fn answer(&self, volume: &[VolumeFile], fault: Option<AnswersFault>) -> Result<Ended, Outcome> {
        let arguments = read_arguments(command(), &self.arguments)?;
        let Some(seed) = arguments.get_one::<u32>("seed").copied() else {
            let text = "--server is not offered: this machine answers with --seed only\n";
            return Err(failed(EXCEPTION_STATUS, text.to_owned()));
        };
        let folder = arguments.get_one::<String>("output-dir");
        let folder = folder.map_or(OUTPUT_FOLDER, String::as_str);
        let mut output = Output::default();
        for name in arguments.get_many::<String>("files").into_iter().flatten() {
            let answers: BTreeMap<&str, String> = solver_lines(read_prompts(volume, name)?)
                .map(|prompt| (prompt, mock_answer(seed, prompt)))
                .collect();
            let written = match fault {
                Some(fault) => spoil_answers(fault, seed, &answers),
                None => serde_json::to_vec(&answers).map_err(io::Error::from),
            };
            let written = written.map_err(|error| failed(EXCEPTION_STATUS, error.to_string()))?;
            let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str());
            let file = answers_file(stem.unwrap_or_default());
            output.insert(output_path(folder, &file)?, written);
        }
        Ok((Outcome::finished(""), output))
    }
}

/// The text of a file of the container.
fn read_prompts<'a>(volume: &'a [VolumeFile], name: &str) -> Result<&'a str, Outcome> {
    let raise = |text: String| failed(EXCEPTION_STATUS, text);
    let file = name.strip_prefix(VOLUME_FOLDER).and_then(|path| {
        // The last one wins, as where files are written one above the other.
        let mut files = volume.iter().rev();
        files.find(|file| file.path == Path::new(path))
    });
    let file = file.ok_or_else(|| raise(format!("No such file or directory: {name:?}\n")))?;
    let text = std::str::from_utf8(&file.contents);
    text.map_err(|error| raise(format!("{name:?} is not UTF-8: {error}\n")))
}

/// The command line of the image.
fn command() -> Command {
    let option = |name| Arg::new(name).long(name);
    let fraction = |name| option(name).value_parser(value_parser!(f64)).required(true);
    Command::new("prompt-solver")
        .arg(fraction("temperature"))
        .arg(fraction("top-p"))
        .arg(
            option("max-tokens")
                .value_parser(value_parser!(u32))
                .required(true),
        )
        .arg(
            option("seed")
                .value_parser(value_parser!(u32))
                .required_unless_present("server"),
        )
        .arg(
            option("server")
                .action(ArgAction::SetTrue)
                .conflicts_with("seed"),
        )
        .arg(option("mock").action(ArgAction::SetTrue))
        .arg(option("output-dir"))
        .arg(
            Arg::new("files")
                .num_args(1..)
                .required_unless_present("server"),
        )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use horde_calc::llm::solver_arguments;
    use serde_json::Value;

    use super::*;

    #[test]
    fn answers_are_those_of_the_published_solver() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/horde");
        let text = fs::read_to_string(folder.join("mock_answers.json")).unwrap();
        let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
        for row in &rows {
            let prompt = row["prompt"].as_str().unwrap();
            let volume = [VolumeFile {
                path: "p.txt".into(),
                contents: format!("\n{prompt}\r\n").into_bytes(),
            }];
            let seed = u32::try_from(row["seed"].as_u64().unwrap()).unwrap();
            let (outcome, output) =
                Solving::new(&solver_arguments("p", seed)).execute(&volume, None);
            assert_eq!(outcome, Outcome::finished(""));
            let answers: Value = serde_json::from_slice(&output.get("p.json").unwrap()).unwrap();
            assert_eq!(answers, serde_json::json!({ prompt: row["answer"] }));
        }
        assert!(rows.len() >= 16, "{}", rows.len());
    }
}
