//! Two slaves that do harm: one whose results are wrong, and one that is killed in the middle of a batch.
//!
//! Both are real `tig-slave` processes; their workers are scripts.

use crate::log::field;
use crate::process::Process;
use crate::site::Site;
use crate::stack::StartError;

/// Name of the slave whose results are wrong.
pub const LIAR: &str = "liar";
/// Name of the slave that gets killed.
pub const MORTAL: &str = "mortal";

/// Computes another instance for each nonce than it was asked for. So its results are sound in form, with Merkle branches
/// that lead from their leaves to its root: only who computes the same can see what is wrong.
const LYING_WORKER: &str = r#"#!/bin/sh
task=$1 settings=$2 rand_hash=$3
shift 3
exec "$TIG_WORKER" "$task" "$settings" "another-$rand_hash" "$@"
"#;
/// Never done.
const ENDLESS_WORKER: &str = "#!/bin/sh\nexec sleep 3600\n";

/// The two of them beside the honest slave of a stack.
#[derive(Debug)]
pub struct BadSlaves {
    /// Its results are wrong.
    pub liar: Process,
    mortal: Process,
    /// What the other was at when it was killed.
    left_behind: Option<String>,
}

impl BadSlaves {
    /// Starts both for the host at `master` (`IP:PORT`).
    ///
    /// # Errors
    /// A script cannot be written, or a slave does not start.
    pub fn start(site: &Site, master: &str) -> Result<Self, StartError> {
        let worker = site.write_script("lying-worker", LYING_WORKER)?;
        let mut liar = site.slave_with(&worker, master, LIAR);
        liar.env("TIG_WORKER", site.artifacts().program("tig-worker"));
        let worker = site.write_script("endless-worker", ENDLESS_WORKER)?;
        let mut mortal = site.slave_with(&worker, master, MORTAL);
        mortal.env("RUST_LOG", "info,tig_slave=debug");
        Ok(Self {
            liar: site.spawn(LIAR, &mut liar)?,
            mortal: site.spawn(MORTAL, &mut mortal)?,
            left_behind: None,
        })
    }

    /// Kills the mortal one, as `kill -9` does, once it works on a batch. Returns the batch's id as soon as that is done.
    pub fn kill_at_work(&mut self) -> Option<&str> {
        if self.left_behind.is_none() {
            let log = self.mortal.log();
            let begun = log.lines().find(|line| line.contains("batch begun"))?;
            self.left_behind = field(begun, "batch_id");
            self.mortal.kill();
        }
        self.left_behind.as_deref()
    }
}
