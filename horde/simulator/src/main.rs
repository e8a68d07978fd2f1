//! `horde-simulate`: plays seeds and names those that fail.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use horde_simulator::scenario::Scenario;
use horde_simulator::site::Site;
use horde_simulator::world::{Run, play};
use tig_process::error_chain::error_chain;
use tig_process::output;

/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// Plays batches in virtual time: the real extensions, miners with vices, and everything that can go wrong.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Folder with the files of the four extensions
    #[arg(long, value_name = "DIR")]
    plugins: PathBuf,
    /// Seeds to play
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    from: u64,
    /// Print every line of the first seed's transcript
    #[arg(long)]
    transcript: bool,
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

/// What all runs came to.
#[derive(Default)]
struct Sums {
    failed: u64,
    batches: u64,
    kills: u64,
    reloads: u64,
    outcomes: u64,
    right: u64,
    spared: u64,
}

impl Sums {
    fn add(&mut self, run: &Run) {
        self.failed += u64::from(run.violation.is_some());
        self.batches += run.batches;
        self.kills += run.kills;
        self.reloads += run.reloads;
        self.outcomes += run.outcomes;
        self.right += run.right;
        self.spared += run.spared;
    }
}

/// Plays all seeds; returns how many failed.
fn run(cli: &Cli) -> Result<u64, Box<dyn std::error::Error>> {
    let site = Site::new(&cli.plugins)?;
    let (begin, mut reported) = (Instant::now(), Instant::now());
    let mut sums = Sums::default();
    for number in 0..cli.seeds {
        let seed = cli.from.wrapping_add(number);
        match play_one(cli, &site, seed) {
            Ok(run) => sums.add(&run),
            Err(error) => {
                output::line(&format!("seed {seed}: {error}"));
                sums.failed += 1;
            }
        }
        if reported.elapsed() > PROGRESS {
            reported = Instant::now();
            output::line(&format!("{} of {} seeds", number + 1, cli.seeds));
        }
    }
    output::line(&format!(
        "{} seeds in {:.1} s: {} batches, {} kills, {} reloads; {} jobs, {} right, {} excused or interrupted",
        cli.seeds,
        begin.elapsed().as_secs_f64(),
        sums.batches,
        sums.kills,
        sums.reloads,
        sums.outcomes,
        sums.right,
        sums.spared,
    ));
    let failed = sums.failed;
    output::line(&format!("{} passed, {failed} failed", cli.seeds - failed));
    Ok(failed)
}

/// Plays one seed, and reports it if it fails.
fn play_one(cli: &Cli, site: &Site, seed: u64) -> Result<Run, String> {
    let scenario = Scenario::of(seed).map_err(|error| error.to_string())?;
    let print_all = cli.transcript && seed == cli.from;
    let run = play(site, &scenario, print_all)?;
    let transcript = &run.transcript;
    if print_all || run.violation.is_some() {
        for line in transcript.kept() {
            output::line(&format!("  | {line}"));
        }
        let hash = transcript.hash();
        output::line(&format!("  {} lines, {hash}", transcript.len()));
    }
    if let Some(violation) = &run.violation {
        output::line(&format!(
            "seed {seed} fails after {} ms: {}: {}\n  again: cargo xtask horde simulate --seeds 1 --from {seed}",
            violation.at_ms, violation.property, violation.text
        ));
    }
    Ok(run)
}
