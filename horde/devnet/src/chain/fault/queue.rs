//! The faults of one chain, in the order in which they come.

use std::num::NonZeroU32;

use super::call::ChainCall;
use super::error::ParseFaultError;
use super::list::FaultKind;
use super::text::ChainFault;
use crate::port::Port;

/// Faults that one chain can have.
pub const FAULTS_COUNT_MAX: usize = 1_000;

/// Why a list of texts is not a list of faults.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultsError {
    /// One of them is not a fault.
    #[error(transparent)]
    Fault(#[from] ParseFaultError),
    /// There are too many.
    #[error("{count} faults are more than the {FAULTS_COUNT_MAX} that a chain can have")]
    Count {
        /// How many.
        count: usize,
    },
}

/// The faults of one chain. With each call happens the first one that is for it, and no other; one with a count goes when it has
/// happened so many times. So `["hangs@weights*1", "status:500@weights*1", "refuses*1"]` is a script: the first three requests
/// to set weights fail in three ways, and the fourth is accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<ChainFault>);

impl Faults {
    /// These faults.
    ///
    /// # Errors
    ///
    /// [`FaultsError::Count`] if there are too many.
    pub fn new(faults: impl IntoIterator<Item = ChainFault>) -> Result<Self, FaultsError> {
        let faults: Vec<ChainFault> = faults.into_iter().collect();
        match faults.len() {
            count if count > FAULTS_COUNT_MAX => Err(FaultsError::Count { count }),
            _ => Ok(Self(faults)),
        }
    }

    /// The faults with these texts.
    ///
    /// # Errors
    ///
    /// [`FaultsError`] if one is not a fault, or there are too many.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, FaultsError> {
        let faults = texts.iter().map(|text| text.as_ref().parse());
        Self::new(faults.collect::<Result<Vec<ChainFault>, ParseFaultError>>()?)
    }

    /// The texts of the faults that are left.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ChainFault::to_string).collect()
    }

    /// What the port of the service does.
    pub(in crate::chain) fn port(&self) -> Port {
        let port = |fault: &ChainFault| match fault.kind {
            FaultKind::Gone => Some(Port::Closed),
            FaultKind::SpeaksTls => Some(Port::Tls),
            _ => None,
        };
        self.0.iter().find_map(port).unwrap_or(Port::Http)
    }

    /// The fault that happens with a call, with the count that was left before.
    pub(in crate::chain) fn take(&mut self, call: ChainCall) -> Option<ChainFault> {
        let index = self.0.iter().position(|fault| fault.is_for(call))?;
        let fault = *self.0.get(index)?;
        if let Some(times) = fault.times {
            match NonZeroU32::new(times.get() - 1) {
                None => {
                    self.0.remove(index);
                }
                left => self.0[index].times = left,
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_with_a_count_are_a_script() {
        let texts = ["hangs:1@weights*1", "html*2", "refuses*1", "slow:5@block"];
        let mut faults = Faults::parse(&texts).unwrap();
        let mut next = |call| faults.take(call).map(|fault| fault.kind);
        let html = Some(FaultKind::Html);
        assert_eq!(next(ChainCall::Weights), Some(FaultKind::Hangs(1)));
        assert_eq!(next(ChainCall::Block), html);
        assert_eq!(next(ChainCall::Weights), html);
        assert_eq!(next(ChainCall::Weights), Some(FaultKind::Refuses));
        assert_eq!(next(ChainCall::Weights), None);
        assert_eq!(next(ChainCall::Block), Some(FaultKind::Slow(5)));
        assert_eq!(next(ChainCall::Block), Some(FaultKind::Slow(5)));
        assert_eq!(next(ChainCall::NewBlock), None);
        assert_eq!(faults.texts(), ["slow:5@block"]);
    }

    #[test]
    fn faulty_lists_are_rejected() {
        let fault = "html".parse().unwrap();
        let fault = Faults::new([fault; FAULTS_COUNT_MAX + 1]);
        assert_eq!(fault, Err(FaultsError::Count { count: 1_001 }));
        let fault = Faults::parse(&["html", "sloth"]);
        assert!(matches!(fault, Err(FaultsError::Fault(_))));
    }
}
