//! Devnet, host and slave, each started by the test in a way of its own.

use std::process::Command;
use std::time::Duration;

use tig_system_tests::{DevnetStatus, Process, Site, Stage, wait_for};

use crate::support::{PACE, PATIENCE, one_challenge};

/// A program does not need longer to end.
pub(crate) const END: Duration = Duration::from_secs(20);
/// Lines of each log that are shown when a test fails.
const LOG_LINES: usize = 20;

/// The three programs at work.
pub(crate) struct Programs {
    network: String,
    pub(crate) devnet: Process,
    pub(crate) host: Process,
    pub(crate) slave: Process,
}

impl Programs {
    /// Starts them one after the other with `spawn`, which gets the name and makes the command.
    pub(crate) fn start(
        site: &Site,
        workers: usize,
        mut spawn: impl FnMut(&str, &dyn Fn() -> Command) -> Process,
    ) -> Self {
        let mut devnet = spawn("tig-devnet", &|| site.devnet(0, PACE.block_ms));
        let network = devnet.address().unwrap();
        site.write_config(&one_challenge(), &format!("http://{network}"), 0)
            .unwrap();
        let mut host = spawn("tig-host", &|| site.host());
        let master = host.address().unwrap();
        let slave = spawn("tig-slave", &|| site.slave(&master, "local", workers));
        Self {
            network,
            devnet,
            host,
            slave,
        }
    }

    /// Waits until the network has confirmed a proof.
    pub(crate) fn wait_for_proof(&mut self) {
        let proved = wait_for("a proof", PATIENCE, || {
            for process in [&mut self.devnet, &mut self.host, &mut self.slave] {
                process.check_running().unwrap();
            }
            let status = DevnetStatus::fetch(&self.network).unwrap();
            let mut benchmarks = status.benchmarks.into_iter();
            benchmarks
                .any(|benchmark| benchmark.stage == Stage::Proof)
                .then_some(())
        });
        let logs = [&self.devnet, &self.host, &self.slave].map(|it| it.log_tail(LOG_LINES));
        proved.unwrap_or_else(|error| panic!("{error}\n{}", logs.join("\n\n")));
    }
}

/// Waits for the end of a program.
pub(crate) fn exit_code(process: &mut Process) -> Option<i32> {
    let ended = wait_for("the end", END, || process.exit_status());
    ended
        .unwrap_or_else(|error| panic!("{error}\n{}", process.log()))
        .code()
}
