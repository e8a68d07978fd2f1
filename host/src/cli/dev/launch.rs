//! What a companion is started with: its file, and arguments with values in their places.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::description::{Companion, HOST, Ready};
use super::error::DevError;
use super::placeholders::{Values, fill};
use super::running::ADDRESS;

/// What a companion is started with.
pub(super) struct Launch {
    /// Its file.
    pub(super) file: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
    /// When it is ready.
    pub(super) ready: Option<Ready>,
}

impl Launch {
    /// Finds the program and its files; `programs` is the folder that is searched before PATH.
    pub(super) fn prepare(
        companion: &Companion,
        programs: &Path,
        values: &Values,
    ) -> Result<Self, DevError> {
        let filled = |text: &String| {
            fill(text, values).map_err(|source| DevError::Place {
                name: companion.name.clone(),
                source,
            })
        };
        for file in &companion.files {
            let path = PathBuf::from(filled(file)?);
            if !path.exists() {
                return Err(missing(companion, path));
            }
        }
        let program = filled(&companion.program)?;
        let Some(file) = find_program(programs, &program) else {
            return Err(missing(companion, program.into()));
        };
        let arguments = companion.arguments.iter();
        let arguments = arguments.map(|text| filled(text).map(OsString::from));
        Ok(Self {
            file,
            arguments: arguments.collect::<Result<_, _>>()?,
            ready: match &companion.ready {
                Some(Ready::Url(url)) => Some(Ready::Url(filled(url)?)),
                other => other.clone(),
            },
        })
    }
}

/// Whether it needs the address of the host.
pub(super) fn needs_host(companion: &Companion) -> bool {
    let place = format!("{HOST}.{ADDRESS}");
    companion.arguments.iter().any(|text| text.contains(&place))
}

fn missing(companion: &Companion, path: PathBuf) -> DevError {
    DevError::Missing {
        name: companion.name.clone(),
        path,
        hint: match companion.hint.as_str() {
            "" => String::new(),
            hint => format!(": {hint}"),
        },
    }
}

/// The file of a program: a path, beside this program, or in PATH.
fn find_program(programs: &Path, name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [programs.to_owned()].into_iter();
    let mut files = folders
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(program: &str, files: &[&str]) -> Result<Launch, DevError> {
        let companion = Companion {
            name: "network".to_owned(),
            program: program.to_owned(),
            arguments: vec!["--port={{n}}".to_owned()],
            files: files.iter().map(|&file| file.to_owned()).collect(),
            hint: "build it".to_owned(),
            ready: None,
        };
        let values = Values::from([("n".to_owned(), "7".to_owned())]);
        Launch::prepare(&companion, Path::new("/nowhere"), &values)
    }

    #[test]
    fn missing_program_or_file_has_its_hint() {
        let launch = prepare("sh", &["/"]).unwrap();
        assert_eq!(launch.arguments, ["--port=7"]);
        for (program, files) in [("no-such-program", &[][..]), ("sh", &["/no/{{n}}"])] {
            let error = prepare(program, files).err().unwrap().to_string();
            assert!(error.ends_with("which is missing: build it"), "{error}");
        }
        let error = prepare("sh", &["{{m}}"]).err().unwrap().to_string();
        assert!(error.starts_with("dev.json: network: {{m}}"), "{error}");
    }
}
