//! What an instance knows, and hands over to its successor at a reload.

use std::collections::BTreeMap;

use horde_events::MinerAddress;
use serde::{Deserialize, Serialize};

use crate::emission::Emission;
use crate::group::Group;
use crate::job::{Jobs, MadeJobs};
use crate::link::Links;
use crate::outflow::Outflow;
use crate::store::InterruptedJob;

/// All but config and storage.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct RunState {
    /// Number of the run, which its connections have in their tags, unlike those of earlier runs.
    pub(crate) session: u64,
    /// Links that extensions want, by their names.
    pub(crate) holders: BTreeMap<String, Vec<MinerAddress>>,
    pub(crate) links: Links,
    pub(crate) made: MadeJobs,
    pub(crate) jobs: Jobs,
    pub(crate) groups: BTreeMap<u64, Group>,
    pub(crate) outflow: Outflow,
    /// Groups so far.
    group_count: u64,
    /// Jobs that an earlier run has left behind.
    pub(crate) interrupted: Vec<InterruptedJob>,
    /// Receipts that were not emitted.
    #[serde(default)]
    pub(crate) emission: Emission,
}

impl RunState {
    /// What a start finds in the storage.
    pub(crate) fn new(
        session: u64,
        holders: BTreeMap<String, Vec<MinerAddress>>,
        interrupted: Vec<InterruptedJob>,
        emission: Emission,
    ) -> Self {
        Self {
            session,
            holders,
            interrupted,
            emission,
            ..Self::default()
        }
    }

    pub(crate) fn next_group(&mut self) -> u64 {
        self.group_count += 1;
        self.group_count
    }

    /// Name of a group under way.
    pub(crate) fn group_name(&self, number: u64) -> String {
        let group = self.groups.get(&number);
        group
            .map(|group| group.name.to_string())
            .unwrap_or_default()
    }
}
