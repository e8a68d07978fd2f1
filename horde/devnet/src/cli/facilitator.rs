//! The part of the command line that is about the facilitator.

use std::collections::BTreeSet;

use clap::Args;
use horde_devnet::facilitator::{FacilitatorConfig, Fault, FaultInfo, Faults, FaultsError};

#[derive(Debug, Args)]
pub(crate) struct FacilitatorArgs {
    /// Starts a facilitator at this port, with a page to order jobs; 0 takes a free one
    #[arg(long)]
    facilitator_port: Option<u16>,
    /// What users send as "Authorization: Token"
    #[arg(long, value_name = "TOKEN", default_value = "devnet")]
    user_token: String,
    /// Hotkey of a validator that the facilitator knows (SS58); can be repeated; without it all are known
    #[arg(long, value_name = "SS58")]
    known_validator: Vec<String>,
    /// Fault of the facilitator; can be repeated
    #[arg(long = "facilitator-fault", value_name = "NAME[:ARG]", value_parser = parse_fault, requires = "facilitator_port")]
    faults: Vec<Fault>,
}

impl FacilitatorArgs {
    /// The facilitator that is asked for. Orders that name no miner go to that with `miner_hotkey`.
    pub(crate) fn config(
        &self,
        seed: u64,
        miner_hotkey: Option<String>,
    ) -> Result<Option<FacilitatorConfig>, FaultsError> {
        let Some(port) = self.facilitator_port else {
            return Ok(None);
        };
        let known: BTreeSet<String> = self.known_validator.iter().cloned().collect();
        Ok(Some(FacilitatorConfig {
            port,
            seed,
            token: self.user_token.as_str().into(),
            validators: (!known.is_empty()).then_some(known),
            miner_hotkey,
            faults: Faults::new(self.faults.iter().copied())?,
        }))
    }
}

/// The faults of the facilitator, one a line.
pub(crate) fn facilitator_fault_list() -> String {
    let line = |info: FaultInfo| (info.name, info.argument, info.meaning);
    super::lines(Fault::list().into_iter().map(line))
}

fn parse_fault(text: &str) -> Result<Fault, String> {
    let fault = text.parse::<Fault>();
    fault.map_err(|error| tig_process::error_chain::error_chain(&error))
}
