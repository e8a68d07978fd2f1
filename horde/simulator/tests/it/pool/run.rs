//! One run: what happens when, and what must hold.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tig_host::VirtualTime;
use tig_host::testing::Sent;
use tig_simulator::disk::End;
use tig_simulator::master::{Crash, Master, Moment};
use tig_simulator::scenario::Boundary;
use tig_simulator::slave::request;

use super::buckets::{Buckets, path_of};
use super::site::{CROSSVAL, POOL, Result, Site, answers, series};

/// When a run begins, in Unix milliseconds.
const EPOCH_MS: u64 = 1_727_000_000_000;
/// Time of a run with its troubles, and of the calm after it, in which all URLs expire.
const TROUBLED_MS: u64 = 3 * 3_600_000;
const CALM_MS: u64 = 3 * 3_600_000;
/// The longest time between two things that happen.
const PAUSE_MS_MAX: u64 = 60_000;
/// Transactions until a kill, at most.
const TRANSACTIONS_MAX: u64 = 12;
/// It is looked at the store after each kill, and otherwise once in so many things that happen.
const LOOKS: u8 = 10;

pub(super) struct Run {
    site: Site,
    seed: u64,
    rng: fastrand::Rng,
    buckets: Buckets,
    /// Requests of the host that are on their way.
    flights: Vec<Sent>,
    /// Workloads that were there when it was looked last.
    workloads: BTreeSet<String>,
    /// Answers to samples that were written.
    answered: BTreeSet<String>,
    pub(super) kills: u64,
    /// Samples that were used.
    pub(super) given: usize,
}

impl Run {
    pub(super) fn new(seed: u64) -> Result<Self> {
        let site = Site::new()?;
        Ok(Self {
            site,
            seed,
            rng: fastrand::Rng::with_seed(seed),
            buckets: Buckets::default(),
            flights: Vec::new(),
            workloads: BTreeSet::new(),
            answered: BTreeSet::new(),
            kills: 0,
            given: 0,
        })
    }

    pub(super) fn play(&mut self) -> Result<()> {
        let plugins = std::mem::take(&mut self.site.plugins);
        let time = VirtualTime::from_ms(EPOCH_MS);
        let mut host = Master::new(self.site.config.clone(), &plugins, self.seed, time.clone());
        host.start()?;
        let mut now_ms = 0;
        while now_ms < TROUBLED_MS + CALM_MS {
            let is_calm = now_ms >= TROUBLED_MS;
            let pause_ms = self.pause_ms(&mut host, now_ms);
            time.advance(Duration::from_millis(pause_ms));
            now_ms += pause_ms;
            if let Some(stepped) = host.host() {
                stepped.fire_timers();
            }
            if !is_calm && self.rng.u8(0..6) == 0 {
                host.expect(self.crash());
            }
            self.act(&mut host, is_calm)?;
            let before = self.kills;
            self.settle(&mut host)?;
            if self.kills > before || self.rng.u8(0..LOOKS) == 0 {
                self.look(&mut host)?;
            }
        }
        self.judge_end(&mut host)
    }

    /// Milliseconds until the next thing happens: a timer, or what the run does.
    fn pause_ms(&mut self, host: &mut Master<'_>, now_ms: u64) -> u64 {
        let pause_ms = match self.flights.is_empty() {
            true => self.rng.u64(1..PAUSE_MS_MAX),
            false => self.rng.u64(1..200),
        };
        let timer = host.host().and_then(|host| host.next_timer());
        let timer_ms = timer.map(|at_ms| at_ms.saturating_sub(EPOCH_MS + now_ms).max(1));
        pause_ms.min(timer_ms.unwrap_or(u64::MAX))
    }

    fn crash(&mut self) -> Crash {
        let boundaries = [Boundary::Handled, Boundary::Written, Boundary::Done];
        Crash {
            transactions: self.rng.u64(0..TRANSACTIONS_MAX),
            boundary: *self.rng.choice(&boundaries).unwrap_or(&Boundary::Done),
            end: match self.rng.bool() {
                true => End::Kill,
                false => End::PowerCut,
            },
            down_ms: 0,
        }
    }

    /// Something happens: a request is answered, a job of the trusted miner ends, or a batch wants samples.
    fn act(&mut self, host: &mut Master<'_>, is_calm: bool) -> Result<()> {
        if !self.flights.is_empty() {
            let number = self.rng.usize(..self.flights.len());
            let sent = self.flights.swap_remove(number);
            let is_faulty = !is_calm && self.rng.u8(0..15) == 0;
            let call = sent.queued().call.clone();
            let answer = self.buckets.answer(&call, is_faulty, &mut self.rng);
            sent.complete(answer);
            return Ok(());
        }
        if self.rng.bool() {
            let jobs = self.ask(host, "GET", "/run/jobs", &Value::Null)?;
            let job = jobs.as_ref().and_then(|jobs| jobs.get(0));
            let fails = !is_calm && self.rng.u8(0..6) == 0;
            return match job {
                Some(job) => self.end_job(host, job, fails),
                None => Ok(()),
            };
        }
        let is_wanted = !is_calm && self.rng.u8(0..8) == 0;
        if is_wanted {
            self.ask(host, "POST", "/run/want", &json!({}))?;
        }
        self.answer_samples(host)
    }

    /// Miners write their answers to samples, each once and whenever they like.
    fn answer_samples(&mut self, host: &mut Master<'_>) -> Result<()> {
        let given = self.ask(host, "GET", "/run/given", &Value::Null)?;
        let given = given.as_ref().and_then(Value::as_array);
        for sample in given.into_iter().flatten() {
            let path = path_of(sample["answers_url"].as_str().unwrap_or_default());
            if self.answered.insert(path.clone()) {
                self.buckets.objects.insert(path, b"{}".to_vec());
            }
        }
        Ok(())
    }

