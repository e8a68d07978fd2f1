//! A folder of vector files: the names of the files, and the verdict on each of their cases.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::{fs, io};

use rayon::prelude::*;
use serde_json::Value;

use crate::case::{Case, Fault};
use crate::deviation::Deviations;
use crate::files::{self, Context, List, Run};
use crate::modules::Modules;
use crate::report::{Failure, FileOutcome, FileReport};
use crate::vectors::{self, ExactValue, read, read_lines};

/// Why nothing could be run.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The folder cannot be listed.
    #[error("cannot list the folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: io::Error,
    },
    /// The list of deviations is broken.
    #[error("cannot read the list of deviations")]
    Deviations(#[source] serde_json::Error),
    /// The modules that cases name cannot be read.
    #[error("cannot read the modules of the cases: {0}")]
    Modules(String),
}

/// End of the name of a JSON file.
const JSON: &str = ".json";
/// End of the name of a file with a JSON value on each line.
const JSON_LINES: &str = ".jsonl";

/// A folder whose vector files are to be run.
#[derive(Debug)]
pub struct Conformance {
    folder: PathBuf,
    deviations: Deviations,
    modules: Modules,
}

enum Verdict {
    Passed,
    Deviates,
    Missing(String),
    Failed(String),
}

impl Conformance {
    /// Prepares to run the files of `folder`.
    ///
    /// # Errors
    /// The list of deviations or the modules cannot be read.
    pub fn new(folder: &Path) -> Result<Self, SetupError> {
        Ok(Self {
            folder: folder.to_owned(),
            deviations: Deviations::load().map_err(SetupError::Deviations)?,
            modules: Modules::load(folder).map_err(SetupError::Modules)?,
        })
    }

    /// The folder of this repository's own vectors.
    pub fn default_folder() -> PathBuf {
        vectors::own_folder()
    }

    /// Names of the JSON files in the folder, without the extension, and of files of JSON lines, sorted.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn names(&self) -> Result<Vec<String>, SetupError> {
        let failed = |source| SetupError::Folder {
            path: self.folder.clone(),
            source,
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_string_lossy();
            if let Some(stem) = name.strip_suffix(JSON) {
                names.push(stem.to_owned());
            } else if name.ends_with(JSON_LINES) {
                names.push(name.into_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Runs one file.
    pub fn run(&self, name: &str) -> FileOutcome {
        let (file, lists) = match files::find(name) {
            None => return FileOutcome::Skipped("not known, skipped"),
            Some((_, Run::Skip(reason))) => return FileOutcome::Skipped(reason),
            Some((file, Run::Lists(lists))) => (file, lists),
        };
        let content = match self.read(name) {
            Ok(content) => content,
            Err(error) => return FileOutcome::Unreadable(error),
        };
        let context = Context::new(&content, &self.modules);
        let mut report = FileReport::default();
        let mut found = false;
        for list in *lists {
            if let Some(cases) = list.cases(&content) {
                found = true;
                self.run_list(file, list, &context, cases, &mut report);
            }
        }
        if found {
            FileOutcome::Ran(report)
        } else {
            FileOutcome::Unreadable("it has no list of cases".to_owned())
        }
    }

    fn read(&self, name: &str) -> Result<Value, String> {
        if name.ends_with(JSON_LINES) {
            return read_lines(&self.folder.join(name));
        }
        let ExactValue(content) = read(&self.folder.join(format!("{name}{JSON}")))?;
        Ok(content)
    }

    fn run_list(
        &self,
        file: &str,
        list: &List,
        context: &Context<'_>,
        cases: &[Value],
        report: &mut FileReport,
    ) {
        let judge = |(place, value)| {
            let case = Case::new(list.name, place, value);
            // A panic on one case is a failure of that case, not the end of the run.
            let verdict = catch_unwind(AssertUnwindSafe(|| self.judge(file, list, context, case)));
            verdict.unwrap_or_else(|_| Verdict::Failed("our side panicked".to_owned()))
        };
        let verdicts: Vec<Verdict> = cases.par_iter().enumerate().map(judge).collect();
        for ((place, value), verdict) in cases.iter().enumerate().zip(verdicts) {
            report.add(Case::new(list.name, place, value), verdict);
        }
    }

    fn judge(&self, file: &str, list: &List, context: &Context<'_>, case: Case<'_>) -> Verdict {
        let mut difference = match (list.check)(context, case) {
            Ok(()) => return Verdict::Passed,
            Err(Fault::Missing(what)) => return Verdict::Missing(what),
            Err(Fault::Differs(difference)) => difference,
        };
        for law in self.deviations.laws(file, case) {
            match (list.uphold)(context, law, case) {
                Ok(()) => return Verdict::Deviates,
                Err(Fault::Missing(what)) => return Verdict::Missing(what),
                Err(Fault::Differs(broken)) => {
                    difference += &format!("; the law {law:?} is broken: {broken}");
                }
            }
        }
        Verdict::Failed(difference)
    }
}

impl FileReport {
    fn add(&mut self, case: Case<'_>, verdict: Verdict) {
        match verdict {
            Verdict::Passed => self.tally.passed += 1,
            Verdict::Deviates => {
                self.tally.passed += 1;
                self.tally.deviations += 1;
            }
            Verdict::Missing(what) => {
                self.tally.skipped += 1;
                if !self.skipped.contains(&what) {
                    self.skipped.push(what);
                }
            }
            Verdict::Failed(difference) => {
                self.tally.failed += 1;
                let (id, kind) = (case.id(), case.kind().to_owned());
                self.failures.push(Failure {
                    id,
                    kind,
                    difference,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_list_of_deviations_is_an_error() {
        let text = r#"{"deviations": [{"file": "vm", "law": "none", "reason": "x"}]}"#;
        let error = Deviations::parse(text).map_err(SetupError::Deviations);
        let error = error.unwrap_err();
        assert!(matches!(error, SetupError::Deviations(_)), "{error:?}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("unknown variant `none`"), "{source}");
    }
}
