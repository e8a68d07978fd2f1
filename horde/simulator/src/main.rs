//! `horde-simulate`: plays seeds and names those that fail.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use horde_simulator::day::scenario::Day;
use horde_simulator::day::{self, DayRun};
use horde_simulator::scenario::Scenario;
use horde_simulator::site::Site;
use horde_simulator::world::{Run, play};
use tig_process::error_chain::error_chain;
use tig_process::output;
use tig_simulator::finding::Violation;
use tig_simulator::transcript::Transcript;

/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// Plays the validator in virtual time: the real extensions, miners with vices, and everything that can go wrong.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Folder with the files of the extensions
    #[arg(long, value_name = "DIR")]
    plugins: PathBuf,
    /// Play days of the whole validator, with chain and facilitator, in place of batches alone
    #[arg(long)]
    day: bool,
    /// Seeds to play
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    from: u64,
    /// Print every line of the first seed's transcript
    #[arg(long)]
    transcript: bool,
    /// Record what the extensions get in the first seed, for `tig-host replay`; each start of the host begins a part, the earlier ones
    /// are FILE.1, FILE.2 ..
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Log what the host says (with RUST_LOG)
    #[arg(long)]
    log: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.log {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .init();
    }
    match run(&cli) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            output::line(&format!("error: {}", error_chain(&*error)));
            ExitCode::FAILURE
        }
    }
}

/// A run of either kind.
struct Played {
    violation: Option<Violation>,
    transcript: Transcript,
    /// What it came to, by name.
    counts: Vec<(&'static str, u64)>,
}

impl From<Run> for Played {
    fn from(run: Run) -> Self {
        Self {
            violation: run.violation,
            transcript: run.transcript,
            counts: vec![
                ("batches", run.batches),
                ("kills", run.kills),
                ("reloads", run.reloads),
                ("jobs", run.outcomes),
                ("right", run.right),
                ("excused or interrupted", run.spared),
            ],
        }
    }
}

impl From<DayRun> for Played {
    fn from(run: DayRun) -> Self {
        Self {
            violation: run.violation,
            transcript: run.transcript,
            counts: vec![
                ("cycles", run.cycles),
                ("with a batch", run.batches),
                ("with weights on the chain", run.weights),
                ("jobs of users", run.orders),
                ("completed", run.completed),
                ("kills", run.kills),
                ("reloads", run.reloads),
            ],
        }
    }
}

/// Plays all seeds; returns how many failed.
fn run(cli: &Cli) -> Result<u64, Box<dyn std::error::Error>> {
    let mut site = match cli.day {
        true => day::site(&cli.plugins)?,
        false => Site::new(&cli.plugins)?,
    };
    let (begin, mut reported) = (Instant::now(), Instant::now());
    let (mut failed, mut sums) = (0, Vec::new());
    for number in 0..cli.seeds {
        let seed = cli.from.wrapping_add(number);
        site.record_to(cli.record.clone().filter(|_| number == 0));
        match play_one(cli, &site, seed) {
            Ok(played) => {
                failed += u64::from(played.violation.is_some());
                add(&mut sums, played.counts);
            }
            Err(error) => {
                output::line(&format!("seed {seed}: {error}"));
                failed += 1;
            }
        }
        if reported.elapsed() > PROGRESS {
            reported = Instant::now();
            output::line(&format!("{} of {} seeds", number + 1, cli.seeds));
        }
    }
    let sums = sums.iter().map(|(name, count)| format!("{count} {name}"));
    output::line(&format!(
        "{} seeds in {:.1} s: {}",
        cli.seeds,
        begin.elapsed().as_secs_f64(),
        sums.collect::<Vec<_>>().join(", "),
    ));
    output::line(&format!("{} passed, {failed} failed", cli.seeds - failed));
    Ok(failed)
}

/// Adds the counts of a run, which has the same names as all others.
fn add(sums: &mut Vec<(&'static str, u64)>, counts: Vec<(&'static str, u64)>) {
    if sums.is_empty() {
        *sums = counts;
        return;
    }
    for ((_, sum), (_, count)) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

/// Plays one seed, and reports it if it fails.
fn play_one(cli: &Cli, site: &Site, seed: u64) -> Result<Played, String> {
    let print_all = cli.transcript && seed == cli.from;
    let played: Played = if cli.day {
        let day = Day::of(seed).map_err(|error| error.to_string())?;
        day::play(site, &day, print_all)?.into()
    } else {
        let scenario = Scenario::of(seed).map_err(|error| error.to_string())?;
        play(site, &scenario, print_all)?.into()
    };
    let transcript = &played.transcript;
    if print_all || played.violation.is_some() {
        for line in transcript.kept() {
            output::line(&format!("  | {line}"));
        }
        let hash = transcript.hash();
        output::line(&format!("  {} lines, {hash}", transcript.len()));
    }
    if let Some(violation) = &played.violation {
        let kind = if cli.day { "--day " } else { "" };
        output::line(&format!(
            "seed {seed} fails after {} ms: {}: {}\n  again: cargo xtask horde simulate {kind}--seeds 1 --from {seed}",
            violation.at_ms, violation.property, violation.text
        ));
    }
    Ok(played)
}
