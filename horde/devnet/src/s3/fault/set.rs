//! The faults of one service, in the order in which they come.

use std::num::NonZeroU32;
use std::time::Duration;

use super::kind::S3FaultKind;
use super::text::{ParseS3FaultError, S3Fault};
use crate::s3::call::S3Call;

/// Faults that one service can have.
pub const S3_FAULTS_COUNT_MAX: usize = 1_000;

const MICROS_PER_MILLISECOND: i64 = 1_000;

/// Why a list of texts is not a list of faults.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum S3FaultsError {
    /// One of them is not a fault.
    #[error(transparent)]
    Fault(#[from] ParseS3FaultError),
    /// There are too many.
    #[error("{count} faults are more than the {S3_FAULTS_COUNT_MAX} that a service can have")]
    Count {
        /// How many.
        count: usize,
    },
}

/// The faults of one service. Of those that decide the answer, the first one happens that is for the request, and no other, so
/// that `["403@get*1", "status@get*1", "html@get*1"]` is a script; delays and what is wrong with the service's memory or clock
/// hold besides. One with a count goes when it has happened so many times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Faults(Vec<S3Fault>);

/// The faults that happen to one request.
#[derive(Clone, Debug, Default)]
pub(in crate::s3) struct Happening(Vec<S3Fault>);

impl S3Faults {
    /// These faults.
    ///
    /// # Errors
    ///
    /// [`S3FaultsError::Count`] if there are too many.
    pub fn new(faults: impl IntoIterator<Item = S3Fault>) -> Result<Self, S3FaultsError> {
        let faults: Vec<S3Fault> = faults.into_iter().collect();
        match faults.len() {
            count if count > S3_FAULTS_COUNT_MAX => Err(S3FaultsError::Count { count }),
            _ => Ok(Self(faults)),
        }
    }

    /// The faults with these texts.
    ///
    /// # Errors
    ///
    /// [`S3FaultsError`] if one is not a fault, or there are too many.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, S3FaultsError> {
        let faults = texts.iter().map(|text| text.as_ref().parse());
        Self::new(faults.collect::<Result<Vec<S3Fault>, ParseS3FaultError>>()?)
    }

    /// The texts of the faults that are left.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(S3Fault::to_string).collect()
    }

    /// What happens to a request; `path` is `bucket/key`.
    pub(in crate::s3) fn take(&mut self, call: S3Call, path: &str) -> Happening {
        let mut happening = Vec::new();
        let mut is_answered = false;
        self.0.retain_mut(|fault| {
            let is_answer = fault.kind.is_answer();
            if !fault.is_for(call, path) || (is_answer && is_answered) {
                return true;
            }
            is_answered |= is_answer;
            happening.push(fault.clone());
            let Some(times) = fault.times else {
                return true;
            };
            fault.times = NonZeroU32::new(times.get() - 1);
            fault.times.is_some()
        });
        Happening(happening)
    }
}

impl Happening {
    pub(in crate::s3) fn texts(&self) -> Vec<String> {
        self.0.iter().map(S3Fault::to_string).collect()
    }

    /// The one that decides the answer, with its argument.
    pub(in crate::s3) fn answer(&self) -> Option<(S3FaultKind, i64)> {
        let fault = self.0.iter().find(|fault| fault.kind.is_answer())?;
        Some((fault.kind, fault.argument))
    }

    pub(in crate::s3) fn has(&self, kind: S3FaultKind) -> bool {
        self.0.iter().any(|fault| fault.kind == kind)
    }

    fn argument(&self, kind: S3FaultKind) -> i64 {
        let of_kind = self.0.iter().filter(|fault| fault.kind == kind);
        of_kind.map(|fault| fault.argument).max().unwrap_or(0)
    }

    /// How much later it is answered.
    pub(in crate::s3) fn delay(&self) -> Duration {
        let millis = self.argument(S3FaultKind::Slow);
        Duration::from_millis(millis.unsigned_abs())
    }

    /// How long an object is not shown, in microseconds.
    pub(in crate::s3) fn hidden_us(&self) -> i64 {
        self.argument(S3FaultKind::Eventual) * MICROS_PER_MILLISECOND
    }

    /// By how much the clock is ahead.
    pub(in crate::s3) fn clock_seconds(&self) -> i64 {
        let mut faults = self.0.iter();
        let fault = faults.find(|fault| fault.kind == S3FaultKind::ClockOff);
        fault.map_or(0, |fault| fault.argument)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(faults: &mut S3Faults, call: S3Call) -> Vec<String> {
        faults.take(call, "answers/k").texts()
    }

    #[test]
    fn answers_happen_one_after_another() {
        let texts = ["403@get*1", "slow:5", "status:503@get=answers/*2"];
        let mut faults = S3Faults::parse(&texts).unwrap();
        assert_eq!(taken(&mut faults, S3Call::Put), ["slow:5"]);
        assert_eq!(taken(&mut faults, S3Call::Get), ["403@get*1", "slow:5"]);
        let second = taken(&mut faults, S3Call::Get);
        assert_eq!(second, ["slow:5", "status:503@get=answers/*2"]);
        assert_eq!(faults.texts(), ["slow:5", "status:503@get=answers/*1"]);
        taken(&mut faults, S3Call::Get);
        assert_eq!(faults.texts(), ["slow:5"]);
    }

    #[test]
    fn too_many_faults_are_rejected() {
        let texts = vec!["403"; 1_001];
        let count = 1_001;
        assert_eq!(S3Faults::parse(&texts), Err(S3FaultsError::Count { count }));
        assert!(matches!(
            S3Faults::parse(&["sloth"]),
            Err(S3FaultsError::Fault(_))
        ));
    }
}
