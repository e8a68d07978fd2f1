//! Faults of chain and facilitator that are drawn. Those that never end, such as another subnet, are tested with their extensions.

/// What the chain and its service do wrong, each a few times.
pub(super) const CHAIN: [&str; 16] = [
    "hangs:30000*2",
    "slow:5000*5",
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
    "stands-still*30",
    "rolls-back:1*1",
    "forks:2*1",
];

/// What becomes of the next weights that are sent.
pub(super) const WEIGHTS: [&str; 9] = [
    "status:500@weights*2",
    "accepts@weights*1",
    "refuses@weights*1",
    "forgets@weights*1",
    "refuses-but-includes@weights*1",
    "fails-but-includes@weights*1",
    "hangs-but-includes:90000@weights*1",
    "hangs:90000@weights*1",
    "hangs:90000@weights*3",
];

/// What the facilitator does wrong for a time.
pub(super) const FACILITATOR: [&str; 23] = [
    "closes-3000:auth-once",
    "closes-3001:auth-once",
    "closes-1011:status-once",
    "closes-1011:job-once",
    "drops:status",
    "drops:job-once",
    "freezes:auth",
    "freezes:status-once",
    "storm:700",
    "storm:90000",
    "silent",
    "no-answer:1",
    "no-answer:3",
    "slow-answer:8000",
    "late-row:900",
    "sends-twice",
    "again-after-auth",
    "again-when-over:300",
    "unknown-fields",
    "sends-no-json",
    "unsigned",
    "tampered:args",
    "replayed",
];

#[cfg(test)]
mod tests {
    use horde_devnet::chain::Faults as ChainFaults;
    use horde_devnet::facilitator::Faults;

    use super::*;

    #[test]
    fn every_fault_that_is_drawn_exists() {
        ChainFaults::parse(&CHAIN).unwrap();
        ChainFaults::parse(&WEIGHTS).unwrap();
        Faults::parse(&FACILITATOR).unwrap();
    }
}
