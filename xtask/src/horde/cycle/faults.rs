//! Faults of chain and facilitator and kills of the host, drawn at random beforehand.

use std::time::Duration;

use horde_system_tests::Miners;
use serde_json::json;
use tig_system_tests::{Answer, HttpError, post};

use super::{Options, output};
use crate::Result;

/// What the chain and its service do wrong, each a few times. Not those that last, such as another subnet: they are tested with `horde_chain`.
const CHAIN: [&str; 16] = [
    "hangs:1500*2",
    "slow:300*5",
    "status:500*3",
    "status:429*2",
    "status:503*3",
    "cut-short*2",
    "html*2",
    "block-numbers-as-texts*2",
    "block-zero*2",
    "other-hash*1",
    "neuron-twice*1",
    "stake-nan*1",
    "axon-port:70000*1",
    "stands-still*10",
    "rolls-back:1*1",
    "forks:2*1",
];

/// What becomes of the next weights that are sent.
const WEIGHTS: [&str; 7] = [
    "accepts@weights*1",
    "refuses@weights*1",
    "forgets@weights*1",
    "refuses-but-includes@weights*1",
    "fails-but-includes@weights*1",
    "hangs-but-includes:1500@weights*1",
    "hangs:1500@weights*1",
];

/// What the facilitator does wrong, for a time. Not the codes 3000 and 3001: the validator waits for minutes after them.
const FACILITATOR: [&str; 18] = [
    "closes-1011:status-once",
    "closes-1011:job-once",
    "drops:status-once",
    "drops:job-once",
    "storm:700",
    "silent",
    "no-answer:1",
    "slow-answer:800",
    "late-row:900",
    "sends-twice",
    "again-after-auth",
    "again-when-over:300",
    "unknown-fields",
    "sends-no-json",
    "unknown-type",
    "unsigned",
    "tampered:args",
    "replayed",
];

/// Time between two faults of each.
const INTERVAL: Duration = Duration::from_millis(2_500);

/// What is to go wrong when.
pub(super) struct Troubles {
    random: fastrand::Rng,
    /// When the host is killed; the next one last.
    kills: Vec<Duration>,
    /// When the next fault begins; `None` for no faults.
    next_fault: Option<Duration>,
}

impl Troubles {
    /// All kills and faults happen within `span`.
    pub(super) fn new(options: &Options, span: Duration) -> Self {
        let mut random = fastrand::Rng::with_seed(options.seed);
        let mut kills: Vec<Duration> = (0..options.kills)
            .map(|_| span.mul_f64(random.f64()))
            .collect();
        kills.sort_unstable_by(|one, other| other.cmp(one));
        Self {
            random,
            kills,
            next_fault: options.faults.then_some(INTERVAL),
        }
    }

    /// Whether the host is to be killed now. Kills that were due together are one.
    pub(super) fn is_kill_due(&mut self, elapsed: Duration) -> bool {
        let count = self.kills.len();
        self.kills.retain(|kill| *kill > elapsed);
        self.kills.len() < count
    }

    /// Has chain and facilitator do something wrong, if it is time.
    pub(super) fn make_due(&mut self, elapsed: Duration, miners: &Miners) -> Result<()> {
        if self.next_fault.is_none_or(|next| elapsed < next) {
            return Ok(());
        }
        self.next_fault = Some(elapsed + INTERVAL);
        let one = |random: &mut fastrand::Rng, faults: &[&'static str]| {
            random.choice(faults).copied().unwrap_or_default()
        };
        let weights = one(&mut self.random, &WEIGHTS);
        let chain = one(&mut self.random, &CHAIN);
        let facilitator = one(&mut self.random, &FACILITATOR);
        output::progress(&format!(
            "faults: chain {weights} {chain}, facilitator {facilitator}"
        ));
        set(miners, &[weights, chain], &[facilitator])
    }

    /// Ends all faults.
    pub(super) fn end(&mut self, miners: &Miners) -> Result<()> {
        match self.next_fault.take() {
            Some(_) => set(miners, &[], &[]),
            None => Ok(()),
        }
    }
}

fn set(miners: &Miners, chain: &[&str], of_facilitator: &[&str]) -> Result<()> {
    let body = |faults: &[&str]| json!({ "faults": faults }).to_string();
    check(post(
        &miners.control,
        "/chain/fault",
        body(chain).as_bytes(),
    ))?;
    let address = miners.facilitator_address()?;
    check(post(
        address,
        "/control/faults",
        body(of_facilitator).as_bytes(),
    ))
}

fn check(answer: std::result::Result<Answer, HttpError>) -> Result<()> {
    let answer = answer?;
    if answer.status < 300 {
        return Ok(());
    }
    Err(format!("a fault was refused: {}", answer.body.trim()).into())
}
