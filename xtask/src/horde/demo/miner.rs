//! The miners of the network, and what is wrong with the first ones.

/// Number of miners.
pub(super) const MINERS: usize = 12;

/// Classes of their executors.
pub(super) const GPU: &str = "spin_up-4min.gpu-24gb";
pub(super) const LLM: &str = "always_on.llm.a6000";

/// What is wrong with a miner.
#[derive(Debug)]
pub(super) struct Vice {
    /// For people.
    name: &'static str,
    /// As the network's program has it.
    pub(super) argument: &'static str,
    /// What it spoils.
    pub(super) spoils: Spoils,
}

/// What a vice spoils.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spoils {
    /// Nothing.
    Nothing,
    /// Answers of language models.
    Llm,
    /// All jobs.
    All,
}

/// Vices of the first miners.
pub(super) const VICES: [Vice; 4] = [
    Vice {
        name: "wrong answers",
        argument: "odd-answers:wrong",
        spoils: Spoils::Llm,
    },
    Vice {
        name: "other seed",
        argument: "odd-answers:other-seed",
        spoils: Spoils::Llm,
    },
    Vice {
        name: "refuses",
        argument: "refuses",
        spoils: Spoils::All,
    },
    Vice {
        name: "fails",
        argument: "failed-after-ready",
        spoils: Spoils::All,
    },
];

/// What a miner's vice spoils.
pub(super) fn spoils(index: usize) -> Spoils {
    VICES.get(index).map_or(Spoils::Nothing, |vice| vice.spoils)
}

/// What is wrong with a miner, for people.
pub(super) fn vice(index: usize) -> &'static str {
    VICES.get(index).map_or("honest", |vice| vice.name)
}
