//! How fast a program answers, and what that costs it.

use std::time::{Duration, Instant};

use crate::http::Answered;
use crate::program::Program;
use crate::{Report, Result, Target};

/// What was measured of a number of requests.
#[derive(Debug, Default)]
pub struct Requests {
    elapsed: Duration,
    processor: Duration,
    times: Vec<Duration>,
}

/// What a report of requests is held against.
#[derive(Debug, Clone, Copy)]
pub struct Targets {
    /// Requests answered in a second.
    pub rate: f64,
    /// Microseconds of the program's processor time for each.
    pub processor: Target,
    /// Milliseconds within which 99 of 100 are answered.
    pub p99: Target,
}

/// Requests that are under way.
#[derive(Debug)]
pub struct Begun<'a> {
    program: &'a Program,
    processor: Duration,
    start: Instant,
}

impl<'a> Begun<'a> {
    /// Now.
    ///
    /// # Errors
    /// The system does not report the processor time.
    pub fn now(program: &'a Program) -> Result<Self> {
        Ok(Self {
            program,
            processor: program.processor_time()?,
            start: Instant::now(),
        })
    }
}

impl Requests {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.times.len()
    }

    /// Adds requests that are done now.
    ///
    /// # Errors
    /// The system does not report the processor time.
    pub fn add(&mut self, begun: Begun<'_>, answers: &[Vec<Answered>]) -> Result<()> {
        self.elapsed += begun.start.elapsed();
        let processor = begun.program.processor_time()?;
        self.processor += processor.saturating_sub(begun.processor);
        self.times
            .extend(answers.iter().flatten().map(|answered| answered.time));
        Ok(())
    }

    /// How many were answered in a second. Call when there were some.
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Prints a line each for rate, processor time and slow answers; `program` is `the host`, say. Call when there were some.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn report(
        mut self,
        report: &mut Report,
        name: &str,
        program: &str,
        targets: Targets,
    ) -> Result<()> {
        let (count, rate) = (self.times.len() as f64, self.rate());
        self.times.sort_unstable();
        let p99 = self.times[self.times.len() * 99 / 100];
        let mut line = |what: &str, value, unit, target| {
            report.number(&format!("{name}: {what}"), value, unit, target)
        };
        line("answered", rate, "1/s", Target::AtLeast(targets.rate))?;
        let processor = self.processor.as_secs_f64() / count * 1e6;
        let what = format!("{program}'s processor time");
        line(&what, processor, "us", targets.processor)?;
        line(
            "99 of 100 within",
            p99.as_secs_f64() * 1e3,
            "ms",
            targets.p99,
        )
    }
}
