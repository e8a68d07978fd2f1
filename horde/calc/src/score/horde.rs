//! The score of many executors of one miner in the class that is started on demand (section 3.6).

/// Shape of the horde score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HordeSettings {
    /// Exponent of the mean.
    pub alpha: f64,
    /// How steep the sigmoid is, as a power of ten.
    pub beta: f64,
    /// Inverse of the number of executors at which the sigmoid is one half.
    pub delta: f64,
}

impl Default for HordeSettings {
    fn default() -> Self {
        Self {
            alpha: 0.0,
            beta: 0.0,
            delta: 1.0,
        }
    }
}

/// `mean^alpha * sum * sigmoid`, where the sigmoid grows with the number of executors; 0 of none.
///
/// The settings of November 2024 were meant to switch the sigmoid off. They do not: it is 0.5 for one executor and 0.73
/// for many.
pub fn horde_score(scores: &[f64], settings: HordeSettings) -> f64 {
    if scores.is_empty() {
        return 0.0;
    }
    let HordeSettings { alpha, beta, delta } = settings;
    let count = scores.len() as f64;
    let sum: f64 = sum(scores);
    let inverse = 10_f64.powf(beta) * (1.0 / count - delta);
    let sigmoid = 1.0 / (1.0 + inverse.exp());
    (sum / count).powf(alpha) * sum * sigmoid
}

/// From 0, as Python's: `Iterator::sum` begins with -0.
pub(super) fn sum(scores: &[f64]) -> f64 {
    scores.iter().fold(0.0, |sum, score| sum + score)
}
