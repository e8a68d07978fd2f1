//! A day of the whole validator: cycles, batches, weights and users' jobs, on a chain and with a facilitator that have faults.

mod config;
mod faults;
mod http;
mod judge;
pub mod scenario;
pub mod trouble;
mod world;

use std::path::Path;

use tig_simulator::finding::Violation;
use tig_simulator::site::SiteError;
use tig_simulator::transcript::Transcript;

use self::scenario::Day;
use self::world::World;
use crate::site::Site;

/// What came of a day.
pub struct DayRun {
    /// The first thing that was not as it must be.
    pub violation: Option<Violation>,
    /// Everything that happened.
    pub transcript: Transcript,
    /// Kills and power cuts.
    pub kills: u64,
    /// Reloads.
    pub reloads: u64,
    /// Cycles that were looked at.
    pub cycles: u64,
    /// Those with a batch.
    pub batches: u64,
    /// Those whose weights are on the chain.
    pub weights: u64,
    /// Jobs that users ordered.
    pub orders: u64,
    /// Those that were completed.
    pub completed: u64,
}

/// Loads all extensions of `plugin_folder`.
///
/// # Errors
///
/// See [`SiteError`].
pub fn site(plugin_folder: &Path) -> Result<Site, SiteError> {
    Site::with(plugin_folder, &config::first_options())
}

/// Plays a day.
///
/// # Errors
///
/// The simulation itself cannot go on.
pub fn play(site: &Site, day: &Day, keep_all: bool) -> Result<DayRun, String> {
    let mut world = World::new(site, day, keep_all)?;
    world.run()?;
    world.write_recording()?;
    Ok(world.into_run())
}
