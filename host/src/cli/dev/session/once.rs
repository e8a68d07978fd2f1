//! One build, test and start, for scripts.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::super::build::Built;
use super::super::error::DevError;
use super::super::test_run::run_tests;
use super::Session;
use crate::exit_code;

/// Time for programs to show that they run, with --once.
const ONCE_WATCH: Duration = Duration::from_secs(2);

impl Session {
    /// Builds, tests and starts once; returns the exit code.
    pub(in super::super) async fn run_once(&mut self) -> ExitCode {
        match self.try_once().await {
            Ok(code) => code,
            Err(error) => self.show_error(&error),
        }
    }

    async fn try_once(&mut self) -> Result<ExitCode, DevError> {
        let begun = Instant::now();
        self.describe()?;
        let cargo = &self.wishes.cargo;
        let Built::Plugin(file) = cargo.build(&self.package, true, &self.screen).await? else {
            self.screen.show("build", "failed");
            return Ok(exit_code::PLUGIN.into());
        };
        if self.wishes.has_tests && !run_tests(cargo, &self.package, &self.screen).await? {
            return Ok(exit_code::PLUGIN.into());
        }
        self.start_world(&file, begun).await?;
        self.watch_world(ONCE_WATCH).await?;
        Ok(ExitCode::SUCCESS)
    }

    /// Looks whether a program ends: one that is ready at once may fail right after.
    async fn watch_world(&mut self, watch: Duration) -> Result<(), DevError> {
        let Some(world) = &mut self.world else {
            return Ok(());
        };
        match timeout(watch, world.ended()).await {
            Ok(error) => Err(error),
            // What ended last may not have been read to its end.
            Err(_) => world.take_ended().await.map_or(Ok(()), Err),
        }
    }
}
