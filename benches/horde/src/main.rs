//! Measures the ComputeHorde validator: a host with its extensions, and 256 miners in another process that answer at once, with
//! chain and facilitator where they are needed.
//!
//! `cargo xtask bench horde [--json] [-- --only PART]` builds all of it and runs it. `PART` is `batches` (each is the first of
//! its host), `crossval`, `cycle`, `receipts` or `users`. Targets are those of a machine with two quiet processors; the names say what the
//! earlier validator needed there (section 10.14 of the specification).

mod case;
mod crossval;
mod cycle;
mod miners;
mod orders;
mod quantile;
mod receipts;
mod result;
mod users;
mod validator;

use std::process::ExitCode;

use tig_bench_report::{Report, Result};

use crate::case::CASES;

type Measure = fn(&mut Report) -> Result<()>;

/// What is measured, by name. Users come last: their requests leave ports behind that are not free for a minute.
const PARTS: [(&str, Measure); 5] = [
    ("batches", measure_batches),
    ("crossval", crossval::measure),
    ("cycle", cycle::measure),
    ("receipts", receipts::measure),
    ("users", users::measure),
];

fn main() -> ExitCode {
    tig_bench_report::main(measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--only");
    let only = arguments.nth(1);
    let is_wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if !PARTS.iter().any(|(part, _)| is_wanted(part)) {
        let parts = PARTS.map(|(part, _)| part).join(", ");
        return Err(format!("--only takes one of {parts}").into());
    }
    let wanted = PARTS.iter().filter(|(part, _)| is_wanted(part));
    wanted
        .map(|(_, measure)| measure)
        .try_for_each(|measure| measure(report))
}

fn measure_batches(report: &mut Report) -> Result<()> {
    CASES.iter().try_for_each(|case| case.measure(report))
}
