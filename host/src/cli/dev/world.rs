//! The world of a plugin: a folder, a host with the plugin among its extensions, and the programs beside it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use futures_util::future::{join_all, select_all};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::super::admin::Where;
use super::child::{Lines, Program};
use super::description::{self, Companion, Description, HOST, PLUGIN, Ready};
use super::error::DevError;
use super::event_lines::EventLines;
use super::handlers::Handlers;
use super::host_log;
use super::launch::{Launch, needs_host};
use super::package::Package;
use super::placeholders::Values;
use super::running::{ADDRESS, Running};
use super::screen::Screen;

/// Beginning of the folder's name.
const FOLDER_PREFIX: &str = "tig-dev-";
/// Bytes of randomness in a key.
const KEY_BYTES: usize = 16;
/// Beginning of the host's first line.
const HOST_READY: &str = "listening on ";
/// Folder of the plugin files.
const PLUGINS: &str = "plugins";

/// Where things are found.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// File of this program.
    pub(super) host: PathBuf,
    /// Folder of the programs.
    pub(super) programs: PathBuf,
    /// Folder of the stock extensions.
    pub(super) plugins: PathBuf,
    /// Names of events on screen; all if there is none.
    pub(super) events: Vec<String>,
}

/// Everything that runs for a plugin.
pub(super) struct World {
    places: Places,
    description: Description,
    plugin: String,
    values: Values,
    running: Vec<Running>,
    handlers: Handlers,
    events: Option<JoinHandle<()>>,
    screen: Screen,
    // Removed last.
    folder: TempDir,
}

impl World {
    /// Makes the folder of a run; nothing runs yet.
    pub(super) fn prepare(
        places: &Places,
        package: &Package,
        description: Description,
        screen: &Screen,
    ) -> Result<Self, DevError> {
        // Where cargo builds, programs may be run: not every folder of temporary files allows that.
        let folder = tempfile::Builder::new()
            .prefix(FOLDER_PREFIX)
            .tempdir_in(&package.target)
            .map_err(DevError::system("make a folder for the run"))?;
        let text = |path: &Path| path.display().to_string();
        let values = [
            ("folder", text(folder.path())),
            ("package", text(&package.folder)),
            ("programs", text(&places.programs)),
            (PLUGIN, package.plugin.clone()),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value));
        let world = Self {
            places: places.clone(),
            description,
            plugin: package.plugin.clone(),
            values: values.into(),
            running: Vec::new(),
            handlers: Handlers::default(),
            events: None,
            screen: screen.clone(),
            folder,
        };
        let failed = |path: &Path| DevError::system(format!("write {}", path.display()));
        let plugins = world.path(PLUGINS);
        fs::create_dir(&plugins).map_err(failed(&plugins))?;
        for key in &world.description.keys {
            let path = world.path(key);
            let text = random_key().map_err(DevError::system("make a key"))?;
            write_private(&path, &text).map_err(failed(&path))?;
        }
        for (name, document) in &world.description.documents {
            let path = world.path(name);
            write_private(&path, &document.to_string()).map_err(failed(&path))?;
        }
        Ok(world)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The host's file of an extension.
    fn plugin_file(&self, extension: &str) -> PathBuf {
        self.path(PLUGINS)
            .join(crate::config::plugin_file_name(extension))
    }

    /// How the host is reached.
    pub(super) fn place(&self) -> Where {
        Where {
            config: None,
            backup: Some(self.path("backup")),
            json: false,
        }
    }

    /// Puts a build of the plugin in its place; returns its hash.
    pub(super) async fn install(&self, built: &Path) -> Result<String, DevError> {
        let file = self.plugin_file(&self.plugin);
        let failed = DevError::system(format!("copy {}", built.display()));
        let built = built.to_owned();
        let install = tokio::task::spawn_blocking({
            let file = file.clone();
            move || {
                let bytes = fs::read(&built)?;
                tig_process::whole_file::write(&file, &bytes, 0o755)?;
                Ok(blake3::hash(&bytes).to_hex().to_string())
            }
        });
        let installed = install.await.unwrap_or_else(|error| Err(error.into()));
        let hash = installed.map_err(failed)?;
        self.handlers.read(&self.plugin, file).await;
        Ok(hash)
    }

    /// Whether all programs run.
    pub(super) fn is_whole(&self) -> bool {
        self.running.len() == self.description.companions.len() + 1
    }

    /// Starts the programs and the host, once the plugin is in its place.
    pub(super) async fn start(&mut self) -> Result<(), DevError> {
        let companions = self.description.companions.clone();
        let (after, before): (Vec<_>, Vec<_>) = companions.iter().partition(|it| needs_host(it));
        for companion in before {
            self.start_companion(companion).await?;
        }
        self.start_host().await?;
        for companion in after {
            self.start_companion(companion).await?;
        }
        Ok(())
    }

