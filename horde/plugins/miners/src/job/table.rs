//! The one table of jobs by uuid (section 10.5).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Job, JobId};

/// The jobs under way.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Jobs {
    jobs: BTreeMap<JobId, Job>,
    ids: BTreeMap<Arc<str>, JobId>,
    /// Jobs so far.
    count: JobId,
}

impl Jobs {
    pub(crate) fn insert(&mut self, job: Job) -> JobId {
        self.count += 1;
        let id = self.count;
        self.ids.insert(Arc::clone(&job.uuid), id);
        self.jobs.insert(id, job);
        id
    }

    pub(crate) fn get(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.get_mut(&id)
    }

    pub(crate) fn id_of(&self, uuid: &str) -> Option<JobId> {
        self.ids.get(uuid).copied()
    }

    pub(crate) fn remove(&mut self, id: JobId) -> Option<Job> {
        let job = self.jobs.remove(&id)?;
        self.ids.remove(&job.uuid);
        Some(job)
    }

    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }
}
