//! What miners offer: manifests, or why there are none.

use std::collections::BTreeMap;

use horde_events::{ExecutorCount, LinkState, MinerAddress};
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};

use crate::rules::Rules;

/// Jobs of a batch at most. With more executors than that, those miners that have the most are tested on fewer.
pub(crate) const JOBS_MAX: u64 = 8192;

/// What a miner offers. Stored when the manifests are in.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Offer {
    pub(crate) miner: MinerAddress,
    /// Why there is no manifest.
    pub(crate) no_link: Option<String>,
    pub(crate) classes: Vec<ClassOffer>,
}

/// Executors of a class.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct ClassOffer {
    pub(crate) class: ExecutorClass,
    pub(crate) announced: u32,
    /// So many run users' jobs.
    #[serde(default)]
    pub(crate) users: u32,
    /// So many are tested.
    pub(crate) tested: u32,
    /// No more are tested, as the batch would have more than [`JOBS_MAX`] jobs.
    #[serde(default)]
    tested_max: Option<u32>,
}

impl ClassOffer {
    /// Executors that were not tested because they ran users' jobs. Those beyond the limits of class and batch would not have been tested
    /// anyway.
    pub(crate) fn user_jobs(&self, rules: &Rules) -> u32 {
        let due = rules.cap(self.class, self.announced);
        let due = due.min(self.tested_max.unwrap_or(u32::MAX));
        self.users.min(due.saturating_sub(self.tested))
    }
}

/// The offers of all miners, capped: by class as the rules say, and in all. `users` says how many executors of a miner and class
/// run users' jobs.
pub(crate) fn collect_offers(
    miners: &[MinerAddress],
    links: &BTreeMap<String, LinkState>,
    manifest_timeout_ms: u64,
    rules: &Rules,
    users: impl Fn(&str, ExecutorClass) -> u32,
) -> Vec<Offer> {
    let offer = |miner: &MinerAddress| {
        let (no_link, classes) = match links.get(&miner.hotkey) {
            Some(LinkState::Up { manifest }) => {
                let users = |class| users(&miner.hotkey, class);
                (None, classes(manifest, rules, users))
            }
            Some(LinkState::Down { reason }) => (Some(reason.clone()), Vec::new()),
            None => {
                let seconds = manifest_timeout_ms as f64 / 1000.0;
                let reason = format!("it showed no manifest within {seconds} s");
                (Some(reason), Vec::new())
            }
        };
        Offer {
            miner: miner.clone(),
            no_link: no_link.map(crate::job::cut),
            classes,
        }
    };
    let mut offers: Vec<_> = miners.iter().map(offer).collect();
    cap_all(&mut offers);
    offers
}

/// By class; a class that comes twice in a manifest is added up.
fn classes(
    manifest: &[ExecutorCount],
    rules: &Rules,
    users: impl Fn(ExecutorClass) -> u32,
) -> Vec<ClassOffer> {
    let mut counts = BTreeMap::new();
    for executors in manifest {
        // Others were left out by whoever has read the manifest.
        let Ok(class) = executors.executor_class.parse::<ExecutorClass>() else {
            continue;
        };
        let count: &mut u32 = counts.entry(class).or_default();
        *count = count.saturating_add(executors.count);
    }
    let offer = |(class, announced): (ExecutorClass, u32)| {
        let users = users(class).min(announced);
        ClassOffer {
            class,
            announced,
            users,
            tested: rules.cap(class, announced - users),
            tested_max: None,
        }
    };
    counts.into_iter().map(offer).collect()
}

