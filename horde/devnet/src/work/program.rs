//! Jobs of any image, as programs of this machine: without a container, and without a shell.
//!
//! The program finds `/volume/`, `/output/` and `/script.py` of its arguments in a folder of its own, which is its working
//! folder and is removed at the end. It inherits `PATH` and nothing else.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tig_process::error_chain::error_chain;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::outcome::Outcome;
use super::output::{Output, OutputError};
use super::volume::VolumeFile;

/// Bytes that a program may write to each of its outputs.
const OUTPUT_BYTES_MAX: u64 = 16 << 20;
/// Exit status of a container whose program is not there, as shells and Docker have it.
const NOT_FOUND_STATUS: i64 = 127;
/// Shells and Docker add it to the number of the signal that has ended a program.
const SIGNAL_STATUS: i32 = 128;

/// Where the container has the script.
const SCRIPT_PATH: &str = "/script.py";
/// Folders of the container.
const FOLDERS: [&str; 2] = ["/volume/", "/output/"];
/// What runs scripts here. Images call it `python`.
const PYTHON: &str = "python3";

/// Why a program was not run to its end. The texts go to the validator.
#[derive(Debug, thiserror::Error)]
enum ProgramError {
    #[error("the job has no command, and this miner has no images to run")]
    NoCommand,
    #[error("the folder of the job cannot be made")]
    Folder(#[source] io::Error),
    #[error("the output of the program cannot be read")]
    Output(#[source] io::Error),
    #[error(transparent)]
    Files(#[from] OutputError),
    #[error("the program wrote more than {OUTPUT_BYTES_MAX} bytes")]
    TooMuchOutput,
    #[error("the program was stopped after {} s", .0.as_secs())]
    Timeout(Duration),
}

/// A program to be run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(super) arguments: Vec<String>,
    pub(super) script: Option<String>,
}

impl Program {
    /// Runs the program to its end or its timeout, with these files below `/volume/`. Its files in `/output/` are read if
    /// `keeps_output` and it ends well.
    pub(super) async fn execute(
        self,
        files: Vec<VolumeFile>,
        timeout: Duration,
        keeps_output: bool,
    ) -> (Outcome, Output) {
        let ended = self.run(files, timeout, keeps_output).await;
        ended.unwrap_or_else(|error| (Outcome::fault(error_chain(&error)), Output::default()))
    }

    async fn run(
        self,
        files: Vec<VolumeFile>,
        timeout: Duration,
        keeps_output: bool,
    ) -> Result<(Outcome, Output), ProgramError> {
        let (program, folder) = tokio::task::spawn_blocking(move || {
            let folder = self.write_folder(files);
            (self, folder)
        })
        .await
        .map_err(|error| ProgramError::Folder(io::Error::other(error)))?;
        // Removed when this returns.
        let folder = folder.map_err(ProgramError::Folder)?;
        let arguments = program.local_arguments(folder.path());
        let [name, arguments @ ..] = arguments.as_slice() else {
            return Err(ProgramError::NoCommand);
        };
        let child = Command::new(name)
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) => return Ok((not_started(name, &error), Output::default())),
        };
        let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let ended = tokio::time::timeout(timeout, watch(&mut child)).await;
        let ended = ended.unwrap_or(Err(ProgramError::Timeout(timeout)));
        let outcome = ended?;
        group.release();
        let output = match outcome {
            Outcome::Finished { .. } if keeps_output => read_output(folder).await?,
            _ => Output::default(),
        };
        Ok((outcome, output))
    }

    /// Makes the folder of the job, with its script and its volume.
    fn write_folder(&self, files: Vec<VolumeFile>) -> io::Result<TempDir> {
        let folder = tempfile::tempdir()?;
        for name in FOLDERS {
            std::fs::create_dir(inside(folder.path(), name))?;
        }
        if let Some(script) = &self.script {
            std::fs::write(inside(folder.path(), SCRIPT_PATH), script)?;
        }
        let [volume, _] = FOLDERS;
        for file in files {
            let path = Path::new(&inside(folder.path(), volume)).join(file.path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, file.contents)?;
        }
        Ok(folder)
    }

    /// The program and its arguments, with the paths of the folder in place of the container's.
    fn local_arguments(&self, folder: &Path) -> Vec<String> {
        let mut arguments = self.arguments.clone();
        let first = arguments.first().map(String::as_str);
        match first {
            None if self.script.is_some() => {
                arguments = vec![PYTHON.to_owned(), SCRIPT_PATH.to_owned()];
            }
            // The entry point of images for scripts is the interpreter.
            Some(SCRIPT_PATH) => arguments.insert(0, PYTHON.to_owned()),
            Some("python") => PYTHON.clone_into(&mut arguments[0]),
            _ => {}
        }
        let local = |argument: String| {
            let mut folders = FOLDERS.iter();
            let is_path =
                argument == SCRIPT_PATH || folders.any(|container| argument.starts_with(container));
            match is_path {
                true => inside(folder, &argument),
                false => argument,
            }
        };
        arguments.into_iter().map(local).collect()
    }
}

/// The processes of a program, which are killed when this is dropped: at a timeout, or with the network.
struct Group(Option<Pid>);

impl Group {
    /// The program has ended and its outputs are closed: the number may be another group's by now.
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The program, or one that it has started, is still there and holds the outputs open.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The files that the program has left in the folder of a job, which is removed.
async fn read_output(folder: TempDir) -> Result<Output, ProgramError> {
    let read = tokio::task::spawn_blocking(move || {
        let [_, output] = FOLDERS;
        Output::read(Path::new(&inside(folder.path(), output)))
    });
    let read = read.await;
    let read = read.map_err(|error| ProgramError::Output(io::Error::other(error)))?;
    Ok(read?)
}

/// The path in the folder for an absolute path of the container.
fn inside(folder: &Path, path: &str) -> String {
    format!("{}{path}", folder.display())
}

/// Waits for the end of a program and of its outputs.
async fn watch(child: &mut Child) -> Result<Outcome, ProgramError> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::try_join!(read(stdout), read(stderr))?;
    let status = child.wait().await.map_err(ProgramError::Output)?;
    let [stdout, stderr] =
        [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(match status.success() {
        true => Outcome::Finished { stdout, stderr },
        false => Outcome::Failed {
            exit_status: exit_status(status),
            stdout,
            stderr,
        },
    })
}

async fn read(output: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, ProgramError> {
    let mut bytes = Vec::new();
    if let Some(output) = output {
        let mut output = output.take(OUTPUT_BYTES_MAX + 1);
        let read = output.read_to_end(&mut bytes).await;
        if read.map_err(ProgramError::Output)? as u64 > OUTPUT_BYTES_MAX {
            return Err(ProgramError::TooMuchOutput);
        }
    }
    Ok(bytes)
}

fn exit_status(status: ExitStatus) -> Option<i64> {
    let signal = status.signal().map(|signal| SIGNAL_STATUS + signal);
    status.code().or(signal).map(i64::from)
}

fn not_started(name: &str, error: &io::Error) -> Outcome {
    Outcome::Failed {
        exit_status: Some(NOT_FOUND_STATUS),
        stdout: String::new(),
        stderr: format!("{name}: {error}\n"),
    }
}
