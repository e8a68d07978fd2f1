//! The part of the command line that is about the trusted miner.

use clap::Args;
use horde_devnet::{TrustedConfig, Vice, Vices, VicesError};

#[derive(Debug, Args)]
pub(crate) struct TrustedArgs {
    /// Starts a trusted miner at this port: it serves one validator as its own machine, and is not on the chain; 0 takes a free
    /// one
    #[arg(long)]
    trusted_port: Option<u16>,
    /// Executors of the trusted miner, of the class always_on.llm.a6000
    #[arg(long, default_value_t = 2, requires = "trusted_port")]
    trusted_executors: u32,
    /// The one validator that the trusted miner admits; without it any
    #[arg(long, value_name = "SS58", requires = "trusted_port")]
    trusted_validator: Option<String>,
    /// Vice of the trusted miner; can be repeated
    #[arg(long = "trusted-vice", value_name = "NAME[:ARG]", value_parser = super::parse_vice, requires = "trusted_port")]
    trusted_vices: Vec<Vice>,
}

impl TrustedArgs {
    /// The trusted miner that is asked for.
    pub(crate) fn config(&self) -> Result<Option<TrustedConfig>, VicesError> {
        let Some(port) = self.trusted_port else {
            return Ok(None);
        };
        Ok(Some(TrustedConfig {
            port,
            executors: self.trusted_executors,
            validator: self.trusted_validator.clone(),
            vices: Vices::new(self.trusted_vices.iter().copied())?,
        }))
    }
}
