//! The generator of prompts: files of so many lines, one a series.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use horde_calc::llm::generated_file;
use horde_calc::mersenne::PythonRandom;

use super::odd_series::spoil_series;
use super::words::draw_prompt;
use super::{
    Ended, OUTPUT_FOLDER, USAGE_STATUS, add_file, check_time, failed, output_path, read_arguments,
};
use crate::vice::SeriesFault;
use crate::work::outcome::Outcome;
use crate::work::output::Output;

/// Lines of a series.
const LINES_COUNT_MAX: u32 = 10_000;
/// Series of a job.
const SERIES_COUNT_MAX: usize = 1_000;

/// A generation of series.
#[derive(Clone, Debug)]
pub(crate) struct Generation {
    arguments: Vec<String>,
}

impl Generation {
    pub(crate) fn new(arguments: &[String]) -> Self {
        Self {
            arguments: arguments.to_owned(),
        }
    }

    /// Writes the files until the deadline at most. Prompts depend on the uuid of their series alone; the first file has the
    /// fault.
    pub(crate) fn execute(&self, fault: Option<SeriesFault>, deadline: Instant) -> Ended {
        let mut output = Output::default();
        match self.write(&mut output, fault, deadline) {
            Ok(()) => (Outcome::finished(""), output),
            Err(outcome) => (outcome, Output::default()),
        }
    }

    fn write(
        &self,
        output: &mut Output,
        mut fault: Option<SeriesFault>,
        deadline: Instant,
    ) -> Result<(), Outcome> {
        let arguments = read_arguments(command(), &self.arguments)?;
        let lines = arguments.get_one("number_of_prompts_per_batch").copied();
        let folder = text(&arguments, "output_folder_path");
        let uuids = text(&arguments, "uuids").split(',');
        let count = uuids.clone().count();
        if count > SERIES_COUNT_MAX {
            let text = format!(
                "argument --uuids: {count} series, and this machine generates {SERIES_COUNT_MAX} at most\n"
            );
            return Err(failed(USAGE_STATUS, text));
        }
        for uuid in uuids {
            check_time(deadline)?;
            let path = output_path(folder, &generated_file(uuid))?;
            let series = series(uuid, lines.unwrap_or_default());
            match fault.take() {
                Some(fault) => add_file(output, path, spoil_series(fault, &series))?,
                None => add_file(output, path, series)?,
            }
        }
        Ok(())
    }
}

/// The prompts of a series, one a line, each once.
fn series(uuid: &str, lines: u32) -> String {
    let mut random = PythonRandom::from_text(uuid);
    let (mut text, mut seen) = (String::new(), BTreeSet::new());
    while seen.len() < lines as usize {
        let prompt = draw_prompt(&mut random);
        if seen.insert(prompt.clone()) {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{prompt}");
        }
    }
    text
}

fn text<'a>(arguments: &'a ArgMatches, name: &str) -> &'a str {
    arguments.get_one::<String>(name).map_or("", String::as_str)
}

/// The command line of the image.
fn command() -> Command {
    let number = |name| Arg::new(name).long(name).value_parser(value_parser!(u32));
    let lines = value_parser!(u32).range(1..=i64::from(LINES_COUNT_MAX));
    let folder = Arg::new("output_folder_path").long("output_folder_path");
    Command::new("prompt-gen")
        .arg(
            Arg::new("quantize")
                .long("quantize")
                .action(ArgAction::SetTrue),
        )
        .arg(Arg::new("model_name").long("model_name").required(true))
        .arg(number("batch_size"))
        .arg(number("num_return_sequences"))
        .arg(number("max_new_tokens"))
        .arg(
            number("number_of_prompts_per_batch")
                .value_parser(lines)
                .required(true),
        )
        .arg(Arg::new("uuids").long("uuids").required(true))
        .arg(folder.default_value(OUTPUT_FOLDER))
}

#[cfg(test)]
mod tests {
    use horde_calc::llm::{generator_arguments, read_series};
    use horde_proto::EXECUTOR_TIMEOUT_MAX;

    use super::*;
    use crate::work::output::OUTPUT_FILES_BYTES_MAX;

