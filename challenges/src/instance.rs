//! The challenges under one roof: what a host deals with.

use tig_protocol::Solution;

use crate::{
    GenerateError, InvalidSolution, knapsack, satisfiability, vector_search, vehicle_routing,
};

/// A challenge this crate can generate and verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChallengeKind {
    /// Random 3-SAT.
    Satisfiability,
    /// Routes for vehicles of limited capacity.
    VehicleRouting,
    /// 0/1 knapsack.
    Knapsack,
    /// Near neighbours among many vectors.
    VectorSearch,
}

impl ChallengeKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Satisfiability,
        Self::VehicleRouting,
        Self::Knapsack,
        Self::VectorSearch,
    ];

    /// The challenge with the given id; `None` for ids unknown here.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// Its id on the network.
    pub fn id(self) -> &'static str {
        match self {
            Self::Satisfiability => "c001",
            Self::VehicleRouting => "c002",
            Self::Knapsack => "c003",
            Self::VectorSearch => "c004",
        }
    }

    /// Its name on the network.
    pub fn name(self) -> &'static str {
        match self {
            Self::Satisfiability => "satisfiability",
            Self::VehicleRouting => "vehicle_routing",
            Self::Knapsack => "knapsack",
            Self::VectorSearch => "vector_search",
        }
    }
}

/// An instance of any challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instance {
    /// Of [`ChallengeKind::Satisfiability`].
    Satisfiability(satisfiability::Instance),
    /// Of [`ChallengeKind::VehicleRouting`].
    VehicleRouting(vehicle_routing::Instance),
    /// Of [`ChallengeKind::Knapsack`].
    Knapsack(knapsack::Instance),
    /// Of [`ChallengeKind::VectorSearch`].
    VectorSearch(vector_search::Instance),
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
            ChallengeKind::VehicleRouting => {
                vehicle_routing::Instance::generate(seed, first, second).map(Self::VehicleRouting)
            }
            ChallengeKind::Knapsack => {
                knapsack::Instance::generate(seed, first, second).map(Self::Knapsack)
            }
            ChallengeKind::VectorSearch => {
                vector_search::Instance::generate(seed, first, second).map(Self::VectorSearch)
            }
        }
    }

    /// The challenge it belongs to.
    pub fn kind(&self) -> ChallengeKind {
        match self {
            Self::Satisfiability(_) => ChallengeKind::Satisfiability,
            Self::VehicleRouting(_) => ChallengeKind::VehicleRouting,
            Self::Knapsack(_) => ChallengeKind::Knapsack,
            Self::VectorSearch(_) => ChallengeKind::VectorSearch,
        }
    }

    /// The bytes a guest is given: the original's bincode layout.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Satisfiability(instance) => instance.to_bytes(),
            Self::VehicleRouting(instance) => instance.to_bytes(),
            Self::Knapsack(instance) => instance.to_bytes(),
            Self::VectorSearch(instance) => instance.to_bytes(),
        }
    }

    /// The length of [`Instance::to_bytes`].
    pub fn num_bytes(&self) -> usize {
        match self {
            Self::Satisfiability(instance) => instance.num_bytes(),
            Self::VehicleRouting(instance) => instance.num_bytes(),
            Self::Knapsack(instance) => instance.num_bytes(),
            Self::VectorSearch(instance) => instance.num_bytes(),
        }
    }

    /// Writes what [`Instance::to_bytes`] returns. The vectors of a vector search exist nowhere else: they are drawn
    /// straight into `bytes`, which may be the memory of a guest.
    ///
    /// # Panics
    /// If `bytes` is not [`Instance::num_bytes`] long.
    pub fn write_bytes(&self, bytes: &mut [u8]) {
        match self {
            Self::Satisfiability(instance) => bytes.copy_from_slice(&instance.to_bytes()),
            Self::VehicleRouting(instance) => bytes.copy_from_slice(&instance.to_bytes()),
            Self::Knapsack(instance) => bytes.copy_from_slice(&instance.to_bytes()),
            Self::VectorSearch(instance) => instance.write_bytes(bytes),
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
            Self::VehicleRouting(instance) => {
                instance.verify(&vehicle_routing::Solution::from_json(solution)?)
            }
            Self::Knapsack(instance) => instance.verify(&knapsack::Solution::from_json(solution)?),
            Self::VectorSearch(instance) => {
                instance.verify(&vector_search::Solution::from_json(solution)?)
            }
        }
    }
}
