//! Views of a network for clients and people.

mod published;
mod queries;
mod status;
mod view;
mod wire;

pub use queries::{GetFeeBalanceResponse, PlayerType, QueryError};
pub use status::{BenchmarkStatus, Stage, Status};
pub use view::{
    ActivePoint, AlgorithmView, BenchmarkView, BlockView, ChallengeView, PlayerView, View,
};
