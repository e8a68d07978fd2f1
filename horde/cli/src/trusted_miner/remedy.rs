//! What an operator does about a trusted miner that fails.

use super::link::LinkFault;
use super::session::{AdmissionFault, JobFault};

impl LinkFault {
    /// What to do about it.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "start the trusted miner, open its port for this machine, or correct TRUSTED_MINER_ADDRESS and TRUSTED_MINER_PORT"
            }
            Self::Handshake { .. } | Self::Frame(_) => {
                "TRUSTED_MINER_PORT must be the port of the miner itself"
            }
            Self::Refused(_) | Self::Closed(_) => {
                "look at the log of the trusted miner: it says why"
            }
        }
    }
}

impl AdmissionFault {
    /// What to do about it, for the validator with this SS58 address.
    pub(super) fn remedy(&self, validator: &str) -> String {
        let said = match self {
            Self::Link(LinkFault::Refused(said)) => said.to_lowercase(),
            Self::Link(fault) => return fault.remedy().to_owned(),
            Self::Silent => {
                return "start the trusted miner again, and look at its log".to_owned();
            }
            Self::Random(_) => return "look at the log of this machine".to_owned(),
        };
        if said.contains("msg too old") {
            return "set the clocks of both machines (`timedatectl set-ntp true`)".to_owned();
        }
        if said.contains("wrong miner hotkey") {
            // One with a hotkey of its own on a chain has receipts that the validator has not signed, as if two validators used it.
            return "set IS_LOCAL_MINER=1 on the trusted miner and start it again: it must be on no chain"
                .to_owned();
        }
        format!(
            "set LOCAL_VALIDATOR_PUBLIC_KEY={validator} on the trusted miner and start it again; `compute-horde trusted-miner script` prints all steps"
        )
    }
}

impl JobFault {
    /// What to do about it, if the job runs this image.
    pub(super) fn remedy(&self, image: &str) -> String {
        match self {
            Self::Link(fault) => fault.remedy().to_owned(),
            Self::Declined | Self::Busy => {
                "its executors may be busy with a job of the running validator (`compute-horde status`): check again in some minutes; if it stays so, start the trusted miner again".to_owned()
            }
            Self::NotPrepared | Self::NotReady => format!(
                "look at the log of the executor on the trusted miner: Docker, the runtime `nvidia`, or the pull of {image}"
            ),
            Self::Endless(_) | Self::Failed { .. } => format!(
                "look at the log of {image} on the trusted miner, at its graphics card (`nvidia-smi`), and whether it reaches the buckets"
            ),
            Self::Clock => "set the clock of this machine".to_owned(),
            Self::Random(_) => "look at the log of this machine".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_their_remedies() {
        let remedy = |said: &str| {
            let fault = LinkFault::Refused(said.to_owned());
            AdmissionFault::Link(fault).remedy("5CcyqxXn")
        };
        for (said, part) in [
            (
                "Unknown validator: 5CcyqxXn",
                "LOCAL_VALIDATOR_PUBLIC_KEY=5CcyqxXn",
            ),
            ("not authenticated due to: msg too old", "clocks"),
            (
                "not authenticated due to: wrong miner hotkey (!=5F)",
                "IS_LOCAL_MINER=1 on the trusted miner and start it again",
            ),
        ] {
            assert!(remedy(said).contains(part), "{said}: {}", remedy(said));
        }
    }
}
