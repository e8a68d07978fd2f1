//! The faults of one facilitator.

use std::time::Duration;

use super::argument::When;
use super::list::{Fault, FaultError};
use crate::vice::Milliseconds;

/// Faults that one facilitator can have.
const FACILITATOR_FAULTS_COUNT_MAX: usize = 64;

/// Why a list of texts is not a set of faults.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultsError {
    /// One of them is not a fault.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// There are too many.
    #[error(
        "{count} faults are more than the {FACILITATOR_FAULTS_COUNT_MAX} that a facilitator can have"
    )]
    Count {
        /// How many.
        count: usize,
    },
}

/// How a connection ends by a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Close(u16),
    Drop,
    Freeze,
}

/// The faults of one facilitator; none makes it honest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The set of these faults.
    ///
    /// # Errors
    ///
    /// [`FaultsError::Count`] if there are too many.
    pub fn new(faults: impl IntoIterator<Item = Fault>) -> Result<Self, FaultsError> {
        let faults: Vec<Fault> = faults.into_iter().collect();
        match faults.len() {
            count if count > FACILITATOR_FAULTS_COUNT_MAX => Err(FaultsError::Count { count }),
            _ => Ok(Self(faults)),
        }
    }

    /// The set of faults with these texts.
    ///
    /// # Errors
    ///
    /// [`FaultsError`] if one is not a fault, or there are too many.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, FaultsError> {
        let faults = texts.iter().map(|text| text.as_ref().parse());
        Self::new(faults.collect::<Result<Vec<Fault>, FaultError>>()?)
    }

    /// The faults, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = Fault> {
        self.0.iter().copied()
    }

    /// The texts of the faults.
    pub fn texts(&self) -> Vec<String> {
        self.iter().map(|fault| fault.to_string()).collect()
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    pub(crate) fn find<T>(&self, select: impl FnMut(Fault) -> Option<T>) -> Option<T> {
        self.iter().find_map(select)
    }

    /// The delay that a fault has as its argument.
    pub(crate) fn delay(
        &self,
        select: impl FnMut(Fault) -> Option<Milliseconds>,
    ) -> Option<Duration> {
        let found = self.find(select)?;
        Some(Duration::from_millis(found.0))
    }

    /// The ways in which connections end, and when.
    pub(crate) fn endings(&self) -> impl Iterator<Item = (Ending, When)> {
        self.iter().filter_map(|fault| match fault {
            Fault::Closes3000(when) => Some((Ending::Close(3000), when)),
            Fault::Closes3001(when) => Some((Ending::Close(3001), when)),
            Fault::Closes1011(when) => Some((Ending::Close(1011), when)),
            Fault::Drops(when) => Some((Ending::Drop, when)),
            Fault::Freezes(when) => Some((Ending::Freeze, when)),
            _ => None,
        })
    }
}