/// Lowers the largest numbers until all together are no more than [`JOBS_MAX`].
fn cap_all(offers: &mut [Offer]) {
    let total = |cap: u32| -> u64 {
        let classes = offers.iter().flat_map(|offer| &offer.classes);
        classes.map(|class| u64::from(class.tested.min(cap))).sum()
    };
    if total(u32::MAX) <= JOBS_MAX {
        return;
    }
    let (mut fits, mut exceeds) = (0, u32::MAX);
    while exceeds - fits > 1 {
        let cap = fits + (exceeds - fits) / 2;
        if total(cap) <= JOBS_MAX {
            fits = cap;
        } else {
            exceeds = cap;
        }
    }
    for class in offers.iter_mut().flat_map(|offer| &mut offer.classes) {
        class.tested = class.tested.min(fits);
        class.tested_max = Some(fits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPIN_UP: &str = "spin_up-4min.gpu-24gb";
    const ALWAYS_ON: &str = "always_on.gpu-24gb";
    const LLM: &str = "always_on.llm.a6000";

    /// The miner one of whose executors runs a user's job.
    const BUSY: &str = "7";

    fn offers(manifests: &[&[(&str, u32)]]) -> Vec<Offer> {
        let miner = |number: usize| MinerAddress {
            hotkey: format!("{number}"),
            host: "h".to_owned(),
            port: 1,
        };
        let count = |(class, count): &(&str, u32)| ExecutorCount {
            executor_class: (*class).to_owned(),
            count: *count,
        };
        let up = |(number, manifest): (usize, &&[(&str, u32)])| {
            let manifest = manifest.iter().map(count).collect();
            (number.to_string(), LinkState::Up { manifest })
        };
        let miners: Vec<_> = (0..manifests.len()).map(miner).collect();
        let links = manifests.iter().enumerate().map(up).collect();
        let users = |hotkey: &str, _| u32::from(hotkey == BUSY);
        collect_offers(&miners, &links, 1_000, &Rules::default(), users)
    }

    fn tested(offers: &[Offer]) -> Vec<u32> {
        let classes = offers.iter().flat_map(|offer| &offer.classes);
        classes.map(|class| class.tested).collect()
    }

    #[test]
    fn counts_are_capped_by_class() {
        let offers = offers(&[
            &[(SPIN_UP, 3), (LLM, 7), (SPIN_UP, 2)],
            &[(SPIN_UP, 1_000_000)],
        ]);
        assert_eq!(tested(&offers), [5, 2, 256]);
        assert_eq!(offers[1].classes[0].announced, 1_000_000);
        assert_eq!(offers[0].classes[1].announced, 7);
    }

    #[test]
    fn executors_of_users_are_not_tested() {
        let other: &[_] = &[(SPIN_UP, 3)];
        let mut manifests = vec![other; 7];
        manifests.push(&[(SPIN_UP, 3), (ALWAYS_ON, 0), (LLM, 5)]);
        let offers = offers(&manifests);
        // The limit of the last class leaves out more than that one.
        assert_eq!(tested(&offers), [3, 3, 3, 3, 3, 3, 3, 2, 0, 2]);
        let users = offers[7].classes.iter().map(|class| class.users);
        assert_eq!(users.collect::<Vec<_>>(), [1, 0, 1]);
    }

    #[test]
    fn batch_of_too_many_executors_is_capped_evenly() {
        let large: &[_] = &[(SPIN_UP, 1_000)];
        let small: &[_] = &[(SPIN_UP, 10)];
        let mut manifests = vec![large; 100];
        manifests.push(small);
        let tested = tested(&offers(&manifests));
        assert_eq!((tested[0], tested[100]), (81, 10));
        assert!(tested.iter().map(|count| u64::from(*count)).sum::<u64>() <= JOBS_MAX);
    }

    /// Otherwise a miner could order such a job itself in every other cycle, and earn the bonus for a changed manifest.
    #[test]
    fn users_beyond_the_total_limit_are_not_noted() {
        let large: &[_] = &[(SPIN_UP, 1_000)];
        let offers = offers(&vec![large; 100]);
        let busy = &offers[7].classes[0];
        assert_eq!((busy.users, busy.tested), (1, 81));
        assert_eq!(busy.user_jobs(&Rules::default()), 0);
    }

    #[test]
    fn class_of_both_counts_at_their_limit_is_added_up() {
        let offers = offers(&[&[(SPIN_UP, u32::MAX), (SPIN_UP, 1)]]);
        assert_eq!(offers[0].classes[0].announced, u32::MAX);
    }
}
