//! The solver, which answers as the published one does with `--mock`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Instant;

use clap::{Arg, ArgAction, Command, value_parser};
use horde_calc::llm::{answers_file, mock_answer, solver_lines};

use super::odd_answers::spoil_answers;
use super::{
    EXCEPTION_STATUS, Ended, OUTPUT_FOLDER, add_file, check_time, failed, output_path, overflow,
    read_arguments,
};
use crate::vice::AnswersFault;
use crate::work::outcome::Outcome;
use crate::work::output::{Output, OutputError};
use crate::work::volume::VolumeFile;

/// Folder of the container with the prompts.
const VOLUME_FOLDER: &str = "/volume/";
/// Prompts that are read between two looks at the clock.
const PROMPTS_PER_LOOK: usize = 1_000;

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

    /// Answers the prompts of the files that the arguments name, until the deadline at most; each file of answers has the fault.
    pub(crate) fn execute(
        &self,
        volume: &[VolumeFile],
        fault: Option<AnswersFault>,
        deadline: Instant,
    ) -> Ended {
        let mut output = Output::default();
        match self.write(&mut output, volume, fault, deadline) {
            Ok(()) => (Outcome::finished(""), output),
            Err(outcome) => (outcome, Output::default()),
        }
    }

    fn write(
        &self,
        output: &mut Output,
        volume: &[VolumeFile],
        fault: Option<AnswersFault>,
        deadline: Instant,
    ) -> Result<(), Outcome> {
        let arguments = read_arguments(command(), &self.arguments)?;
        let Some(seed) = arguments.get_one::<u32>("seed").copied() else {
            let text = "--server is not offered: this machine answers with --seed only\n";
            return Err(failed(EXCEPTION_STATUS, text.to_owned()));
        };
        let folder = arguments.get_one::<String>("output-dir");
        let folder = folder.map_or(OUTPUT_FOLDER, String::as_str);
        for name in arguments.get_many::<String>("files").into_iter().flatten() {
            let room = output.room().unwrap_or_default();
            let answers = answer(seed, read_prompts(volume, name)?, room, deadline)?;
            let written = match fault {
                Some(fault) => spoil_answers(fault, seed, &answers),
                None => serde_json::to_vec(&answers).map_err(io::Error::from),
            };
            let written = written.map_err(|error| failed(EXCEPTION_STATUS, error.to_string()))?;
            let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str());
            let file = answers_file(stem.unwrap_or_default());
            add_file(output, output_path(folder, &file)?, written)?;
        }
        Ok(())
    }
}

/// The answers to these prompts, which may have so many bytes with them.
fn answer(
    seed: u32,
    prompts: &str,
    mut room: u64,
    deadline: Instant,
) -> Result<BTreeMap<&str, String>, Outcome> {
    let mut answers = BTreeMap::new();
    for (number, prompt) in solver_lines(prompts).enumerate() {
        if number % PROMPTS_PER_LOOK == 0 {
            check_time(deadline)?;
        }
        if answers.contains_key(prompt) {
            continue;
        }
        let answer = mock_answer(seed, prompt);
        let left = room.checked_sub((prompt.len() + answer.len()) as u64);
        room = left.ok_or_else(|| overflow(&OutputError::Size))?;
        answers.insert(prompt, answer);
    }
    Ok(answers)
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
    use horde_proto::EXECUTOR_TIMEOUT_MAX;
    use serde_json::Value;

    use super::*;
    use crate::work::output::OUTPUT_FILES_BYTES_MAX;

    const TOO_LARGE: &str = "the files in /output/ have more than 268435456 bytes";

    fn deadline() -> Instant {
        Instant::now() + EXECUTOR_TIMEOUT_MAX
    }

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
            let solving = Solving::new(&solver_arguments("p", seed));
            let (outcome, output) = solving.execute(&volume, None, deadline());
            assert_eq!(outcome, Outcome::finished(""));
            let answers: Value = serde_json::from_slice(&output.get("p.json").unwrap()).unwrap();
            assert_eq!(answers, serde_json::json!({ prompt: row["answer"] }));
        }
        assert!(rows.len() >= 16, "{}", rows.len());
    }

    #[test]
    fn answers_are_bounded() {
        // An answer has 100 letters at least, and each prompt is answered once.
        let prompts = "a\nb\na\nb\n".repeat(1_000);
        let answers = answer(1, &prompts, 402, deadline()).unwrap();
        assert_eq!(answers.len(), 2);
        let refused = answer(1, &prompts, 201, deadline());
        assert_eq!(refused, Err(Outcome::fault(TOO_LARGE)));
    }

    #[test]
    fn answers_without_room_are_refused() {
        let volume = [VolumeFile {
            path: "p.txt".into(),
            contents: b"a prompt\n".to_vec(),
        }];
        let mut output = Output::default();
        output.insert("most", vec![0; OUTPUT_FILES_BYTES_MAX as usize - 1_000]);
        let solving = Solving::new(&solver_arguments("p", 1));
        let written = solving.write(&mut output, &volume, None, deadline());
        assert_eq!(written, Ok(()));
        let fault = Some(AnswersFault::ExtraKeys);
        let written = solving.write(&mut output, &volume, fault, deadline());
        assert_eq!(written, Err(Outcome::fault(TOO_LARGE)));
    }

    #[test]
    fn solver_ends_at_its_deadline() {
        let ended = answer(1, "a prompt", OUTPUT_FILES_BYTES_MAX, Instant::now());
        assert_eq!(ended, Err(Outcome::fault("the time of the job is over")));
    }
}
