//! The part of the command line that is about the chain.

use clap::Args;
use horde_devnet::chain::{
    ChainConfig, ChainFault, ChainFaultInfo, FaultKind, Faults, FaultsError,
};

#[derive(Debug, Args)]
pub(crate) struct ChainArgs {
    /// Starts a chain, and its service at this port; 0 takes a free one
    #[arg(long, requires = "validator_hotkey")]
    chain_port: Option<u16>,
    /// Hotkey of the validator under test (SS58), for which the service sends weights
    #[arg(long, value_name = "SS58", requires = "chain_port")]
    validator_hotkey: Option<String>,
    /// Name of that validator in the paths of the service
    #[arg(long, value_name = "NAME", default_value = "validator")]
    identity: String,
    /// Milliseconds between two blocks; 0 makes them by hand only, by POST /chain/advance
    #[arg(long, default_value_t = 12_000)]
    block_ms: u64,
    /// Other validators of the chain
    #[arg(long, default_value_t = 0)]
    validators: usize,
    /// The subnet
    #[arg(long, default_value_t = 12)]
    netuid: u16,
    /// What requests must have in "Authorization: Bearer"; all are let through without it
    #[arg(long)]
    token: Option<String>,
    /// Number of the newest block at the start
    #[arg(long, default_value_t = 10_000)]
    first_block: u32,
    /// Weights must be committed to before they are set (the default)
    #[arg(long, overrides_with = "no_commit_reveal")]
    commit_reveal: bool,
    /// Weights are set without a commitment
    #[arg(long)]
    no_commit_reveal: bool,
    /// Fault of the chain, in the order in which they come; can be repeated. CALL is block, neurons, limits, commits, weights,
    /// commit or reveal
    #[arg(long = "chain-fault", value_name = "NAME[:ARG][@CALL][*TIMES]", value_parser = parse_fault, requires = "chain_port")]
    chain_faults: Vec<ChainFault>,
}

impl ChainArgs {
    /// The chain that is asked for.
    pub(super) fn config(&self) -> Option<ChainConfig> {
        let port = self.chain_port?;
        let mut config = ChainConfig {
            port,
            block_ms: self.block_ms,
            first_block: self.first_block,
            netuid: self.netuid,
            identity: self.identity.clone(),
            validators: self.validators,
            token: self.token.clone(),
            ..ChainConfig::new(self.validator_hotkey.clone()?)
        };
        config.rules.commit_reveal_weights_enabled = !self.no_commit_reveal;
        Some(config)
    }

    pub(super) fn faults(&self) -> Result<Faults, FaultsError> {
        Faults::new(self.chain_faults.iter().copied())
    }
}

/// The faults of the chain, one a line.
pub(crate) fn chain_fault_list() -> String {
    let line = |info: ChainFaultInfo| (info.name, info.argument, info.meaning);
    super::lines(FaultKind::list().into_iter().map(line))
}

fn parse_fault(text: &str) -> Result<ChainFault, String> {
    text.parse::<ChainFault>()
        .map_err(|error| error.to_string())
}
