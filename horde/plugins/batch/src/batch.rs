//! The batch that is under way.

use std::collections::{BTreeMap, BTreeSet};

use horde_events::{LinkState, MinerAddress, MinerLink, PlannedJob, Step};
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};
use tig_plugin_api::Ticket;

use crate::asks::Note;
use crate::config::Config;
use crate::job::{Job, JobEnd};
use crate::making::Making;
use crate::offers::{ClassOffer, Offer, collect_offers};
use crate::rules::Rules;
use crate::users::Users;

/// How far a batch is (section 3.4).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Miners are asked for their manifests (step 2).
    Manifests,
    /// Job kinds make jobs (step 4).
    Making,
    /// Jobs are reserved, run and checked (steps 5 to 8).
    Running,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Manifests => "manifests",
            Self::Making => "making",
            Self::Running => "running",
        }
    }
}

/// What is known of a batch from its beginning. Stored; written once for each phase.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Head {
    /// Its name, which is that of its group, too.
    pub(crate) batch: String,
    pub(crate) number: u64,
    pub(crate) phase: Phase,
    pub(crate) started_ms: u64,
    /// The caller of `run_batch`; nobody for the batch of a cycle.
    pub(crate) ticket: Ticket,
    /// First block of its cycle, if it belongs to one.
    pub(crate) cycle_start: Option<u64>,
    #[serde(flatten)]
    pub(crate) rules: Rules,
    /// Job kinds by class, as they were when it began.
    pub(crate) kinds: BTreeMap<ExecutorClass, String>,
    pub(crate) miners: Vec<MinerAddress>,
    /// What kept jobs from being made.
    pub(crate) notes: BTreeSet<Note>,
    /// Number of its jobs, known in the phase [`Phase::Running`].
    pub(crate) job_count: usize,
}

/// A batch.
pub(crate) struct Batch {
    pub(crate) head: Head,
    /// Known from the phase [`Phase::Making`] on.
    pub(crate) offers: Vec<Offer>,
    /// Known in the phase [`Phase::Running`], by uuid.
    pub(crate) jobs: BTreeMap<String, Job>,
    /// What has become of jobs, by uuid.
    pub(crate) results: BTreeMap<String, JobEnd>,
    /// Number of results whose answer is not checked.
    unchecked: usize,
    /// Whether stored offers or jobs could not be read.
    pub(crate) is_damaged: bool,
    pub(crate) live: Live,
}

/// What is not stored, and handed over at a reload. After a restart the phase begins anew.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Live {
    /// Whether this instance, or one before it, has begun the phase; otherwise a timer does it.
    pub(crate) is_resumed: bool,
    /// What became of links, by hotkey.
    pub(crate) links: BTreeMap<String, LinkState>,
    pub(crate) making: Making,
    pub(crate) steps: Steps,
    /// Jobs whose answer has to be given to its kind once more.
    pub(crate) ungiven: BTreeSet<String>,
    /// Whether the deadline of verdicts runs.
    pub(crate) is_waiting_for_verdicts: bool,
    pub(crate) progress: Progress,
}

/// When a line was shown.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Progress {
    pub(crate) shown_ms: u64,
    /// Whether the timer of the next line is set.
    pub(crate) is_due: bool,
}

/// Steps of jobs since the last restart.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Steps {
    pub(crate) accepted: u64,
    pub(crate) ready: u64,
    pub(crate) running: u64,
}

impl Steps {
    pub(crate) fn count(&mut self, step: Step) {
        match step {
            Step::Accepted => self.accepted += 1,
            Step::Ready => self.ready += 1,
            Step::Running => self.running += 1,
        }
    }
}

impl Batch {
    pub(crate) fn new(head: Head) -> Self {
        Self {
            head,
            offers: Vec::new(),
            jobs: BTreeMap::new(),
            results: BTreeMap::new(),
            unchecked: 0,
            is_damaged: false,
            live: Live::default(),
        }
    }

    /// Takes over stored results; those of no job do not count.
    pub(crate) fn set_results(&mut self, results: impl Iterator<Item = (String, JobEnd)>) {
        self.results = results
            .filter(|(uuid, _)| self.jobs.contains_key(uuid))
            .collect();
        let unchecked = self.results.values().filter(|end| end.is_unchecked());
        self.unchecked = unchecked.count();
    }

    /// Whether a link is that of a miner whose manifest is awaited. Of the manifests of a miner the first one counts.
    pub(crate) fn is_awaited(&self, link: &MinerLink) -> bool {
        let is_up = |link: &LinkState| matches!(link, LinkState::Up { .. });
        self.head
            .miners
            .iter()
            .any(|miner| miner.hotkey == link.hotkey)
            && !self.live.links.get(&link.hotkey).is_some_and(is_up)
    }

    /// Sets what became of a job, in place of what was known of it.
    pub(crate) fn set_result(&mut self, uuid: String, end: JobEnd) {
        let is_unchecked = end.is_unchecked();
        let before = self.results.insert(uuid, end);
        let was_unchecked = before.is_some_and(|before| before.is_unchecked());
        self.unchecked =
            (self.unchecked + usize::from(is_unchecked)).saturating_sub(usize::from(was_unchecked));
    }

    /// Whether each job has an outcome.
    pub(crate) fn is_run(&self) -> bool {
        self.results.len() >= self.jobs.len()
    }

    /// Results whose answer is not checked.
    pub(crate) fn unchecked(&self) -> usize {
        self.unchecked
    }

    /// Takes what miners offer by the manifests that have come.
    pub(crate) fn collect_offers(&mut self, config: &Config, users: &Users, now_ms: u64) {
        let Head { miners, rules, .. } = &self.head;
        let users = |hotkey: &str, class| users.count(hotkey, class, now_ms);
        let timeout_ms = config.manifest_timeout_ms;
        self.offers = collect_offers(miners, &self.live.links, timeout_ms, rules, users);
    }

    /// What a miner offers of a class.
    pub(crate) fn class_offer(&self, hotkey: &str, class: ExecutorClass) -> Option<&ClassOffer> {
        let offer = self
            .offers
            .iter()
            .find(|offer| offer.miner.hotkey == hotkey)?;
        offer.classes.iter().find(|offer| offer.class == class)
    }

    /// The jobs without an outcome, for `horde_miners`.
    pub(crate) fn planned(&self, config: &Config) -> Vec<PlannedJob> {
        let open = self.jobs.values();
        let open = open.filter(|job| !self.results.contains_key(&job.uuid));
        open.map(|job| PlannedJob {
            uuid: job.uuid.clone(),
            hotkey: job.hotkey.clone(),
            executor_class: job.class.to_string(),
            timeout_seconds: job.timeout_seconds,
            spin_up_seconds: config.spin_up_seconds(job.class),
        })
        .collect()
    }
}
