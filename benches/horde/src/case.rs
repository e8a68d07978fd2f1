//! The batches that are measured.

use horde_system_tests::{Artifacts, Call, HostOptions, Miners, MinersOptions, Site};
use serde_json::{Value, json};
use tig_bench_report::{Report, Result, Target, process, target_folder};

use crate::{miners, result};

/// Number of miners.
const MINERS: usize = 256;

/// A batch and what it may take at most; the texts say what the earlier validator took.
pub(crate) struct Case {
    name: &'static str,
    kind: &'static str,
    executors: u32,
    /// Vice of all miners, or of the first ones.
    vice: Option<(&'static str, usize)>,
    /// Seconds until all is stored, and those of the earlier validator.
    stored: (f64, &'static str),
    /// Milliseconds from the first to the last reservation, as the miners see it.
    reservations: Option<(f64, &'static str)>,
    /// The same of requests to run.
    requests: Option<(f64, &'static str)>,
    /// Milliseconds that a job is said to have taken: median and p99.
    taken: Option<(f64, f64, &'static str)>,
    /// Memory in MB.
    memory: Option<(f64, &'static str)>,
    /// Jobs that are right.
    right: Option<u64>,
}

/// Nothing is measured but the time.
const PLAIN: Case = Case {
    name: "",
    kind: "horde_job_echo",
    executors: 2,
    vice: None,
    stored: (0.0, ""),
    reservations: None,
    requests: None,
    taken: None,
    memory: None,
    right: None,
};

pub(crate) const CASES: [Case; 6] = [
    Case {
        name: "echo, 256 x 2",
        stored: (0.4, "1.03"),
        reservations: Some((10.0, "42")),
        requests: Some((10.0, "51")),
        taken: Some((2.0, 8.0, "32 and 50")),
        memory: Some((60.0, "187")),
        right: Some(512),
        ..PLAIN
    },
    Case {
        name: "echo, 256 x 10",
        executors: 10,
        stored: (1.5, "4.74"),
        requests: Some((50.0, "320")),
        memory: Some((110.0, "237")),
        right: Some(2_560),
        ..PLAIN
    },
    Case {
        name: "hash v1, 256 x 2",
        kind: "horde_job_hash",
        stored: (0.8, "2.3"),
        requests: Some((30.0, "205")),
        memory: Some((110.0, "289")),
        ..PLAIN
    },
    Case {
        name: "hash v1, 256 x 2, wrong answers as long as the payload",
        kind: "horde_job_hash",
        vice: Some(("wrong-answer-of-payload-size", MINERS)),
        stored: (1.5, "8.9"),
        memory: Some((150.0, "1051")),
        ..PLAIN
    },
    Case {
        name: "echo, 256 x 2, 50 addresses refuse",
        vice: Some(("refuses", 50)),
        stored: (5.0, "33 until the first job"),
        right: Some(412),
        ..PLAIN
    },
    Case {
        name: "echo, 256 x 2, each socket drops once after Ready",
        vice: Some(("drops-once:ready", MINERS)),
        stored: (5.0, "173, all lost"),
        right: Some(512),
        ..PLAIN
    },
];

impl Case {
    /// Runs the batch and reports it.
    pub(crate) fn measure(&self, report: &mut Report) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let artifacts = Artifacts::in_folder(&target_folder()?.join("release"))?;
        let site = Site::prepare(folder.path(), artifacts, &self.host_options())?;
        let network = Miners::start(site.artifacts(), folder.path(), &self.network())?;
        let host = site.start_host()?;
        let arguments = network.arguments();
        let call = Call::start(&site, ("horde_batch", "run_batch"), &arguments)?;
        let (code, value) = call.finish(|_| {})?;
        if code != 0 {
            return Err(format!("{}: the batch has ended with {code}: {value}", self.name).into());
        }
        let right = result::right(&value);
        if self.right.is_some_and(|expected| expected != right) {
            return Err(format!("{}: {right} jobs are right", self.name).into());
        }
        let seen = network.report()?;
        self.report(report, &value, &seen, process::memory_peak(host.id())?)
    }

    fn host_options(&self) -> HostOptions {
        HostOptions {
            kinds: json!({ "spin_up-4min.gpu-24gb": self.kind }),
            small_hash_jobs: false,
            ..HostOptions::default()
        }
    }

    fn network(&self) -> MinersOptions {
        let vices = self
            .vice
            .iter()
            .flat_map(|(vice, count)| (0..*count).map(move |index| format!("{index}={vice}")));
        MinersOptions {
            miners: MINERS,
            executors: self.executors,
            instant: true,
            vices: vices.collect(),
            chain: None,
            language: None,
        }
    }

    fn report(&self, report: &mut Report, value: &Value, seen: &Value, memory: f64) -> Result<()> {
        let mut line = |what: &str, number: f64, unit: &str, most: f64, before: &str| {
            let name = format!("{}: {what} (before: {before} {unit})", self.name);
            report.number(&name, number, unit, Target::AtMost(most))
        };
        let (most, before) = self.stored;
        line(
            "due to all stored",
            result::seconds(value),
            "s",
            most,
            before,
        )?;
        let spreads = [("reservation", self.reservations), ("run", self.requests)];
        for (kind, expected) in spreads {
            if let Some((most, before)) = expected {
                let what = format!("first to last {kind}");
                line(&what, miners::spread_ms(seen, kind), "ms", most, before)?;
            }
        }
        if let Some((p50, p99, before)) = self.taken {
            let mut taken = result::taken_ms(value);
            line("time taken, median", taken(0.5), "ms", p50, before)?;
            line("time taken, p99", taken(0.99), "ms", p99, before)?;
        }
        if let Some((most, before)) = self.memory {
            line("memory, most", memory, "MB", most, before)?;
        }
        Ok(())
    }
}
