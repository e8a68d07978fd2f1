//! One run of `tig-host dev`: builds, starts the world, and does both again with each save.

mod once;
mod take;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use tokio::task::JoinHandle;

use super::build::{Built, Cargo};
use super::dep_info;
use super::description::{Description, FILE_NAME, SECTION_FILE_NAME};
use super::error::DevError;
use super::package::{CARGO_CONFIG, MANIFEST, Package};
use super::screen::Screen;
use super::sources::{Change, Sources};
use super::test_run::run_tests;
use super::world::{Places, World};

/// Files of one change that are named.
const CHANGED_NAMED_MAX: usize = 3;

/// What the command line says.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    /// The plugin's folder.
    pub(super) folder: PathBuf,
    /// How cargo is called.
    pub(super) cargo: Cargo,
    /// Where things are found.
    pub(super) places: Places,
    /// Whether tests run.
    pub(super) has_tests: bool,
}

/// A run.
pub(super) struct Session {
    wishes: Wishes,
    package: Package,
    sources: Sources,
    world: Option<World>,
    /// Hash of the build that was installed last.
    hash: String,
    tests: Option<JoinHandle<()>>,
    is_first_build: bool,
    screen: Screen,
}

/// Why a step leads nowhere.
enum Stopped {
    /// It was shown; the next save may lead further.
    Failed,
    /// A save has come.
    Changed(Change),
}

impl Session {
    /// Looks at the plugin's folder.
    pub(super) async fn open(wishes: Wishes, screen: &Screen) -> Result<Self, DevError> {
        let package = Package::find(&wishes.folder).await?;
        std::fs::create_dir_all(&package.target).map_err(DevError::system(format!(
            "make {}",
            package.target.display()
        )))?;
        let sources = Sources::open(&package.folder, &package.target).await;
        Ok(Self {
            wishes,
            package,
            sources,
            world: None,
            hash: String::new(),
            tests: None,
            is_first_build: true,
            screen: screen.clone(),
        })
    }

    /// Works until the future is dropped.
    pub(super) async fn run(&mut self) {
        let mut begun = Instant::now();
        loop {
            let change = match self.follow_save(begun).await {
                Err(Stopped::Changed(change)) => change,
                Err(Stopped::Failed) => {
                    self.screen.show("dev", "waiting for the next save");
                    self.wait().await
                }
                Ok(()) => self.wait().await,
            };
            self.tests.take().inspect(JoinHandle::abort);
            begun = change.at;
            self.screen.show("dev", &changed_text(&change));
            if let Err(error) = self.read_again(&change).await {
                self.show_error(&error);
            }
        }
    }

    /// Shows what happens until the next change.
    async fn wait(&mut self) -> Change {
        loop {
            let Some(world) = &mut self.world else {
                return self.sources.next().await;
            };
            tokio::select! {
                change = self.sources.next() => return change,
                error = world.ended() => {
                    self.screen.show_error("dev", &error);
                    self.screen.show("dev", "the next save starts everything again");
                }
            }
        }
    }

    /// Applies a change of what is not source code.
    async fn read_again(&mut self, change: &Change) -> Result<(), DevError> {
        let has = |name: &str| change.files.iter().any(|file| file.as_os_str() == name);
        if has(FILE_NAME) || has(SECTION_FILE_NAME) {
            self.stop_world().await;
        }
        if has(MANIFEST) || has(CARGO_CONFIG) {
            self.package = Package::find(&self.wishes.folder).await?;
            self.stop_world().await;
        }
        Ok(())
    }

    /// What follows a save at `begun`: build, reload, tests.
    async fn follow_save(&mut self, begun: Instant) -> Result<(), Stopped> {
        // Before the build, which may take long.
        self.describe().map_err(|error| self.failed(&error))?;
        let built = tokio::select! {
            built = self.wishes.cargo.build(&self.package, self.is_first_build, &self.screen) => built,
            change = self.sources.next() => return Err(Stopped::Changed(change)),
        };
        let file = match built {
            Ok(Built::Plugin(file)) => file,
            Ok(Built::Failed) => {
                self.show_ended().await;
                let goes_on = if self.world.as_ref().is_some_and(World::is_whole) {
                    "; the earlier build runs on"
                } else {
                    ""
                };
                self.screen.show("build", &format!("failed{goes_on}"));
                return Err(Stopped::Failed);
            }
            Err(error) => return Err(self.failed(&error)),
        };
        self.is_first_build = false;
        let inputs = dep_info::read(&file);
        self.sources.follow(inputs, &self.package.target).await;
        if self.sources.take_cut() {
            let text = "saves in some folders are not noticed: there are too many files, or they are too deep";
            self.screen.show("dev", text);
        }
        let seconds = begun.elapsed().as_secs_f64();
        self.screen
            .show("build", &format!("done after {seconds:.1} s"));
        let taken = self.take(&file, begun).await;
        taken.map_err(|error| self.failed(&error))?;
        if self.wishes.has_tests {
            self.start_tests();
        }
        Ok(())
    }

    /// Reads what runs beside the plugin.
    fn describe(&self) -> Result<Description, DevError> {
        let Package { folder, plugin, .. } = &self.package;
        Ok(Description::read(folder, plugin)?)
    }

    fn start_tests(&mut self) {
        let (cargo, package) = (self.wishes.cargo.clone(), self.package.clone());
        let screen = self.screen.clone();
        self.tests = Some(tokio::spawn(async move {
            if let Err(error) = run_tests(&cargo, &package, &screen).await {
                screen.show_error("tests", &error);
            }
        }));
    }

    fn failed(&self, error: &DevError) -> Stopped {
        self.show_error(error);
        Stopped::Failed
    }

    fn show_error(&self, error: &DevError) -> ExitCode {
        self.screen.show_error("error", error);
        error.exit_code()
    }

    /// Ends everything.
    pub(super) async fn stop(mut self) {
        self.tests.take().inspect(JoinHandle::abort);
        self.stop_world().await;
    }
}

fn changed_text(change: &Change) -> String {
    let names = change.files.iter().take(CHANGED_NAMED_MAX);
    let names: Vec<String> = names.map(|name| name.display().to_string()).collect();
    let names = names.join(", ");
    match change.files.len().saturating_sub(CHANGED_NAMED_MAX) {
        0 => format!("{names} changed"),
        more => format!("{names} and {more} more changed"),
    }
}
