//! A folder with plugins, config and store, and a host in it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_bench_report::{Result, target_folder};
use tig_host::{Config, Control, Host, Kind, Outcome, Overrides};
use tokio::runtime::Runtime;

/// No measurement takes longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// The built program `tig-host`.
pub(crate) fn program() -> Result<PathBuf> {
    there(target_folder()?.join("release/tig-host"))
}

/// The built plugin `name`.
pub(crate) fn plugin(name: &str) -> Result<PathBuf> {
    there(target_folder()?.join(format!("release/examples/lib{name}.so")))
}

fn there(path: PathBuf) -> Result<PathBuf> {
    if path.exists() {
        return Ok(path);
    }
    let path = path.display();
    Err(format!("{path} is missing: run `cargo xtask bench host`").into())
}

pub(crate) struct Site {
    folder: TempDir,
    pub(crate) config: PathBuf,
}

impl Site {
    /// With extensions of these names, each of the plugin named beside it.
    ///
    /// The folder is where the program was built: the system's folder for temporary files may lie in memory, where a
    /// commit costs nothing.
    pub(crate) fn new(extensions: &[(&str, &str)]) -> Result<Self> {
        Self::with_settings(extensions, &json!({}))
    }

    /// The same with further settings of the config.
    pub(crate) fn with_settings(extensions: &[(&str, &str)], settings: &Value) -> Result<Self> {
        let folder = tempfile::tempdir_in(target_folder()?)?;
        fs::create_dir(folder.path().join("plugins"))?;
        let names: Vec<&str> = extensions.iter().map(|(name, _)| *name).collect();
        let mut config = json!({
            "extensions": names,
            "identity": { "api_url": "http://127.0.0.1:1" },
            "backup_folder": "backup",
            "plugin_folder": "plugins",
            "port": 0,
        });
        for (key, value) in settings.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        let path = folder.path().join("config.json");
        fs::write(&path, config.to_string())?;
        let site = Self {
            folder,
            config: path,
        };
        for (name, from) in extensions {
            site.install(name, &fs::read(plugin(from)?)?)?;
        }
        Ok(site)
    }

    /// Where extension `name` has its file.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path("plugins").join(format!("lib{name}.so"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a plugin file in place.
    pub(crate) fn install(&self, name: &str, bytes: &[u8]) -> Result<()> {
        Ok(fs::write(self.file(name), bytes)?)
    }

    /// Starts a host in this process.
    pub(crate) fn start(&self) -> Result<Running> {
        let runtime = Runtime::new()?;
        let config = Config::load(&self.config, Overrides::default())?;
        let host = Host::start(&config, Path::new(&program()?), runtime.handle().clone())?;
        let control = host.control();
        Ok(Running {
            host: Some(host),
            control,
            runtime,
        })
    }
}

/// A host in this process; stopped when it is dropped.
pub(crate) struct Running {
    host: Option<Host>,
    pub(crate) control: Control,
    /// Serves HTTP. Dropped last.
    runtime: Runtime,
}

impl Running {
    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        let host = self.host.as_ref().ok_or("the host is stopped")?;
        Ok(host.address())
    }

    /// Replaces an extension by its present file.
    pub(crate) fn reload(&self, name: &str) -> Result<Outcome> {
        Ok(self.runtime.block_on(self.control.reload(name))?)
    }

    /// The answer of a route.
    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address()?)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
        Ok(body.to_owned())
    }

    /// Publishes an event; waits for room.
    pub(crate) fn publish(&self, event: &str, arguments: &str) {
        while self
            .control
            .publish(event, arguments.as_bytes(), Kind::Plain)
            .is_err()
        {
            std::thread::yield_now();
        }
    }

    /// What all extensions have handled.
    pub(crate) fn handled(&self) -> u64 {
        let status = self.control.extensions();
        status.iter().map(|extension| extension.handled).sum()
    }

    /// What one extension has handled.
    pub(crate) fn handled_by(&self, name: &str) -> u64 {
        let status = self.control.extensions();
        let of = status.iter().filter(|extension| extension.name == name);
        of.map(|extension| extension.handled).sum()
    }

    /// Stops the host; what all extensions have handled until its end.
    pub(crate) fn stop(mut self) -> u64 {
        if let Some(host) = self.host.take() {
            host.stop();
        }
        self.handled()
    }

    /// Waits until `done`.
    pub(crate) fn wait(&self, done: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            if Instant::now() > deadline {
                return Err(format!("not done after {} s", PATIENCE.as_secs()).into());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(host) = self.host.take() {
            host.stop();
        }
    }
}

/// Nanoseconds that a plugin has measured, the shortest first.
pub(crate) struct Sorted(Vec<u64>);

impl Sorted {
    /// Those that a route answers.
    pub(crate) fn get(host: &Running, path: &str) -> Result<Self> {
        let mut nanoseconds: Vec<u64> = serde_json::from_str(&host.get(path)?)?;
        if nanoseconds.is_empty() {
            return Err(format!("nothing was measured for {path}").into());
        }
        nanoseconds.sort_unstable();
        Ok(Self(nanoseconds))
    }

    /// Microseconds that this share of the measurements, below 1, does not exceed.
    pub(crate) fn micros(&self, share: f64) -> f64 {
        self.0[(self.0.len() as f64 * share) as usize] as f64 / 1e3
    }
}
