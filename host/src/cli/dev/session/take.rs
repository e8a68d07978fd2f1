//! Lets the world take a build, or makes a new world for it.

use std::path::Path;
use std::time::Instant;

use super::super::error::DevError;
use super::super::reload::{self, Taken};
use super::super::world::World;
use super::Session;

impl Session {
    /// Lets the world take a build.
    pub(super) async fn take(&mut self, file: &Path, begun: Instant) -> Result<(), DevError> {
        self.show_ended().await;
        let world = match &self.world {
            Some(world) if world.is_whole() => world,
            _ => return self.start_world(file, begun).await,
        };
        // Kept if one of these fails: it is that of the build that runs.
        let before = self.hash.clone();
        let hash = world.install(file).await?;
        let plugin = &self.package.plugin;
        let taken = reload::reload(&world.place(), plugin, &hash, &before).await?;
        let seconds = begun.elapsed().as_secs_f64();
        let (text, runs) = match taken {
            Taken::Runs(version) => (
                format!("{plugin} {version} is running after {seconds:.1} s"),
                hash,
            ),
            Taken::RanBefore => (format!("{plugin}: the build is the one that runs"), hash),
            Taken::Rejected(reason) => (
                format!("{plugin} is rejected, the earlier build runs on: {reason}"),
                before,
            ),
        };
        self.hash = runs;
        self.screen.show("reload", &text);
        Ok(())
    }

    pub(super) async fn start_world(
        &mut self,
        file: &Path,
        begun: Instant,
    ) -> Result<(), DevError> {
        self.stop_world().await;
        let (places, package) = (&self.wishes.places, &self.package);
        let world = World::prepare(places, package, self.describe()?, &self.screen)?;
        // From here on an end of this future takes along what has been started.
        let world = self.world.insert(world);
        let started = match world.install(file).await {
            Ok(hash) => {
                self.hash = hash;
                world.start().await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = started {
            self.stop_world().await;
            return Err(error);
        }
        let plugin = &self.package.plugin;
        let version = reload::running_version(&world.place(), plugin).await?;
        let seconds = begun.elapsed().as_secs_f64();
        let text = format!("{plugin} {version} is running after {seconds:.1} s");
        self.screen.show("start", &text);
        let backup = world.place().backup.unwrap_or_default();
        let text = format!("`tig-host top --backup {}` shows more", backup.display());
        self.screen.show("start", &text);
        Ok(())
    }

    /// Shows the end of programs, of which a save may have kept it from being shown.
    pub(super) async fn show_ended(&mut self) {
        let Some(world) = &mut self.world else { return };
        while let Some(error) = world.take_ended().await {
            self.screen.show_error("dev", &error);
        }
    }

    pub(super) async fn stop_world(&mut self) {
        if let Some(world) = self.world.take() {
            world.stop().await;
        }
    }
}
