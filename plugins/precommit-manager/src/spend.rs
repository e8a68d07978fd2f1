//! What precommits have cost during the last day.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_protocol::PreciseNumber;

const HOUR_MS: u64 = 3_600_000;

const HOURS_PER_DAY: u64 = 24;

/// Fees by the hour (since the Unix epoch) in which they were promised. Stored, so that a restart makes no room.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Spend(BTreeMap<u64, PreciseNumber>);

impl Spend {
    pub(crate) fn add(&mut self, fee: PreciseNumber, now_ms: u64) {
        let hour = now_ms / HOUR_MS;
        self.0 = self.0.split_off(&first_hour(hour));
        let sum = self.0.entry(hour).or_default();
        // A sum beyond 256 bits is beyond every budget.
        *sum = sum.checked_add(fee).unwrap_or(*sum);
    }

    /// A precommit was refused: its fee was not paid.
    pub(crate) fn take_back(&mut self, fee: PreciseNumber) {
        let of_it = |sum: &mut PreciseNumber| {
            let rest = sum.checked_sub(fee);
            *sum = rest.unwrap_or(*sum);
            rest.is_some()
        };
        self.0.values_mut().rev().any(of_it);
    }

    /// Fees of hours to come were promised while the clock was ahead: they count as promised now. Returns how many hours it
    /// was ahead, if it was.
    pub(crate) fn settle(&mut self, now_ms: u64) -> Option<u64> {
        let hour = now_ms / HOUR_MS;
        let to_come = self.0.split_off(&(hour + 1));
        let (last, _) = to_come.last_key_value()?;
        let ahead = last - hour;
        for fee in to_come.into_values() {
            self.add(fee, now_ms);
        }
        Some(ahead)
    }

    /// The last 24 hours, counted by the hour.
    pub(crate) fn of_day(&self, now_ms: u64) -> PreciseNumber {
        let hours = self.0.range(first_hour(now_ms / HOUR_MS)..);
        hours
            .map(|(_, fee)| *fee)
            .fold(PreciseNumber::ZERO, |sum, fee| {
                sum.checked_add(fee).unwrap_or(sum)
            })
    }

    /// Fees per day, as they were since the first of the last 24 hours with any, in TIG; `None` without fees.
    pub(crate) fn per_day(&self, now_ms: u64) -> Option<f64> {
        let hour = now_ms / HOUR_MS;
        let (first, _) = self.0.range(first_hour(hour)..).next()?;
        let hours = (hour + 1).saturating_sub(*first).max(1) as f64;
        Some(self.of_day(now_ms).to_f64() / hours * HOURS_PER_DAY as f64)
    }
}

fn first_hour(hour: u64) -> u64 {
    (hour + 1).saturating_sub(HOURS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MS: u64 = HOURS_PER_DAY * HOUR_MS;

    proptest! {
        /// However the clock was set: what was spent since the last time counts, and a day later nothing does.
        #[test]
        fn clock_jumps_block_no_longer_than_a_day(
            jumps in prop::collection::vec((0_u64..60, 0_u64..30, 1_u64..9), 1..12),
        ) {
            let mut spend = Spend::default();
            let mut now_ms = 0;
            for (day, hour, fee) in jumps {
                now_ms = day * DAY_MS;
                spend.settle(now_ms);
                let before = spend.of_day(now_ms);
                spend.add(tig(fee), now_ms);
                prop_assert_eq!(spend.of_day(now_ms), before.checked_add(tig(fee)).unwrap());
                now_ms += hour * HOUR_MS;
                spend.settle(now_ms);
                prop_assert!(hour >= HOURS_PER_DAY || spend.of_day(now_ms) >= tig(fee));
            }
            prop_assert!(spend.0.len() <= HOURS_PER_DAY as usize);
            prop_assert_eq!(spend.of_day(now_ms + DAY_MS), tig(0));
        }
    }

    #[test]
    fn spend_per_day_is_that_of_the_hours_with_fees() {
        let mut spend = Spend::default();
        assert_eq!(spend.per_day(DAY_MS), None);
        spend.add(tig(1), 3 * DAY_MS);
        assert_eq!(spend.per_day(3 * DAY_MS), Some(24.0));
        spend.add(tig(1), 3 * DAY_MS + HOUR_MS);
        assert_eq!(spend.per_day(3 * DAY_MS + 3 * HOUR_MS), Some(12.0));
        assert_eq!(spend.per_day(5 * DAY_MS), None);
    }

    #[test]
    fn fees_of_hours_to_come_count_as_of_now() {
        let mut spend = Spend::default();
        spend.add(tig(3), 240 * HOUR_MS);
        spend.add(tig(2), 241 * HOUR_MS);
        assert_eq!(spend.settle(HOUR_MS), Some(240));
        assert_eq!(spend.of_day(HOUR_MS), tig(5));
        assert_eq!(spend.settle(HOUR_MS), None);
        assert_eq!(spend.of_day(25 * HOUR_MS), tig(0));
    }

    fn tig(value: u64) -> PreciseNumber {
        PreciseNumber::from_u64(value)
    }

    #[test]
    fn a_day_is_remembered_and_no_more() {
        let mut spend = Spend::default();
        for hour in 0..100 {
            spend.add(tig(1), hour * HOUR_MS);
            assert_eq!(spend.of_day(hour * HOUR_MS), tig((hour + 1).min(24)));
        }
        assert!(spend.0.len() <= 24);
        assert_eq!(spend.of_day(200 * HOUR_MS), tig(0));
    }

    #[test]
    fn what_was_refused_was_not_spent() {
        let mut spend = Spend::default();
        spend.add(tig(3), HOUR_MS);
        spend.add(tig(1), 2 * HOUR_MS);
        spend.take_back(tig(3));
        assert_eq!(spend.of_day(2 * HOUR_MS), tig(1));
        spend.take_back(tig(5));
        assert_eq!(
            spend.of_day(2 * HOUR_MS),
            tig(1),
            "never below what is known"
        );
    }
}
