//! A facilitator, its validators, and a clock that stands still.

use horde_proto::facilitator::{
    AuthenticationRequest, JobRequest, JobStatus, JobStatusMetadata, JobStatusUpdate, Response,
    ToFacilitator, ToValidator,
};
use tig_keyring::Keypair;

use crate::facilitator::core::{FacilitatorCore, FacilitatorEffect};
use crate::facilitator::fault::Faults;
use crate::facilitator::journal::{FacilitatorViolationKind, JobRecord};
use crate::facilitator::{FacilitatorConfig, JobOrder, JobVersion};

pub(super) const SECOND_US: i64 = 1_000_000;
pub(super) const IMAGE: &str = "backenddevelopersltd/compute-horde-job-echo:v0-latest";
pub(super) const MINER: &str = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";

pub(super) fn validator(number: u8) -> Keypair {
    Keypair::from_seed(&[number; 32])
}

pub(super) fn address(number: u8) -> String {
    validator(number).public().to_ss58()
}

pub(super) fn order(version: JobVersion) -> JobOrder {
    JobOrder {
        version,
        docker_image: IMAGE.to_owned(),
        args: vec!["a".to_owned()],
        ..JobOrder::default()
    }
}

pub(super) struct Bench {
    pub(super) core: FacilitatorCore,
    pub(super) now_us: i64,
}

/// The texts among effects that are sent to this connection.
pub(super) fn texts(effects: &[FacilitatorEffect], id: u64) -> Vec<&str> {
    let mut texts = Vec::new();
    for effect in effects {
        if let FacilitatorEffect::Send {
            connection, text, ..
        } = effect
            && *connection == id
        {
            texts.push(text.as_str());
        }
    }
    texts
}

/// The jobs among effects, in whatever version.
pub(super) fn requests(effects: &[FacilitatorEffect], id: u64) -> Vec<JobRequest> {
    let texts = texts(effects, id);
    let parsed = texts.iter().map(|text| ToValidator::parse(text).unwrap());
    let requests = parsed.filter_map(|message| match message {
        ToValidator::JobRequest(request) => Some(*request),
        ToValidator::Response(_) => None,
    });
    requests.collect()
}

/// The types of the errors in the only answer among effects; empty for a success.
pub(super) fn errors(effects: &[FacilitatorEffect]) -> Vec<String> {
    let mut answers = effects.iter().filter_map(|effect| match effect {
        FacilitatorEffect::Send { text, .. } => serde_json::from_str::<Response>(text).ok(),
        _ => None,
    });
    let answer = answers.next().expect("an answer");
    assert!(answers.next().is_none(), "one answer");
    answer.errors.into_iter().map(|error| error.kind).collect()
}

/// The code with which the connection is closed at once.
pub(super) fn closed(effects: &[FacilitatorEffect]) -> Option<u16> {
    effects.iter().find_map(|effect| match effect {
        FacilitatorEffect::Close { code, delay, .. } if delay.is_zero() => Some(*code),
        _ => None,
    })
}

impl Bench {
    pub(super) fn new(faults: &[&str]) -> Self {
        Self::with(FacilitatorConfig {
            faults: Faults::parse(faults).unwrap(),
            miner_hotkey: Some(MINER.to_owned()),
            ..FacilitatorConfig::default()
        })
    }

    pub(super) fn with(config: FacilitatorConfig) -> Self {
        Self {
            core: FacilitatorCore::new(config, 7),
            now_us: 1_732_806_192 * SECOND_US,
        }
    }

    pub(super) fn wait(&mut self, seconds: i64) -> Vec<FacilitatorEffect> {
        self.now_us += seconds * SECOND_US;
        self.core.tick(self.now_us)
    }

    pub(super) fn connect(&mut self) -> u64 {
        self.core.connect(None, self.now_us).0
    }

    pub(super) fn authenticate(&mut self, id: u64, number: u8) -> Vec<FacilitatorEffect> {
        let request = AuthenticationRequest::new(&validator(number), &[3; 32]);
        self.send(id, &ToFacilitator::Authentication(request))
    }

    /// Opens a connection of this validator and authenticates it.
    pub(super) fn admit(&mut self, number: u8) -> u64 {
        let id = self.connect();
        self.authenticate(id, number);
        id
    }

    pub(super) fn send(&mut self, id: u64, message: &ToFacilitator) -> Vec<FacilitatorEffect> {
        self.core.receive(id, &message.to_text(), self.now_us)
    }

    pub(super) fn text(&mut self, id: u64, text: &str) -> Vec<FacilitatorEffect> {
        self.core.receive(id, text, self.now_us)
    }

    pub(super) fn submit(&mut self, version: JobVersion) -> (String, Vec<FacilitatorEffect>) {
        self.core.submit(&order(version), self.now_us).unwrap()
    }

    pub(super) fn status(
        &mut self,
        id: u64,
        uuid: &str,
        status: JobStatus,
    ) -> Vec<FacilitatorEffect> {
        let update = JobStatusUpdate {
            uuid: uuid.to_owned(),
            status,
            metadata: Some(JobStatusMetadata::default()),
        };
        self.send(id, &ToFacilitator::JobStatusUpdate(update))
    }

    pub(super) fn job(&self, uuid: &str) -> &JobRecord {
        self.core.job(uuid).unwrap()
    }

    pub(super) fn violations(&self) -> Vec<FacilitatorViolationKind> {
        let violations = self.core.report().violations.into_iter();
        violations.map(|violation| violation.kind).collect()
    }
}
