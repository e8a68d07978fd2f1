//! The world of a plugin: a folder, a host with the plugin among its extensions, and the programs beside it.

mod start;

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::{join_all, select_all};
use tokio::task::JoinHandle;

use super::super::admin::Where;
use super::description::{Description, HOST, PLUGIN};
use super::error::DevError;
use super::handlers::Handlers;
use super::package::Package;
use super::placeholders::Values;
use super::run_folder::{BACKUP, PLUGINS, RunFolder};
use super::running::Running;
use super::screen::Screen;

/// Bytes of randomness in a key.
const KEY_BYTES: usize = 16;

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
    folder: RunFolder,
}

impl World {
    /// Makes the folder of a run; nothing runs yet.
    pub(super) fn prepare(
        places: &Places,
        package: &Package,
        description: Description,
        screen: &Screen,
    ) -> Result<Self, DevError> {
        let folder = RunFolder::make(&package.target)
            .map_err(DevError::system("make a folder for the run"))?;
        let values = [
            ("folder", text(folder.path())?),
            ("package", text(&package.folder)?),
            ("programs", text(&places.programs)?),
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
            backup: Some(self.path(BACKUP)),
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

/// A path for arguments and for JSON.
fn text(path: &Path) -> Result<String, DevError> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| DevError::NotText {
        path: path.to_owned(),
    })
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

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn path_that_is_not_text_is_refused() {
        assert_eq!(text(Path::new("/a b")).unwrap(), "/a b");
        let error = text(Path::new(OsStr::from_bytes(b"/\xff"))).unwrap_err();
        assert!(error.to_string().contains("is not UTF-8"), "{error}");
    }
}
