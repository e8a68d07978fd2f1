//! A `tig-host` process in a folder of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_host::{Config, Host, HostError, Overrides};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The fixture `lib<name>.so`, built as an example of this package.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_tig-host"));
    let folder = program
        .parent()
        .expect("a program lies in a folder")
        .join("examples");
    let file = folder.join(format!("lib{name}.so"));
    assert!(
        file.exists(),
        "{} is missing: build it with `cargo test --no-run`",
        file.display()
    );
    file
}

/// The fixture as another version: the same code with five other characters in its manifest.
pub(crate) fn with_version(name: &str, version: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(fixture(name)).unwrap();
    let old = br#""version":"0.1.0""#;
    let new = format!(r#""version":"{version}""#);
    let place = bytes
        .windows(old.len())
        .position(|window| window == old)
        .expect("a manifest");
    bytes[place..place + old.len()].copy_from_slice(new.as_bytes());
    bytes
}

/// A folder with config, plugins and store.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
}

impl Home {
    /// Has the fixtures `counter` and `recorder` and a config that lists them.
    pub(crate) fn new() -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(home.path("plugins")).unwrap();
        for name in ["counter", "recorder"] {
            home.install(name, &std::fs::read(fixture(name)).unwrap());
        }
        home.write_config(&home.config());
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn config(&self) -> Value {
        json!({
            "extensions": ["counter", "recorder"],
            "identity": { "account": "ours", "api_url": "http://127.0.0.1:1" },
            "backup_folder": "backup",
            "plugin_folder": "plugins",
            "port": 0,
        })
    }

    pub(crate) fn write_config(&self, config: &Value) {
        std::fs::write(self.path("config.json"), config.to_string()).unwrap();
    }

    /// Overwrites a plugin's file in place, as `cp` does.
    pub(crate) fn install(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path("plugins").join(format!("lib{name}.so")), bytes).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tig-host"));
        command
            .arg(self.path("config.json"))
            .arg("--exit-with-parent")
            .env_remove("RUST_LOG");
        command
    }

    /// Runs a host that is expected to end by itself.
    pub(crate) fn run(&self) -> Output {
        self.command().stdin(Stdio::piped()).output().unwrap()
    }

    /// Runs a command of the program in this folder.
    pub(crate) fn tig_host(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_tig-host"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts a host and waits until it listens.
    pub(crate) fn start(&self) -> HostProcess {
        self.start_with(&[])
    }

    /// Starts a host with further arguments that logs all that is ever logged.
    pub(crate) fn start_tracing(&self, arguments: &[&str]) -> HostProcess {
        self.start_command(self.command().env("RUST_LOG", "trace").args(arguments))
    }

    /// Starts a host with further arguments and waits until it listens.
    pub(crate) fn start_with(&self, arguments: &[&str]) -> HostProcess {
        self.start_command(self.command().args(arguments))
    }

    /// Starts a host with variables and waits until it listens.
    pub(crate) fn start_with_variables(&self, variables: &[(&str, &str)]) -> HostProcess {
        self.start_command(self.command().envs(variables.iter().copied()))
    }

    /// Starts a host for which the folder `name` is a disk without any room; `None` where no file system can be mounted.
    pub(crate) fn start_beside_full_disk(&self, name: &str) -> Option<HostProcess> {
        // The copy ends with an error, since there is no end to its source.
        const FILL: &str = r#"mount -t tmpfs -o size=4k none "$1" && { cat /dev/zero >"$1/filler" 2>/dev/null; shift; exec "$@"; }"#;
        let in_namespace = || {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "--mount", "sh", "-c", FILL, "sh"]);
            command.arg(self.path(name));
            command
        };
        let tried = in_namespace().arg("true").status();
        tried.ok().filter(ExitStatus::success)?;
        let host = self.command();
        let mut command = in_namespace();
        command.arg(host.get_program()).args(host.get_args());
        Some(self.start_command(command.env_remove("RUST_LOG")))
    }

    fn start_command(&self, command: &mut Command) -> HostProcess {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().strip_prefix("listening on ");
        let url = url
            .unwrap_or_else(|| panic!("no address; log:\n{}", self.log()))
            .to_owned();
        HostProcess { child, url }
    }

    /// What `config` says, as the host reads it.
    pub(crate) fn read(&self, config: &Value) -> Config {
        self.write_config(config);
        Config::load(&self.path("config.json"), Overrides::default()).unwrap()
    }

    /// Like [`Home::host_inside`], for a host that may not start.
    pub(crate) fn try_host_inside(&self, config: &Value) -> Result<Host, HostError> {
        let program = Path::new(env!("CARGO_BIN_EXE_tig-host"));
        let runtime = tokio::runtime::Handle::current();
        Host::start(&self.read(config), program, runtime)
    }

    /// Starts a host inside the test's own process.
    pub(crate) fn host_inside(&self, config: &Value) -> Host {
        self.try_host_inside(config).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits until the log has a line with all of `parts`.
    pub(crate) fn wait_for_log(&self, parts: &[&str]) {
        let found = || {
            self.log()
                .lines()
                .any(|line| parts.iter().all(|part| line.contains(part)))
        };
        wait_until(found, || {
            format!("no line with {parts:?} in the log:\n{}", self.log())
        });
    }
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A running host; killed when it is dropped.
pub(crate) struct HostProcess {
    pub(crate) child: Child,
    url: String,
}

impl HostProcess {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = reqwest::get(format!("{}{path}", self.url)).await.unwrap();
        response.json().await.unwrap()
    }

    /// Status and text of `POST /count/<n>`.
    pub(crate) async fn count(&self, n: u64) -> (u16, String) {
        let url = format!("{}/count/{n}", self.url);
        let response = reqwest::Client::new().post(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Waits until the counter's total is `total`.
    pub(crate) async fn total_reaches(&self, total: u64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.get("/total").await[0].take();
            if found == total {
                return;
            }
            assert!(Instant::now() < deadline, "the total is {found}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What the recorder has seen of `counted`, once it has seen `last`.
    pub(crate) async fn counted_until(&self, last: u64) -> Vec<u64> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counted: Vec<u64> =
                serde_json::from_value(self.get("/seen").await[0].clone()).unwrap();
            if counted.contains(&last) {
                return counted;
            }
            assert!(
                Instant::now() < deadline,
                "the recorder has not seen {last}: {counted:?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, signal).unwrap();
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        let ended = || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        };
        wait_until(ended, || "the host does not end".to_owned());
        status.expect("it has ended")
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn wait_until(mut done: impl FnMut() -> bool, otherwise: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{}", otherwise());
        std::thread::sleep(Duration::from_millis(10));
    }
}
