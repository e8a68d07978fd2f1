//! The vices of one miner.

use std::time::Duration;

use super::argument::{Milliseconds, Step};
use super::list::{Vice, ViceError};

/// Vices that one miner can have.
pub const VICES_COUNT_MAX: usize = 64;

/// Why a list of texts is not a set of vices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VicesError {
    /// One of them is not a vice.
    #[error(transparent)]
    Vice(#[from] ViceError),
    /// There are too many.
    #[error("{count} vices are more than the {VICES_COUNT_MAX} that a miner can have")]
    Count {
        /// How many.
        count: usize,
    },
}

/// The vices of one miner; none makes it honest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vices(Vec<Vice>);

impl Vices {
    /// The set of these vices.
    ///
    /// # Errors
    ///
    /// [`VicesError::Count`] if there are too many.
    pub fn new(vices: impl IntoIterator<Item = Vice>) -> Result<Self, VicesError> {
        let vices: Vec<Vice> = vices.into_iter().collect();
        match vices.len() {
            count if count > VICES_COUNT_MAX => Err(VicesError::Count { count }),
            _ => Ok(Self(vices)),
        }
    }

    /// The set of vices with these texts.
    ///
    /// # Errors
    ///
    /// [`VicesError`] if one is not a vice, or there are too many.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, VicesError> {
        let vices = texts.iter().map(|text| text.as_ref().parse());
        Self::new(vices.collect::<Result<Vec<Vice>, ViceError>>()?)
    }

    /// The vices, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = Vice> {
        self.0.iter().copied()
    }

    /// The texts of the vices.
    pub fn texts(&self) -> Vec<String> {
        self.iter().map(|vice| vice.to_string()).collect()
    }

    pub(crate) fn has(&self, vice: Vice) -> bool {
        self.0.contains(&vice)
    }

    pub(crate) fn find<T>(&self, select: impl FnMut(Vice) -> Option<T>) -> Option<T> {
        self.iter().find_map(select)
    }

    /// The time by which everything is late.
    pub(crate) fn delay(&self) -> Duration {
        self.sum_delays(|vice| match vice {
            Vice::Slow(delay) => Some(delay),
            _ => None,
        })
    }

    /// The time by which the message of a step is late on top of that.
    pub(crate) fn step_delay(&self, step: Step) -> Duration {
        self.sum_delays(|vice| match (step, vice) {
            (Step::Manifest, Vice::SlowManifest(delay))
            // The executor is not ready before the job is accepted.
            | (Step::Accept | Step::Ready, Vice::SlowAccept(delay))
            | (Step::Ready, Vice::SlowReady(delay))
            | (Step::Result, Vice::SlowResult(delay) | Vice::LateResult(delay)) => Some(delay),
            _ => None,
        })
    }

    /// The time by which uploads are late.
    pub(crate) fn upload_delay(&self) -> Duration {
        self.sum_delays(|vice| match vice {
            Vice::LateUpload(delay) => Some(delay),
            _ => None,
        })
    }

    fn sum_delays(&self, select: impl FnMut(Vice) -> Option<Milliseconds>) -> Duration {
        let delays = self.iter().filter_map(select);
        Duration::from_millis(delays.map(|Milliseconds(delay)| delay).sum())
    }

    /// Whether a socket ends after this step; the second value says whether only the first one does.
    pub(crate) fn drop_after(&self, step: Step) -> Option<DropAfter> {
        self.find(|vice| match vice {
            Vice::Drops(at) if at == step => Some(DropAfter::Each),
            Vice::DropsOnce(at) if at == step => Some(DropAfter::First),
            _ => None,
        })
    }
}

/// How many of the sockets that come to a step are dropped there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DropAfter {
    /// All.
    Each,
    /// The first one.
    First,
}
