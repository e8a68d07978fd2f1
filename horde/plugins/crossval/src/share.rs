//! Samples are shared out fairly when there are too few: one for each miner in a drawn order, then a second one: pure.

use std::collections::{BTreeMap, VecDeque};

use horde_calc::llm::draw_indices;
use horde_events::{JOBS_PER_ASK_MAX, LlmSamplesWanted};

/// How many samples an ask is for.
pub(crate) fn wanted(ask: &LlmSamplesWanted) -> usize {
    let miners = ask.miners.iter();
    let count: usize = miners.map(|miner| miner.count as usize).sum();
    count.min(JOBS_PER_ASK_MAX)
}

/// The miners that get a sample, for each ask.
pub(crate) fn share(
    asks: &[LlmSamplesWanted],
    samples: usize,
    random: impl FnMut() -> u64,
) -> Vec<Vec<String>> {
    // The asks in which each miner stands, once for each executor.
    let mut places: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    for (index, ask) in asks.iter().enumerate() {
        let miners = ask.miners.iter().flat_map(|miner| {
            let count = JOBS_PER_ASK_MAX.min(miner.count as usize);
            std::iter::repeat_n(miner.hotkey.as_str(), count)
        });
        for hotkey in miners.take(wanted(ask)) {
            places.entry(hotkey).or_default().push_back(index);
        }
    }
    let mut miners: Vec<(&str, VecDeque<usize>)> = places.into_iter().collect();
    let order = draw_indices(miners.len(), miners.len(), random);
    let mut shares = vec![Vec::new(); asks.len()];
    let mut left = samples;
    loop {
        let before = left;
        for &miner in &order {
            let (hotkey, asks) = &mut miners[miner];
            if left == 0 {
                return shares;
            }
            if let Some(ask) = asks.pop_front() {
                shares[ask].push((*hotkey).to_owned());
                left -= 1;
            }
        }
        if left == before {
            return shares;
        }
    }
}

#[cfg(test)]
mod tests {
    use horde_events::ExecutorsOf;
    use proptest::prelude::*;

    use super::*;

    fn ask(miners: &[(&str, u32)]) -> LlmSamplesWanted {
        let executors = |(hotkey, count): &(&str, u32)| ExecutorsOf {
            hotkey: (*hotkey).to_owned(),
            count: *count,
        };
        LlmSamplesWanted {
            ask: 1,
            batch: "b".to_owned(),
            kind: "k".to_owned(),
            miners: miners.iter().map(executors).collect(),
        }
    }

    fn counts(shares: &[Vec<String>]) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for hotkey in shares.iter().flatten() {
            *counts.entry(hotkey.clone()).or_default() += 1;
        }
        counts
    }

    #[test]
    fn second_samples_come_after_all_first_ones() {
        let asks = [ask(&[("a", 60), ("b", 1)]), ask(&[("c", 2), ("d", 1)])];
        let shares = share(&asks, 5, || 0);
        let counts = counts(&shares);
        assert!(
            counts.values().all(|count| (1..=2).contains(count)),
            "{counts:?}"
        );
        assert_eq!(counts.values().sum::<usize>(), 5);
    }

    #[test]
    fn order_is_drawn() {
        let asks = [ask(&[("a", 1), ("b", 1), ("c", 1)])];
        let first = |random: u64| share(&asks, 1, || random)[0][0].clone();
        assert_ne!(first(0), first(u64::MAX));
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_wanted(
            miners in prop::collection::vec((0_usize..6, 0_u32..100), 0..9),
            samples in 0_usize..300,
            random in any::<u64>(),
        ) {
            const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
            let miners: Vec<_> = miners.iter().map(|(name, count)| (NAMES[*name], *count)).collect();
            let asks: Vec<_> = miners.chunks(2).map(ask).collect();
            let shares = share(&asks, samples, || random);
            prop_assert_eq!(shares.len(), asks.len());
            let total: usize = asks.iter().map(wanted).sum();
            let given: usize = shares.iter().map(Vec::len).sum();
            prop_assert_eq!(given, samples.min(total));
            for (ask, share) in asks.iter().zip(&shares) {
                prop_assert!(share.len() <= wanted(ask));
            }
        }
    }
}
