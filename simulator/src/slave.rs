//! Virtual slaves: what each does next, as a function of what it has and of its vice.

use serde_json::json;
use tig_plugin_api::HttpRequest;
use tig_protocol::{Batch, BatchResult};

use crate::scenario::{LEASE_MS, SlaveProfile, Vice};
use crate::stub;

/// A stock slave asks again after this time.
pub const POLL_MS: u64 = 5_000;

/// A slave of ours asks to be answered within this time.
const WAIT_MS: u64 = 20_000;

/// A slave that was refused, or finds no master, asks again after this time.
pub const REST_MS: u64 = 7_000;

/// Of 100 results of a slave with a vice, those in which it shows.
const VICE_PERCENT: u64 = 30;

/// Name of slave `number`.
#[must_use]
pub fn name(number: usize) -> String {
    format!("slave-{number}")
}

/// What a slave is about to do.
#[derive(Clone, Debug, Default)]
pub enum Plan {
    /// Ask for a batch.
    #[default]
    Poll,
    /// Deliver a result, as often as that.
    Submit(Box<Delivery>, u32),
    /// Give a batch back.
    Release(Box<Batch>),
    /// Wait for an answer.
    Wait,
}

/// A result on its way.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What it answers.
    pub batch: Batch,
    /// The request's body.
    pub body: Vec<u8>,
    /// It says what is not so.
    pub is_lie: bool,
}

/// A slave.
#[derive(Debug)]
pub struct Slave {
    /// Its number.
    pub number: usize,
    /// What it is like.
    pub profile: SlaveProfile,
    /// Each death begins another life; what was due in an earlier one is not.
    pub life: u64,
    /// It is there.
    pub is_alive: bool,
    /// See [`Plan`].
    pub plan: Plan,
    /// Since when it has had nothing to do.
    pub idle_since_ms: Option<u64>,
}

impl Slave {
    /// A slave that begins now.
    #[must_use]
    pub fn new(number: usize, profile: SlaveProfile) -> Self {
        Self {
            number,
            profile,
            life: 0,
            is_alive: true,
            plan: Plan::Poll,
            idle_since_ms: None,
        }
    }

    /// It has been given a batch: how long until its next step, which is then its plan.
    pub fn begin(&mut self, batch: Batch, rng: &mut fastrand::Rng) -> u64 {
        self.idle_since_ms = None;
        let is_due = self.profile.vice != Vice::LiesInProofs || !batch.sampled_nonces.is_empty();
        let shows = rng.u64(0..100) < VICE_PERCENT && is_due;
        let vice = if shows { self.profile.vice } else { Vice::None };
        let work_ms = self.profile.nonce_ms * batch.num_nonces;
        if vice == Vice::GivesBack {
            self.plan = Plan::Release(Box::new(batch));
            return work_ms / 2;
        }
        let Some(delivery) = deliver(&batch, vice, self.number, rng) else {
            self.plan = Plan::Release(Box::new(batch));
            return 0;
        };
        let times = if vice == Vice::Repeats { 2 } else { 1 };
        self.plan = Plan::Submit(Box::new(delivery), times);
        match vice {
            Vice::Delays => work_ms + LEASE_MS + rng.u64(0..LEASE_MS),
            _ => work_ms,
        }
    }

    /// The request that its plan is.
    #[must_use]
    pub fn request(&self) -> Option<HttpRequest> {
        let (method, path, query, body) = match &self.plan {
            Plan::Wait => return None,
            Plan::Poll => {
                let query = if self.profile.waits {
                    format!("wait={WAIT_MS}")
                } else {
                    String::new()
                };
                ("GET", "/get-batch".to_owned(), query, Vec::new())
            }
            Plan::Submit(delivery, _) => {
                let path = format!("/submit-batch-result/{}", delivery.batch.id());
                ("POST", path, String::new(), delivery.body.clone())
            }
            Plan::Release(batch) => {
                let path = format!("/release-batch/{}", batch.id());
                let body = json!({ "reason": "cannot do it" }).to_string();
                ("POST", path, String::new(), body.into_bytes())
            }
        };
        let mut request = request(method, &path, query, &name(self.number), body);
        if let (Plan::Submit(delivery, _), true) = (&self.plan, self.profile.waits) {
            let rand_hash = delivery.batch.rand_hash.clone();
            request.headers.push(("x-rand-hash".to_owned(), rand_hash));
        }
        Some(request)
    }
}

/// A request to the master from this machine.
#[must_use]
pub fn request(
    method: &str,
    path: &str,
    query: String,
    user_agent: &str,
    body: Vec<u8>,
) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        headers: vec![("user-agent".to_owned(), user_agent.to_owned())],
        peer: "127.0.0.1:1".to_owned(),
        body,
    }
}

fn deliver(batch: &Batch, vice: Vice, slave: usize, rng: &mut fastrand::Rng) -> Option<Delivery> {
    let honest = |nonce| stub::output(&batch.settings, &batch.rand_hash, nonce);
    let is_lie = matches!(vice, Vice::Lies | Vice::LiesInProofs);
    let result = match is_lie {
        true => stub::result(batch, |nonce| stub::lie(honest(nonce), slave)),
        false => stub::result(batch, honest),
    }?;
    let mut body = serde_json::to_vec(&result).ok()?;
    if vice == Vice::WrongVersion {
        body = misfit(result, rng)?;
    }
    Some(Delivery {
        batch: batch.clone(),
        body,
        is_lie,
    })
}

/// What a slave of another version might send.
fn misfit(mut result: BatchResult, rng: &mut fastrand::Rng) -> Option<Vec<u8>> {
    match rng.u8(0..3) {
        0 => result.solution_nonces.push(u64::MAX),
        1 => return Some(br#"{"merkle_root":17}"#.to_vec()),
        _ => {
            let whole = serde_json::to_vec(&result).ok()?;
            return Some(whole[..whole.len() / 2].to_vec());
        }
    }
    serde_json::to_vec(&result).ok()
}
