//! The host as a process of its own, with the six extensions, a store on disk, and a processor to itself.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_bench_report::{Result, target_folder};

use super::client::{Connection, get};
use super::stub::Stub;
use crate::driver::NAMES;
use crate::world::PLAYER;

/// Whatever is waited for comes sooner.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

const LISTENING: &str = "listening on http://";

/// The processor that the host runs on, and the one that everything else runs on.
const HOSTS_CORE: &str = "0";
const OWN_CORE: &str = "1";

/// Keeps this process off the host's processor; threads that are started later inherit it.
pub(crate) fn make_way() -> Result<()> {
    let own = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["-cp", OWN_CORE, &own])
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err("`taskset -c` does not work here: it needs util-linux and two processors".into()),
    }
}

/// See the module's documentation.
pub(crate) struct Master {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Master {
    /// Starts a host that asks `stub`, with extensions configured by `config`.
    ///
    /// Its folder is where the program was built: the system's folder for temporary files may lie in memory, where a
    /// commit costs nothing.
    pub(crate) fn start(stub: &Stub, config: &Value) -> Result<Self> {
        let release = target_folder()?.join("release");
        let folder = tempfile::tempdir_in(target_folder()?)?;
        let file = json!({ "extensions": NAMES, "config": config, "player_id": PLAYER, "port": 0,
            "api_url": format!("http://{}", stub.address), "backup_folder": "backup", "plugin_folder": release,
            "http": { "gets_per_minute": 0, "posts_per_minute": 0 } });
        let path = folder.path().join("config.json");
        fs::write(&path, file.to_string())?;
        let mut child = Command::new("taskset")
            .args(["-c", HOSTS_CORE])
            .arg(release.join("tig-host"))
            .arg(&path)
            .arg("--exit-with-parent")
            .env("TIG_HOST_API_KEY", "key")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("log"))?)
            .spawn()?;
        match address(&mut child) {
            Ok(address) => Ok(Self {
                child,
                address,
                _folder: folder,
            }),
            Err(error) => {
                // It has ended already if it could not start.
                let _ = child.kill();
                child.wait()?;
                let log = fs::read_to_string(folder.path().join("log"))?;
                Err(format!("{error}: {}", log.lines().last().unwrap_or_default()).into())
            }
        }
    }

    /// Processor time that its threads have used.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may have ended meanwhile.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            nanoseconds += text
                .split_whitespace()
                .next()
                .ok_or("no schedstat")?
                .parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The most memory that it has had, in MB.
    pub(crate) fn memory_peak(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        let kilobytes: f64 = number.ok_or("the system does not tell")?.parse()?;
        Ok(kilobytes / 1e3)
    }

    /// Whether none of its extensions has anything waiting, and how much `extension` has handled.
    pub(crate) async fn handled(&self, extension: &str) -> Result<(bool, u64)> {
        let answered = Connection::open(self.address)
            .await?
            .ask(&get("/metrics"))
            .await?;
        let text = String::from_utf8(answered.body)?;
        let values = |name: &'static str| {
            let lines = text
                .lines()
                .filter_map(move |line| line.strip_prefix(name)?.strip_prefix("{extension=\""));
            lines.filter_map(|line| line.split_once("\"} "))
        };
        let is_idle = values("tig_host_waiting").all(|(_, waiting)| waiting == "0");
        let handled = values("tig_host_handled_total").find(|(name, _)| *name == extension);
        let (_, handled) = handled.ok_or("the host's metrics lack an extension")?;
        Ok((is_idle, handled.parse()?))
    }

    /// Waits until so many batches wait for slaves.
    pub(crate) async fn wait_until_queued(&self, count: usize) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut connection = Connection::open(self.address).await?;
        loop {
            let answered = connection.ask(&get("/slaves")).await?;
            let report: Value = serde_json::from_slice(&answered.body)?;
            let queued = report["queued"].as_u64().unwrap_or_default();
            if queued as usize >= count {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{queued} batches are queued instead of {count}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        // Nothing is left to be done about a process that cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(child: &mut Child) -> Result<SocketAddr> {
    let stdout = child.stdout.take().ok_or("no standard output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line.trim().strip_prefix(LISTENING);
    Ok(address.ok_or("the host does not start")?.parse()?)
}
