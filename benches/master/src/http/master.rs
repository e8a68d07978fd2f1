//! The host as a process of its own, with the six extensions, a store on disk, and a processor to itself.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_bench_report::http::{Connection, get};
use tig_bench_report::program::Program;
use tig_bench_report::{Result, target_folder};
use tig_system_tests::PLUGINS;

use super::stub::Stub;
use crate::world::PLAYER;

/// Whatever is waited for comes sooner.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Master {
    /// The process.
    pub(crate) program: Program,
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
        let file = json!({ "extensions": PLUGINS, "config": config, "player_id": PLAYER, "port": 0,
            "api_url": format!("http://{}", stub.address), "backup_folder": "backup", "plugin_folder": release,
            "http": { "gets_per_minute": 0, "posts_per_minute": 0 } });
        let path = folder.path().join("config.json");
        fs::write(&path, file.to_string())?;
        let program = Program::start(&release.join("tig-host"), folder.path(), |command| {
            command.arg(&path).env("TIG_HOST_API_KEY", "key");
        })?;
        Ok(Self {
            program,
            _folder: folder,
        })
    }

    /// Whether none of its extensions has anything waiting, and how much `extension` has handled.
    pub(crate) async fn handled(&self, extension: &str) -> Result<(bool, u64)> {
        let answered = Connection::open(self.program.address)
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
        let mut connection = Connection::open(self.program.address).await?;
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
