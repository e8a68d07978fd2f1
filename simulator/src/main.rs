//! `tig-simulate`: plays seeds and names those that fail.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use tig_simulator::scenario::Scenario;
use tig_simulator::shrink::shrink;
use tig_simulator::site::Site;
use tig_simulator::world::{Run, play, play_recorded};

/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// Lines of the transcript in the report of a failure.
const STORY_LINES: usize = 30;

/// Length of a benchmark's id.
const ID_CHARS: usize = 32;

/// Plays scenarios in virtual time: the real plugins, a network, slaves, and everything that can go wrong.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Folder with the `.so` files of the six extensions
    #[arg(long, value_name = "DIR")]
    plugins: PathBuf,
    /// Seeds to play
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    from: u64,
    /// Hours in which new work is begun
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=720))]
    hours: u64,
    /// Seeds that are played at the same time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=256))]
    threads: u64,
    /// No troubles and 20 honest slaves: for measuring
    #[arg(long)]
    calm: bool,
    /// Do not look for the troubles that matter when a seed fails
    #[arg(long)]
    no_shrink: bool,
    /// Print every line of the first seed's transcript
    #[arg(long)]
    transcript: bool,
    /// Record what the extensions get in the first seed, for `tig-host replay`; each start of the master begins a part, the earlier
    /// ones are FILE.1, FILE.2 ..
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Log what the master says (with RUST_LOG)
    #[arg(long)]
    log: bool,
}

impl Cli {
    fn scenario(&self, seed: u64) -> Scenario {
        match self.calm {
            true => Scenario::calm(seed, self.hours),
            false => Scenario::of(seed, self.hours),
        }
    }
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
            say(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Plays all seeds; returns how many failed.
fn run(cli: &Cli) -> Result<u64, Box<dyn std::error::Error>> {
    let session = Session {
        cli,
        site: Site::new(&cli.plugins)?,
        next: AtomicU64::new(0),
        sums: Mutex::default(),
    };
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..cli.threads.min(cli.seeds) {
            scope.spawn(|| session.play_all());
        }
    });
    let sums = lock(&session.sums);
    say(format_args!(
        "{} seeds in {:.1} s: {} blocks, {} benchmarks paid for, {} proved, {} frauds of liars, {} results",
        sums.played,
        begin.elapsed().as_secs_f64(),
        sums.blocks,
        sums.paid,
        sums.proved,
        sums.frauds,
        sums.results,
    ));
    let (seeds, failed) = (cli.seeds, sums.failed);
    say(format_args!("{} passed, {failed} failed", seeds - failed));
    Ok(failed)
}

/// What the threads share.
struct Session<'a> {
    cli: &'a Cli,
    site: Site,
    next: AtomicU64,
    sums: Mutex<Sums>,
}

impl Session<'_> {
    /// Plays seeds until none is left.
    fn play_all(&self) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.cli.seeds {
                return;
            }
            let seed = self.cli.from.wrapping_add(number);
            let played = self.play_one(seed);
            if let Err(error) = &played {
                say(format_args!("seed {seed}: {error}"));
            }
            let mut sums = lock(&self.sums);
            sums.add(played.as_ref().ok());
            if sums
                .reported
                .is_none_or(|reported| reported.elapsed() > PROGRESS)
            {
                sums.reported = Some(Instant::now());
                say(format_args!("{} of {} seeds", sums.played, self.cli.seeds));
            }
        }
    }

    /// Plays one seed, and reports it if it fails.
    fn play_one(&self, seed: u64) -> Result<Run, String> {
        let scenario = self.cli.scenario(seed);
        let is_first = seed == self.cli.from;
        let print_all = self.cli.transcript && is_first;
        let run = match &self.cli.record {
            Some(file) if is_first => play_recorded(&self.site, &scenario, print_all, file)?,
            _ => play(&self.site, &scenario, print_all)?,
        };
        if print_all {
            let transcript = &run.transcript;
            for line in transcript.kept() {
                say(format_args!("{line}"));
            }
            say(format_args!(
                "{} lines, {}",
                transcript.len(),
                transcript.hash()
            ));
        }
        if let Some(violation) = &run.violation {
            let at_s = violation.at_ms / 1000;
            say(format_args!(
                "seed {seed} fails after {at_s} s: {}: {}",
                violation.property, violation.text
            ));
            if !self.cli.no_shrink {
                report_what_matters(&self.site, &scenario, violation.property);
            }
        }
        Ok(run)
    }
}

/// Prints the shortest list of troubles that breaks the same property.
fn report_what_matters(site: &Site, scenario: &Scenario, property: &str) {
    let fails = |one: &Scenario| {
        let run = play(site, one, false);
        run.is_ok_and(|run| {
            run.violation
                .is_some_and(|violation| violation.property == property)
        })
    };
    let shrunk = shrink(scenario, fails);
    let (seed, hours) = (scenario.seed, scenario.hours);
    let count = shrunk.troubles.len();
    let mut text = format!(
        "  {count} of {} troubles of seed {seed} matter:\n",
        scenario.troubles.len()
    );
    for timed in &shrunk.troubles {
        text += &format!("    at {} s: {:?}\n", timed.at_ms / 1000, timed.trouble);
    }
    if let Ok(run) = play(site, &shrunk, true) {
        for line in story(&run) {
            text += &format!("    | {line}\n");
        }
    }
    text += &format!("  again: cargo xtask simulate --seeds 1 --from {seed} --hours {hours}");
    say(format_args!("{text}"));
}

/// The last lines of what concerns the benchmark that the violation names, the machine and the network's troubles; else the
/// last lines of all.
fn story(run: &Run) -> Vec<&String> {
    let text = run.violation.as_ref().map_or("", |found| &found.text);
    let mut words = text.split(|character: char| !character.is_ascii_hexdigit());
    let benchmark_id = words.find(|word| word.len() == ID_CHARS);
    let concerns = |line: &&String| {
        benchmark_id.is_none_or(|id| {
            let words = [id, "trouble", "the master"];
            words.iter().any(|word| line.contains(word))
        })
    };
    let lines = run.transcript.kept().iter();
    let mut last: Vec<&String> = lines.rev().filter(concerns).take(STORY_LINES).collect();
    last.reverse();
    last
}

/// What all runs came to.
#[derive(Default)]
struct Sums {
    played: u64,
    failed: u64,
    blocks: u64,
    paid: usize,
    proved: usize,
    frauds: usize,
    results: u64,
    /// When progress was reported for the last time.
    reported: Option<Instant>,
}

impl Sums {
    /// `None` is a run that could not be played to its end.
    fn add(&mut self, run: Option<&Run>) {
        self.played += 1;
        self.failed += u64::from(run.is_none_or(|run| run.violation.is_some()));
        if let Some(run) = run {
            self.blocks += run.blocks;
            self.paid += run.paid;
            self.proved += run.proved;
            self.frauds += run.frauds;
            self.results += run.results;
        }
    }
}

fn say(text: std::fmt::Arguments<'_>) {
    // Without standard output there is nowhere to report a failure.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// No code panics while it holds the lock.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
