//! The challenges under one roof: what a host deals with.

use tig_protocol::Solution;

use crate::{GenerateError, InvalidSolution, knapsack, satisfiability};

/// A challenge this crate can generate and verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChallengeKind {
    /// Random 3-SAT.
    Satisfiability,
    /// 0/1 knapsack.
    Knapsack,
}

impl ChallengeKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Satisfiability, Self::Knapsack];

    /// The challenge with the given id; `None` for ids unknown here.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// Its id on the network.
    pub fn id(self) -> &'static str {
        match self {
            Self::Satisfiability => "c001",
            Self::Knapsack => "c003",
        }
    }

    /// Its name on the network.
    pub fn name(self) -> &'static str {
        match self {
            Self::Satisfiability => "satisfiability",
            Self::Knapsack => "knapsack",
        }
    }
}

/// An instance of any challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instance {
    /// Of [`ChallengeKind::Satisfiability`].
    Satisfiability(satisfiability::Instance),
    /// Of [`ChallengeKind::Knapsack`].
    Knapsack(knapsack::Instance),
}

impl Instance {
    /// The one instance of a seed and a difficulty.
    ///
    /// # Errors
    /// A difficulty of the wrong length, or one that has no instance or too large a one.
    pub fn generate(
        kind: ChallengeKind,
        seed: &[u8; 32],
        difficulty: &[i32],
    ) -> Result<Self, GenerateError> {
        let &[first, second] = difficulty else {
            return Err(GenerateError::DifficultyLength {
                actual: difficulty.len(),
            });
        };
        match kind {
            ChallengeKind::Satisfiability => {
                satisfiability::Instance::generate(seed, first, second).map(Self::Satisfiability)
            }
            ChallengeKind::Knapsack => {
                knapsack::Instance::generate(seed, first, second).map(Self::Knapsack)
            }
        }
    }

    /// The challenge it belongs to.
    pub fn kind(&self) -> ChallengeKind {
        match self {
            Self::Satisfiability(_) => ChallengeKind::Satisfiability,
            Self::Knapsack(_) => ChallengeKind::Knapsack,
        }
    }

    /// The bytes a guest is given: the original's bincode layout.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Satisfiability(instance) => instance.to_bytes(),
            Self::Knapsack(instance) => instance.to_bytes(),
        }
    }

    /// Whether `solution` solves the instance.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn verify(&self, solution: &Solution) -> Result<(), InvalidSolution> {
        match self {
            Self::Satisfiability(instance) => {
                instance.verify(&satisfiability::Solution::from_json(solution)?)
            }
            Self::Knapsack(instance) => instance.verify(&knapsack::Solution::from_json(solution)?),
        }
    }
}