    fn deadline() -> Instant {
        Instant::now() + EXECUTOR_TIMEOUT_MAX
    }

    fn arguments(lines: &str) -> Vec<String> {
        // Section 3.8, as recorded.
        let arguments = [
            "--quantize",
            "--model_name",
            "phi3",
            "--batch_size=250",
            "--num_return_sequences=1",
            "--max_new_tokens=40",
            "--number_of_prompts_per_batch",
            lines,
            "--uuids",
            "2259a96f-4448-47a6-bf25-bfd36ce05c80,f09ca1a4-4ea3-484b-b2fb-9a3c0ccc4824",
        ];
        arguments.map(str::to_owned).to_vec()
    }

    #[test]
    fn each_series_has_its_lines_once() {
        for lines in [1, 240, LINES_COUNT_MAX] {
            let generation = Generation::new(&arguments(&lines.to_string()));
            let (outcome, output) = generation.execute(None, deadline());
            assert_eq!(outcome, Outcome::finished(""));
            let files: Vec<_> = output.iter().collect();
            let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
            assert_eq!(
                names,
                [
                    "prompts_2259a96f-4448-47a6-bf25-bfd36ce05c80.txt",
                    "prompts_f09ca1a4-4ea3-484b-b2fb-9a3c0ccc4824.txt"
                ]
            );
            // All of them can be sampled.
            for (_, contents) in &files {
                let prompts = read_series(contents, lines as usize - 1).unwrap();
                assert_eq!(prompts.len(), lines as usize);
                // Real prompts are not of ASCII alone.
                let mut prompts = prompts.iter();
                assert!(lines == 1 || prompts.any(|prompt| !prompt.is_ascii()));
            }
            assert_ne!(files[0].1, files[1].1);
        }
    }

    #[test]
    fn faulty_command_lines_end_as_in_python() {
        let mut unknown = arguments("4");
        unknown.push("--no-such-option".to_owned());
        let mut without = arguments("4");
        without.truncate(8);
        for arguments in [unknown, without, arguments("0"), arguments("x")] {
            let (outcome, output) = Generation::new(&arguments).execute(None, deadline());
            let Outcome::Failed { exit_status, .. } = outcome else {
                panic!("{arguments:?}");
            };
            assert_eq!(exit_status, Some(2), "{arguments:?}");
            assert_eq!(output, Output::default());
        }
        let mut outside = arguments("4");
        outside.extend(["--output_folder_path", "/output/../etc"].map(str::to_owned));
        let (outcome, _) = Generation::new(&outside).execute(None, deadline());
        let text = format!("{outcome:?}");
        assert!(text.contains("exit_status: Some(1)"), "{text}");
    }

    fn of_series(count: usize) -> Generation {
        let uuids: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        Generation::new(&generator_arguments("phi3", 1, &uuids))
    }

    #[test]
    fn too_many_series_are_refused() {
        let (outcome, output) = of_series(SERIES_COUNT_MAX).execute(None, deadline());
        assert_eq!(outcome, Outcome::finished(""));
        assert_eq!(output.iter().count(), SERIES_COUNT_MAX);
        let (outcome, output) = of_series(SERIES_COUNT_MAX + 1).execute(None, deadline());
        let text = "argument --uuids: 1001 series, and this machine generates 1000 at most\n";
        assert_eq!(outcome, failed(USAGE_STATUS, text.to_owned()));
        assert_eq!(output, Output::default());
    }

    #[test]
    fn generation_ends_at_its_deadline() {
        let (outcome, output) = of_series(2).execute(None, Instant::now());
        assert_eq!(outcome, Outcome::fault("the time of the job is over"));
        assert_eq!(output, Output::default());
    }

    #[test]
    fn series_without_room_are_refused() {
        let mut output = Output::default();
        output.insert("full", vec![0; OUTPUT_FILES_BYTES_MAX as usize]);
        let outcome = of_series(2).write(&mut output, None, deadline());
        let text = "the files in /output/ have more than 268435456 bytes";
        assert_eq!(outcome, Err(Outcome::fault(text)));
        assert_eq!(output.iter().count(), 2);
    }
}
