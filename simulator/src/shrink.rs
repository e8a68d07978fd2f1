//! Which of a scenario's troubles matter: the others are left out, as many as possible.

use crate::scenario::{Scenario, Timed};

/// Runs of a failing scenario, at most.
pub const RUNS_MAX: usize = 60;

/// The scenario with as few troubles as `fails` needs. Halves are tried first, then quarters, down to single ones.
pub fn shrink(scenario: &Scenario, mut fails: impl FnMut(&Scenario) -> bool) -> Scenario {
    let mut kept = scenario.troubles.clone();
    let mut size = kept.len();
    let mut runs = 0;
    while size > 0 {
        let mut start = 0;
        while start < kept.len() && runs < RUNS_MAX {
            let fewer = without(&kept, start, size);
            runs += 1;
            if fails(&with(scenario, fewer.clone())) {
                kept = fewer;
            } else {
                start += size;
            }
        }
        size /= 2;
    }
    with(scenario, kept)
}

fn without(troubles: &[Timed], start: usize, size: usize) -> Vec<Timed> {
    let end = (start + size).min(troubles.len());
    [&troubles[..start], &troubles[end..]].concat()
}

fn with(scenario: &Scenario, troubles: Vec<Timed>) -> Scenario {
    Scenario {
        troubles,
        ..scenario.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_is_left() {
        let scenario = (0..).map(|seed| Scenario::of(seed, 3));
        let scenario = scenario
            .into_iter()
            .find(|one| one.troubles.len() > 10)
            .unwrap();
        let matter = [scenario.troubles[2].at_ms, scenario.troubles[9].at_ms];
        let has = |one: &Scenario, at_ms| one.troubles.iter().any(|timed| timed.at_ms == at_ms);
        let shrunk = shrink(&scenario, |one| matter.iter().all(|&at_ms| has(one, at_ms)));
        let left: Vec<u64> = shrunk.troubles.iter().map(|timed| timed.at_ms).collect();
        assert_eq!(left, matter);
        assert_eq!(shrink(&scenario, |_| true).troubles.len(), 0);
    }
}
