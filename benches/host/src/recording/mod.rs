//! What recording costs, and how fast a recording is replayed.

mod answers;
mod idle;
mod load;
mod replay;

use tig_bench_report::{Report, Result};

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    load::measure(report)?;
    idle::measure(report)?;
    replay::measure(report)
}

/// The value in the middle.
fn median(mut values: Vec<f64>) -> Result<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2).copied();
    middle.ok_or_else(|| "nothing was measured".into())
}
