//! What the last block has made of a challenge: for the panel, and handed over at a reload.

use serde::{Deserialize, Serialize};

use crate::region::Difficulty;

/// A challenge of the last block.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Shown {
    /// Its name, or its id if the name is not known.
    pub(crate) name: String,
    pub(crate) height: u32,
    /// Why it has no samples.
    pub(crate) trouble: Option<String>,
    pub(crate) lower: Vec<Difficulty>,
    pub(crate) upper: Vec<Difficulty>,
    pub(crate) cells: Vec<ShownCell>,
    /// Benchmarks from which it has learned, without their weights.
    pub(crate) outcomes: u64,
    pub(crate) samples: u64,
}

/// A cell with what is believed of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct ShownCell {
    pub(crate) from: Difficulty,
    pub(crate) to: Difficulty,
    /// Sum of the weights of its benchmarks.
    pub(crate) benchmarks: f64,
    /// Mean of solutions per nonce.
    pub(crate) rate: f64,
    /// Mean chance to qualify.
    pub(crate) chance: f64,
    /// Samples of the last block in it.
    pub(crate) samples: u32,
}

impl Shown {
    pub(crate) fn without_samples(name: &str, height: u32, trouble: String) -> Self {
        Self {
            name: name.to_owned(),
            height,
            trouble: Some(trouble),
            lower: Vec::new(),
            upper: Vec::new(),
            cells: Vec::new(),
            outcomes: 0,
            samples: 0,
        }
    }

    /// Part of the samples in the cell that has most of them; `None` without samples.
    pub(crate) fn favourite_share(&self) -> Option<f64> {
        let most = self.cells.iter().map(|cell| cell.samples).max()?;
        (self.samples > 0).then(|| f64::from(most) / self.samples as f64)
    }
}
