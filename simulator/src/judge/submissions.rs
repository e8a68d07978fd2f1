//! What reaches the network, and whether it had to.

use std::collections::BTreeMap;

use serde_json::Value;
use tig_devnet::Fault;

use super::{HEARS_MS_MAX, Judge};
use crate::net::Served;

/// What became of a submission.
#[derive(Debug, Default)]
struct Submission {
    /// The network has taken it.
    is_applied: bool,
    /// The master knows that.
    is_known: bool,
}

/// By path, and by benchmark id (of a proof also what it shows) or, of a precommit, its settings.
#[derive(Debug, Default)]
pub(super) struct Submissions(BTreeMap<(String, String), Submission>);

impl Submissions {
    /// The network has sent something old, or rolled a block back: what was submitted may be submitted again.
    pub(super) fn doubt(&mut self) {
        for submission in self.0.values_mut() {
            *submission = Submission::default();
        }
    }

    /// Forgets what was submitted of a benchmark whose block was rolled back.
    pub(super) fn forget(&mut self, benchmark_id: &str) {
        self.0
            .retain(|(_, subject), _| !subject.starts_with(benchmark_id));
    }
}

impl Judge {
    /// The master has sent a request: it cannot take it back.
    pub fn sent(&mut self, url: &str, body: &[u8]) {
        if url.ends_with("/submit-benchmark")
            && let Some(benchmark_id) = benchmark_id(body)
            && let Some(case) = self.cases.get_mut(&benchmark_id)
        {
            case.is_submitted = true;
        }
    }

    /// A request has reached the network.
    pub fn served(&mut self, served: &Served, now_ms: u64) {
        if matches!(
            served.fault,
            Some(Fault::StaleBlock { .. } | Fault::EmptyListing)
        ) {
            self.submissions.doubt();
        }
        let Some(key) = subject(served) else {
            return;
        };
        let case = self.cases.get_mut(&key);
        let mut has_cause = false;
        if let Some(case) = case.filter(|_| served.path == "/submit-benchmark") {
            // Once for the former hash, and once for the present one.
            has_cause = case.is_hasty;
            case.is_hasty |= case.is_reconfirmed && now_ms < case.confirmed_ms + HEARS_MS_MAX;
        }
        let text = format!("{} of {key:.80} again", served.path);
        let key = (served.path.clone(), key);
        let submission = self.submissions.0.entry(key).or_default();
        let is_precommit = served.path == "/submit-precommit";
        let again = submission.is_known || (submission.is_applied && is_precommit);
        submission.is_applied |= is_applied(served);
        let is_refused = served
            .status
            .is_some_and(|status| (400..500).contains(&status));
        if is_precommit && is_applied(served) && !is_refused {
            self.took_precommit(&served.body, now_ms);
        }
        if again && !has_cause {
            self.blame(now_ms, "nothing is submitted twice without cause", text);
        }
    }

    /// The master knows that a submission was taken, and has that on disk.
    pub fn knows(&mut self, served: &Served) {
        let is_clear = matches!(served.fault, None | Some(Fault::Slow { .. }));
        if let Some(key) = subject(served)
            && served.status == Some(200)
            && is_clear
            && let Some(submission) = self.submissions.0.get_mut(&(served.path.clone(), key))
        {
            submission.is_known = true;
        }
    }
}

/// Whether the network has taken the submission.
fn is_applied(served: &Served) -> bool {
    match &served.fault {
        None => served.status == Some(200),
        Some(fault) => matches!(
            fault,
            Fault::AppliedServerError
                | Fault::Timeout { applied: true }
                | Fault::Slow { .. }
                | Fault::Truncated
        ),
    }
}

/// What a submission is of; `None` for queries.
fn subject(served: &Served) -> Option<String> {
    if served.method != "POST" {
        return None;
    }
    let body: Value = serde_json::from_slice(&served.body).ok()?;
    let id = || body.get("benchmark_id")?.as_str().map(str::to_owned);
    match served.path.as_str() {
        "/submit-precommit" => Some(body.get("settings")?.to_string()),
        // After a rollback other nonces are sampled.
        "/submit-proof" => Some(format!("{} {}", id()?, body.get("merkle_proofs")?)),
        _ => id(),
    }
}

fn benchmark_id(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("benchmark_id")?.as_str()?.to_owned())
}