    /// The trusted miner has done a job, or has failed after it wrote a part.
    fn end_job(&mut self, host: &mut Master<'_>, job: &Value, fails: bool) -> Result<()> {
        let arguments = job["request"]["docker_run_cmd"].as_array();
        let arguments: Vec<&str> = arguments
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let argument = |name: &str| {
            let place = arguments.iter().position(|argument| *argument == name)?;
            arguments.get(place + 1).copied()
        };
        let request = &job["request"];
        let uploads = request["output_upload"]["uploads"].as_array();
        let uploads = uploads
            .into_iter()
            .flatten()
            .filter_map(|upload| upload["url"].as_str());
        let uploads: Vec<String> = uploads.map(path_of).collect();
        let written = if fails { 1 } else { uploads.len() };
        let seed = argument("--seed").and_then(|seed| seed.parse().ok());
        let volume = request["volume"]["volumes"][0]["url"].as_str().map(path_of);
        let prompts = volume.and_then(|path| self.buckets.objects.get(&path).cloned());
        for path in uploads.into_iter().take(written) {
            let body = match seed {
                Some(seed) => answers(seed, &prompts.clone().unwrap_or_default()),
                None => series(&path),
            };
            self.buckets.objects.insert(path, body.into_bytes());
        }
        let over = json!({ "uuid": job["uuid"], "is_finished": !fails });
        self.ask(host, "POST", "/run/over", &over)?;
        Ok(())
    }

    /// Lets the host do all that it can, and starts it again when it was killed.
    fn settle(&mut self, host: &mut Master<'_>) -> Result<()> {
        loop {
            let moment = host.settle(&mut self.rng)?;
            let sent = host.take_sent();
            let Moment::Killed(_) = moment else {
                self.flights.extend(sent);
                return Ok(());
            };
            self.kills += 1;
            // What had left the machine arrives, or not; what it brings reaches nobody.
            for sent in self.flights.drain(..).chain(sent) {
                if self.rng.bool() {
                    let call = sent.queued().call.clone();
                    let _ = self.buckets.answer(&call, false, &mut self.rng);
                }
            }
            host.start()?;
        }
    }

    fn ask(
        &mut self,
        host: &mut Master<'_>,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Option<Value>> {
        let body = body.to_string().into_bytes();
        let Some(mut receiver) = host.ask(request(method, path, String::new(), "operator", body))
        else {
            return Ok(None);
        };
        self.settle(host)?;
        let Some(Ok(answered)) = receiver.try_recv().ok() else {
            return Ok(None);
        };
        Ok(Some(serde_json::from_slice(&answered.reply.body)?))
    }

    fn stored(host: &mut Master<'_>) -> Result<BTreeSet<String>> {
        let host = host.host().ok_or("the host does not run")?;
        Ok(host.stored_keys(CROSSVAL)?.into_iter().collect())
    }

    /// A workload that is gone was answered or dropped: either way its object is to be deleted.
    fn look(&mut self, host: &mut Master<'_>) -> Result<()> {
        let stored = Self::stored(host)?;
        let workloads = stored
            .iter()
            .filter_map(|key| key.strip_prefix("workload/"));
        let workloads: BTreeSet<String> = workloads.map(str::to_owned).collect();
        for gone in self.workloads.difference(&workloads) {
            if !stored.contains(&format!("doomed/answers/{gone}")) {
                return Err(format!("the workload {gone} is lost").into());
            }
        }
        self.workloads = workloads;
        Ok(())
    }

    /// The pool is full, each sample was used once, and each object is known.
    fn judge_end(&mut self, host: &mut Master<'_>) -> Result<()> {
        let report = self.ask(host, "GET", "/horde/pool", &Value::Null)?;
        let report = report.ok_or("no report")?;
        if report["samples"]["ready"] != POOL || report["series"]["live"] != POOL {
            return Err(format!("the pool has jammed: {report:#}").into());
        }
        let given = self.ask(host, "GET", "/run/given", &Value::Null)?;
        let given = given.ok_or("no samples")?;
        let given = given.as_array().into_iter().flatten();
        let given: Vec<String> = given.map(|sample| sample["used"].to_string()).collect();
        self.given = given.len();
        if given.iter().collect::<BTreeSet<_>>().len() != given.len() {
            return Err("a sample was used twice".into());
        }
        let stored = Self::stored(host)?;
        let is_known = |path: &String| {
            let name = path.trim_start_matches('/');
            let uuid = name.rsplit('/').next().unwrap_or_default();
            let names = [
                format!("doomed/{name}"),
                format!("series/{uuid}"),
                format!("workload/{uuid}"),
            ];
            names.iter().any(|key| stored.contains(key))
        };
        match self.buckets.objects.keys().find(|path| !is_known(path)) {
            Some(path) => Err(format!("nobody knows the object {path}").into()),
            None => self.judge_deletions(),
        }
    }

    /// What was used up or has expired is deleted, and so is what jobs and checks have left.
    fn judge_deletions(&self) -> Result<()> {
        let paths = self.buckets.objects.keys();
        let series = paths.filter(|path| path.starts_with("/prompts/")).count();
        if series > 3 * POOL {
            return Err(format!("{series} series are left in the bucket").into());
        }
        let paths = self.buckets.objects.keys();
        let mut others = paths.filter(|path| path.contains("/diagnostic-"));
        match others.next() {
            Some(path) => Err(format!("a check has left {path}").into()),
            None => Ok(()),
        }
    }
}