    async fn start_companion(&mut self, companion: &Companion) -> Result<(), DevError> {
        let launch = Launch::prepare(companion, &self.places.programs, &self.values)?;
        let program = Program {
            file: &launch.file,
            arguments: launch.arguments,
            folder: self.folder.path(),
            is_local: true,
        };
        let name = &companion.name;
        let started = Running::start(name, &program, &self.places.host, Lines::keep_in);
        let (running, output) = started?;
        let ready = launch.ready.as_ref();
        let said = self.wait_ready(running, output, ready).await?;
        let address = said.get(ADDRESS);
        let text = address.map_or_else(|| "runs".to_owned(), |it| format!("runs at {it}"));
        self.screen.show(name, &text);
        Ok(())
    }

    /// Adds a program to those that run, and what it says of itself to the values.
    async fn wait_ready(
        &mut self,
        mut running: Running,
        output: Lines,
        ready: Option<&Ready>,
    ) -> Result<Values, DevError> {
        let said = running.ready(output, ready).await?;
        let name = &running.name;
        let named = said.iter();
        let named = named.map(|(key, value)| (format!("{name}.{key}"), value.clone()));
        self.values.extend(named);
        self.running.push(running);
        Ok(said)
    }

    async fn start_host(&mut self) -> Result<(), DevError> {
        let config = self.config()?;
        for name in description::extensions(&config) {
            self.link_plugin(name).await?;
        }
        let file = self.path("config.json");
        let written = fs::write(&file, format!("{:#}\n", Value::Object(config)));
        written.map_err(DevError::system("write the host's config"))?;
        let arguments = ["--log-format", "json", "--exit-with-parent"];
        let mut arguments: Vec<OsString> = arguments.map(OsString::from).into();
        arguments.insert(0, file.into());
        let program = Program {
            file: &self.places.host,
            arguments,
            folder: self.folder.path(),
            is_local: true,
        };
        let (plugin, screen) = (self.plugin.clone(), self.screen.clone());
        let read = |lines, tail| host_log::show(lines, plugin, screen, tail);
        let (running, output) = Running::start(HOST, &program, &self.places.host, read)?;
        let ready = Ready::Line(HOST_READY.to_owned());
        let mut said = self.wait_ready(running, output, Some(&ready)).await?;
        let url = said.remove(ADDRESS).unwrap_or_default();
        let address = url.split_once("://").map_or(url.as_str(), |(_, it)| it);
        self.values
            .insert(format!("{HOST}.{ADDRESS}"), address.to_owned());
        self.screen.show(HOST, &format!("runs at {url}"));
        self.follow_events();
        Ok(())
    }

    fn follow_events(&mut self) {
        let events = EventLines {
            place: self.place(),
            names: self.places.events.clone(),
            handlers: self.handlers.clone(),
            screen: self.screen.clone(),
        };
        self.events = Some(tokio::spawn(events.follow()));
    }

    fn config(&self) -> Result<Map<String, Value>, DevError> {
        let mut config = self.description.config(&self.plugin, &self.values)?;
        config.insert("backup_folder".to_owned(), "backup".into());
        config.insert("plugin_folder".to_owned(), PLUGINS.into());
        config.entry("port").or_insert(0.into());
        Ok(config)
    }

    async fn link_plugin(&self, extension: &str) -> Result<(), DevError> {
        if extension == self.plugin {
            return Ok(());
        }
        let file_name = crate::config::plugin_file_name(extension);
        let path = self.places.plugins.join(file_name);
        if !path.exists() {
            let name = extension.to_owned();
            return Err(DevError::Plugin { name, path });
        }
        let link = self.plugin_file(extension);
        symlink(&path, &link).map_err(DevError::system(format!("write {}", link.display())))?;
        self.handlers.read(extension, path).await;
        Ok(())
    }

    /// Waits until a program ends; it runs no more then. Nothing is lost if the future is dropped.
    pub(super) async fn ended(&mut self) -> DevError {
        if self.running.is_empty() {
            return std::future::pending().await;
        }
        let waiting = self.running.iter_mut().map(|it| Box::pin(it.ended()));
        let (error, index, _) = select_all(waiting).await;
        self.remove(index);
        error
    }

    /// The error of a program that has ended, if there is one; it runs no more then.
    pub(super) async fn take_ended(&mut self) -> Option<DevError> {
        let index = self.running.iter_mut().position(Running::has_ended)?;
        Some(self.remove(index).ended().await)
    }

    fn remove(&mut self, index: usize) -> Running {
        let ended = self.running.swap_remove(index);
        if ended.name == HOST {
            self.events.take().inspect(JoinHandle::abort);
        }
        ended
    }

    /// Ends everything.
    pub(super) async fn stop(mut self) {
        self.events.take().inspect(JoinHandle::abort);
        let running = std::mem::take(&mut self.running);
        join_all(running.into_iter().map(Running::stop)).await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.events.take().inspect(JoinHandle::abort);
    }
}

fn random_key() -> std::io::Result<String> {
    let mut random = [0; KEY_BYTES];
    getrandom::fill(&mut random)?;
    Ok(hex::encode(random))
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    tig_process::whole_file::write(path, text.as_bytes(), 0o600)
}
