//! The three submissions of a benchmarker. The first broken rule refuses a submission and nothing is stored.

mod benchmark;
mod precommit;
mod proof;
mod proof_checks;

pub use proof::ProofVerdict;
pub use proof_checks::ProofChecks;
use tig_protocol::BenchmarkSettings;

use super::ProtocolError;

fn check_player(settings: &BenchmarkSettings, player_id: &str) -> Result<(), ProtocolError> {
    if settings.player_id == player_id {
        return Ok(());
    }
    Err(ProtocolError::InvalidSubmittingPlayer {
        expected: settings.player_id.clone(),
        actual: player_id.to_owned(),
    })
}
