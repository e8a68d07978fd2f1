//! The lines of a report, and how jobs are added to them.

use std::collections::BTreeMap;

use horde_events::{BatchReport, ClassReport, MinerReport};
use horde_proto::ExecutorClass;

use crate::offers::{ClassOffer, Offer};
use crate::rules::Rules;
use crate::score::{Column, Scored};

/// Adds a job with its score, bonus included, to the line of its miner and class.
pub(crate) fn add_job(row: &mut ClassReport, scored: &Scored, is_accepted: bool, score: f64) {
    row.jobs += 1;
    row.accepted += u32::from(is_accepted);
    let column = match scored.column {
        Column::Right => &mut row.right,
        Column::Wrong => &mut row.wrong,
        Column::Failed => &mut row.failed,
        Column::Declined => &mut row.declined,
        Column::Late => &mut row.late,
        Column::Unreachable => &mut row.unreachable,
        Column::Excused => &mut row.excused,
        Column::Interrupted => &mut row.interrupted,
    };
    *column += 1;
    row.score += score;
    if row.reason.is_none() {
        row.reason.clone_from(&scored.reason);
    }
}

/// The number of the next batch.
pub(crate) fn next_number(finished: &[BatchReport]) -> u64 {
    finished.last().map_or(1, |last| last.number + 1)
}

/// The lines of all miners, without jobs.
pub(crate) fn empty_rows(offers: &[Offer], rules: &Rules) -> Vec<MinerReport> {
    let row = |offer: &Offer| MinerReport {
        hotkey: offer.miner.hotkey.clone(),
        host: offer.miner.host.clone(),
        port: offer.miner.port,
        no_link: offer.no_link.clone(),
        classes: offer
            .classes
            .iter()
            .map(|class| ClassReport {
                executor_class: class.class.to_string(),
                announced: class.announced,
                user_jobs: class.user_jobs(rules),
                tested: Some(class.tested),
                reason: busy_reason(class, rules),
                ..ClassReport::default()
            })
            .collect(),
    };
    offers.iter().map(row).collect()
}

/// Why no executor of a class is tested, if users have them all.
fn busy_reason(class: &ClassOffer, rules: &Rules) -> Option<String> {
    let user_jobs = class.user_jobs(rules);
    let is_busy = class.tested == 0 && user_jobs > 0;
    is_busy.then(|| format!("{user_jobs} of its executors run users' jobs"))
}

/// Finds a miner's line for a class.
pub(crate) struct RowIndex(BTreeMap<(String, String), (usize, usize)>);

impl RowIndex {
    pub(crate) fn new(rows: &[MinerReport]) -> Self {
        let mut places = BTreeMap::new();
        for (row, miner) in rows.iter().enumerate() {
            for (column, class) in miner.classes.iter().enumerate() {
                let key = (miner.hotkey.clone(), class.executor_class.clone());
                places.insert(key, (row, column));
            }
        }
        Self(places)
    }

    pub(crate) fn find<'a>(
        &self,
        rows: &'a mut [MinerReport],
        hotkey: &str,
        class: ExecutorClass,
    ) -> Option<&'a mut ClassReport> {
        let (row, column) = self.0.get(&(hotkey.to_owned(), class.to_string()))?;
        rows.get_mut(*row)?.classes.get_mut(*column)
    }
}
