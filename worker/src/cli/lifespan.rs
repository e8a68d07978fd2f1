//! Whether a batch is done while its benchmark still counts (tig-protocol.md section 8).

use clap::Args;

/// Blocks of a benchmark's useful life in which nothing is computed: precommit, benchmark and proof must be confirmed, and
/// one is for good measure. The master counts the same.
const CONFIRMING_BLOCKS: f64 = 4.0;

/// A batch that takes more than this part of the time leaves too little for a second try, or for the others of its benchmark.
const COMFORTABLE_SHARE: f64 = 0.25;

/// How long a benchmark lives, and what of it is to be done. The defaults are those of the network.
#[derive(Debug, Args)]
pub(crate) struct Lifespan {
    /// Batch size to judge [default: the one that suits this machine]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) batch_size: Option<u64>,
    /// Nonces of a whole benchmark, to be judged too
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) nonces: Option<u64>,
    /// Machines like this one that compute the benchmark
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) slaves: u32,
    /// Blocks that a benchmark lives (`lifespan_period` of the network)
    #[arg(long, default_value_t = 120)]
    pub(crate) lifespan_blocks: u32,
    /// Blocks that a benchmark waits per block of its submission delay (`submission_delay_multiplier`)
    #[arg(long, default_value_t = 3.0, value_parser = multiplier)]
    pub(crate) delay_multiplier: f64,
    /// Seconds from one block to the next
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    pub(crate) block_seconds: f64,
}

fn multiplier(text: &str) -> Result<f64, String> {
    number(text, 0.0)
}

fn seconds(text: &str) -> Result<f64, String> {
    number(text, f64::MIN_POSITIVE)
}

fn number(text: &str, at_least: f64) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if number.is_finite() && number >= at_least {
        Ok(number)
    } else {
        Err("must be a positive number".to_owned())
    }
}

impl Lifespan {
    /// Seconds in which a benchmark can be computed so that its proof still earns something.
    pub(crate) fn useful_seconds(&self) -> f64 {
        let useful = (f64::from(self.lifespan_blocks) / (self.delay_multiplier + 1.0)).ceil() - 1.0;
        (useful - CONFIRMING_BLOCKS).max(0.0) * self.block_seconds
    }

    pub(crate) fn judge(&self, batch_size: u64, nonces_per_second: f64) -> Judgement {
        let batch_seconds = batch_size as f64 / nonces_per_second;
        let of_benchmark = self.nonces.map(|nonces| {
            let machines = f64::from(self.slaves) * nonces_per_second;
            nonces as f64 / machines + batch_seconds
        });
        Judgement {
            batch_size,
            batch_seconds,
            // Once for the root, and once more for the proofs, if its tree is gone by then.
            proved_seconds: 2.0 * batch_seconds,
            benchmark_seconds: of_benchmark,
            useful_seconds: self.useful_seconds(),
        }
    }
}

/// What a batch needs, and what there is.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) batch_size: u64,
    pub(crate) batch_seconds: f64,
    pub(crate) proved_seconds: f64,
    pub(crate) benchmark_seconds: Option<f64>,
    pub(crate) useful_seconds: f64,
}

impl Judgement {
    /// Whether batch, and benchmark if one is stated, are done in time.
    pub(crate) fn fits(&self) -> bool {
        let needed = self.benchmark_seconds.unwrap_or_default();
        self.proved_seconds.max(needed) <= self.useful_seconds
    }

    /// In words.
    pub(crate) fn sentence(&self) -> String {
        let (size, useful) = (self.batch_size, self.useful_seconds);
        match self.benchmark_seconds {
            _ if self.proved_seconds > useful => format!(
                "A batch of {size} nonces does not fit the lifespan: with its proofs it takes {:.0} s of {useful:.0} s. Take a smaller batch_size.",
                self.proved_seconds
            ),
            Some(needed) if needed > useful => format!(
                "A batch of {size} nonces fits the lifespan, the whole benchmark does not: it takes {needed:.0} s of {useful:.0} s. Take fewer nonces or more slaves."
            ),
            _ if self.proved_seconds > useful * COMFORTABLE_SHARE => format!(
                "A batch of {size} nonces fits the lifespan barely: with its proofs it takes {:.0} s of {useful:.0} s, which leaves little for a second try.",
                self.proved_seconds
            ),
            _ => format!(
                "A batch of {size} nonces fits the lifespan: with its proofs it takes {:.1} s of {useful:.0} s.",
                self.proved_seconds
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Lifespan = Lifespan {
        batch_size: None,
        nonces: None,
        slaves: 1,
        lifespan_blocks: 120,
        delay_multiplier: 3.0,
        block_seconds: 60.0,
    };

    #[test]
    fn useful_time_is_what_the_delay_leaves() {
        // 29 blocks earn something, and 4 of them pass in confirmations.
        assert_eq!(DEFAULTS.useful_seconds(), 25.0 * 60.0);
        let short = Lifespan {
            lifespan_blocks: 10,
            ..DEFAULTS
        };
        assert_eq!(short.useful_seconds(), 0.0);
        assert!(!short.judge(1, 1e9).fits());
    }

    #[test]
    fn batch_fits_if_root_and_proofs_do() {
        for (batch_size, fits, words) in [
            (1_000, true, "fits the lifespan: "),
            (50_000, true, "barely"),
            (75_001, false, "does not fit"),
        ] {
            let judgement = DEFAULTS.judge(batch_size, 100.0);
            assert_eq!(judgement.fits(), fits, "{batch_size}");
            let sentence = judgement.sentence();
            assert!(sentence.contains(words), "{sentence}");
        }
    }

    #[test]
    fn benchmark_is_shared_by_the_slaves() {
        let judge = |slaves| {
            let lifespan = Lifespan {
                nonces: Some(1_000_000),
                slaves,
                ..DEFAULTS
            };
            lifespan.judge(1_000, 100.0)
        };
        assert!(!judge(6).fits() && judge(7).fits());
        let sentence = judge(6).sentence();
        assert!(
            sentence.contains("the whole benchmark does not"),
            "{sentence}"
        );
    }

    #[test]
    fn only_positive_numbers_are_taken() {
        assert_eq!(seconds("5.5"), Ok(5.5));
        assert_eq!(multiplier("0"), Ok(0.0));
        for text in ["0", "-1", "inf", "NaN", "x"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
