//! `submit_precommit` (tig-protocol.md section 5.1): the checks in their order.

use tig_protocol::api::{DifficultyParameter, SubmitPrecommitRequest};
use tig_protocol::difficulty::{Position, lower_and_upper, position};
use tig_protocol::qualifiers::Frontiers;
use tig_protocol::{BenchmarkSettings, PreciseNumber};

use crate::network::rules::{ProtocolError, activity};
use crate::network::state::{ChainBlock, Key, Network, Precommit, Record, benchmark_id};

impl Network {
    /// Stores a precommit in the mempool and names its benchmark id.
    ///
    /// # Errors
    /// The first rule that the precommit breaks; nothing is stored then.
    pub fn submit_precommit(
        &mut self,
        player_id: &str,
        request: SubmitPrecommitRequest,
    ) -> Result<String, ProtocolError> {
        let SubmitPrecommitRequest {
            settings,
            num_nonces,
        } = request;
        super::check_player(&settings, player_id)?;
        if num_nonces == 0 {
            return Err(ProtocolError::InvalidNumNonces { num_nonces });
        }
        let block = self.starting_block(&settings)?;
        self.check_challenge_and_algorithm(&settings, block)?;
        let benchmark_id = benchmark_id(&settings);
        if self.records.contains_key(&benchmark_id) {
            return Err(ProtocolError::DuplicateBenchmarkSettings {
                settings: Box::new(settings),
            });
        }
        self.check_difficulty(&settings, block)?;
        let fee_paid = self.payable_fee(&settings, num_nonces, block)?;

        let block_started = block.details.height;
        let precommit = Precommit {
            settings,
            block_started,
            num_nonces,
            fee_paid,
            confirmed: None,
        };
        self.index.add_precommit(&benchmark_id, &precommit);
        let record = Record::new(self.next_sequence(), precommit);
        self.records.insert(benchmark_id.clone(), record);
        self.changes.touch(Key::Record(benchmark_id.clone()));
        Ok(benchmark_id)
    }

    fn starting_block(&self, settings: &BenchmarkSettings) -> Result<&ChainBlock, ProtocolError> {
        let block =
            self.chain
                .by_id(&settings.block_id)
                .ok_or_else(|| ProtocolError::InvalidBlock {
                    block_id: settings.block_id.clone(),
                })?;
        if !activity::has_lifespan_left(
            self.chain.latest().details.height,
            block.details.height,
            &block.config,
        ) {
            return Err(ProtocolError::InsufficientLifespan);
        }
        Ok(block)
    }

    fn check_challenge_and_algorithm(
        &self,
        settings: &BenchmarkSettings,
        block: &ChainBlock,
    ) -> Result<(), ProtocolError> {
        let challenge_id = &settings.challenge_id;
        let algorithm_id = &settings.algorithm_id;
        if !block.data.active_challenge_ids.contains(challenge_id) {
            return Err(invalid_challenge(settings));
        }
        let fits = self
            .algorithms
            .get(algorithm_id)
            .is_some_and(|algorithm| algorithm.published.kind.id() == challenge_id);
        if !fits || !block.data.active_algorithm_ids.contains(algorithm_id) {
            return Err(ProtocolError::InvalidAlgorithm {
                algorithm_id: algorithm_id.clone(),
            });
        }
        Ok(())
    }

    fn check_difficulty(
        &self,
        settings: &BenchmarkSettings,
        block: &ChainBlock,
    ) -> Result<(), ProtocolError> {
        let difficulty = &settings.difficulty;
        let parameters = block
            .config
            .difficulty
            .parameters
            .get(&settings.challenge_id)
            .ok_or_else(|| invalid_challenge(settings))?;
        if !fits_parameters(difficulty, parameters) {
            let parameters = parameters.iter().map(parameter_text).collect();
            return Err(ProtocolError::InvalidDifficulty {
                difficulty: difficulty.clone(),
                parameters,
            });
        }
        let challenge = block
            .challenges
            .get(&settings.challenge_id)
            .ok_or_else(|| invalid_challenge(settings))?;
        let Frontiers {
            base,
            scaled,
            scaling_factor,
        } = &challenge.frontiers;
        let (lower, upper) = lower_and_upper(base, scaled, *scaling_factor);
        let difficulty = difficulty.clone();
        match position(&difficulty, lower, upper) {
            Position::Within => Ok(()),
            Position::Below => Err(ProtocolError::DifficultyBelowEasiestFrontier {
                difficulty,
                frontier: lower.to_vec(),
            }),
            Position::Above => Err(ProtocolError::DifficultyAboveHardestFrontier {
                difficulty,
                frontier: upper.to_vec(),
            }),
        }
    }

    fn payable_fee(
        &self,
        settings: &BenchmarkSettings,
        num_nonces: u32,
        block: &ChainBlock,
    ) -> Result<PreciseNumber, ProtocolError> {
        let available = self.unreserved_balance(&settings.player_id);
        let fee = block
            .challenges
            .get(&settings.challenge_id)
            .and_then(|challenge| challenge.fees.of(num_nonces))
            .ok_or_else(|| invalid_challenge(settings))?;
        match available {
            Some(available) if fee <= available => Ok(fee),
            _ => Err(ProtocolError::InsufficientFeeBalance {
                fee,
                available: available.unwrap_or(PreciseNumber::ZERO),
            }),
        }
    }

    /// The balance at the latest block less the fees of the player's precommits in the mempool; `None` without account.
    fn unreserved_balance(&self, player_id: &str) -> Option<PreciseNumber> {
        let balance = self.chain.latest().accounts.get(player_id)?;
        let reserved = self.index.reserved(player_id);
        let left = balance.available_fee_balance.checked_sub(reserved);
        // A rollback may leave more in the mempool than there is money for.
        Some(left.unwrap_or(PreciseNumber::ZERO))
    }
}

fn invalid_challenge(settings: &BenchmarkSettings) -> ProtocolError {
    ProtocolError::InvalidChallenge {
        challenge_id: settings.challenge_id.clone(),
    }
}

fn fits_parameters(difficulty: &[i32], parameters: &[DifficultyParameter]) -> bool {
    difficulty.len() == parameters.len()
        && difficulty
            .iter()
            .zip(parameters)
            .all(|(value, parameter)| (parameter.min_value..=parameter.max_value).contains(value))
}

fn parameter_text(parameter: &DifficultyParameter) -> String {
    format!(
        "{} [{}, {}]",
        parameter.name, parameter.min_value, parameter.max_value
    )
}
