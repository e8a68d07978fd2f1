//! The real `tig-worker`: where it is, and how it is run on the folders that cases name.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::modules::Modules;

/// A process that takes longer hangs: the longest case runs for well under a second.
const RUN_SECONDS_MAX: u64 = 60;
/// Time between two looks at a running process.
const POLL_MS: u64 = 2;

/// The binary, and the folders that `$MINI` and `$CLI` stand for.
#[derive(Debug)]
pub(crate) struct WorkerBinary {
    program: PathBuf,
    folders: TempDir,
}

/// Output of a process, with the names of the folders put back.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) exit_code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl WorkerBinary {
    /// Finds the binary and writes the files that cases read.
    pub(crate) fn prepare(
        files: &BTreeMap<String, String>,
        modules: &Modules,
    ) -> Result<Self, String> {
        let program = match beside_us() {
            Some(program) => program,
            None => build()?,
        };
        let folders = tempfile::tempdir().map_err(|error| error.to_string())?;
        let write = |path: PathBuf, content: &[u8]| -> std::io::Result<()> {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(path, content)
        };
        let modules = modules
            .iter()
            .map(|(name, wasm)| (format!("{name}/mini.wasm"), wasm));
        let files = files
            .iter()
            .map(|(name, text)| (format!("cli/{name}"), text.as_bytes()));
        for (name, content) in modules.chain(files) {
            write(folders.path().join(&name), content)
                .map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(Self { program, folders })
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[String]) -> Result<Output, String> {
        let names = ["mini", "cli"].map(|folder| {
            let path = self.folders.path().join(folder);
            (
                format!("${}", folder.to_uppercase()),
                path.to_string_lossy().into_owned(),
            )
        });
        let place = |arg: &String| {
            names
                .iter()
                .fold(arg.clone(), |arg, (name, path)| arg.replace(name, path))
        };
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            names
                .iter()
                .fold(text, |text, (name, path)| text.replace(path, name))
        };
        let mut command = Command::new(&self.program);
        command.args(args.iter().map(place));
        let (exit_code, stdout, stderr) =
            run_to_end(&mut command).map_err(|error| error.to_string())?;
        Ok(Output {
            exit_code,
            stdout: text(stdout),
            stderr: text(stderr),
        })
    }
}

/// Exit code and both outputs of a process that is killed if it hangs.
fn run_to_end(command: &mut Command) -> std::io::Result<(Option<i32>, Vec<u8>, Vec<u8>)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdout, stderr) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
    let mut polls_left = RUN_SECONDS_MAX * 1000 / POLL_MS;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if polls_left == 0 {
            child.kill()?;
        }
        polls_left = polls_left.saturating_sub(1);
        thread::sleep(Duration::from_millis(POLL_MS));
    };
    let collect = |reader: JoinHandle<Vec<u8>>| reader.join().unwrap_or_default();
    Ok((status.code(), collect(stdout), collect(stderr)))
}

fn read_all(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // The bytes before an error are the output of the process.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// The binary in our own folder, or above it when we are a test: whoever builds the workspace builds both.
fn beside_us() -> Option<PathBuf> {
    let us = std::env::current_exe().ok()?;
    let name = format!("tig-worker{}", std::env::consts::EXE_SUFFIX);
    let folders = us.ancestors().skip(1).take(2);
    folders
        .map(|folder| folder.join(&name))
        .find(|program| program.is_file())
}

/// Builds the binary. It is a build of its own, which cannot share all of the workspace's.
fn build() -> Result<PathBuf, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--quiet", "--package", "tig-worker"])
        .args(["--bin", "tig-worker"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err("cargo cannot build tig-worker".to_owned());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executable.ok_or_else(|| "cargo built tig-worker, but did not say where".to_owned())
}
