//! Jobs that users order at the facilitator, and what it has seen of them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tig_bench_report::Result;
use tig_system_tests::{get, request};

use crate::validator::Validator;

/// Header of users, with the stand-in's token.
const TOKEN: (&str, &str) = ("Authorization", "Token devnet");
/// Where jobs are ordered.
const PATH: &str = "/api/v1/job-docker/";
/// Time between two looks at a job.
const LOOK: Duration = Duration::from_millis(4);
/// Time for jobs to be over.
const JOBS_MAX: Duration = Duration::from_secs(60);

/// The facilitator of a running validator.
pub(crate) struct Orders {
    /// `IP:PORT`.
    address: String,
}

/// A job as the facilitator has seen it, in Unix microseconds.
pub(crate) struct Job {
    pub(crate) ordered_us: i64,
    /// When it was completed.
    pub(crate) completed_us: Option<i64>,
    /// Whether a miner has accepted it.
    pub(crate) is_accepted: bool,
}

impl Orders {
    pub(crate) fn new(validator: &Validator) -> Result<Self> {
        let address = validator.network.facilitator_address()?;
        Ok(Self {
            address: address.to_owned(),
        })
    }

    /// Orders a job and waits until it is over.
    pub(crate) fn order_one(&self) -> Result<()> {
        let headers = [TOKEN];
        let answer = request(&self.address, "POST", PATH, &headers, body().as_bytes())?;
        if answer.status != 201 {
            return Err(format!("an order was refused: {}", answer.body.trim()).into());
        }
        let job: Value = serde_json::from_str(&answer.body)?;
        let path = format!("/api/v1/jobs/{}/", job["uuid"].as_str().unwrap_or_default());
        let begin = Instant::now();
        while begin.elapsed() < JOBS_MAX {
            let job: Value = request(&self.address, "GET", &path, &headers, &[])?.json()?;
            match job["status"].as_str() {
                Some("Completed") => return Ok(()),
                Some("Sent" | "Accepted") => thread::sleep(LOOK),
                _ => return Err(format!("a job was not completed: {job}").into()),
            }
        }
        Err("a job is not over".into())
    }

    /// Orders so many jobs at once: all requests but for their last bytes are there before.
    pub(crate) fn order_at_once(&self, count: usize) -> Result<()> {
        let body = body();
        let (start, end) = body.split_at(body.len() - 1);
        let head = format!(
            "POST {PATH} HTTP/1.0\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             {}: {}\r\nContent-Length: {}\r\n\r\n{start}",
            self.address,
            TOKEN.0,
            TOKEN.1,
            body.len()
        );
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(JOBS_MAX))?;
            stream.write_all(head.as_bytes())?;
            streams.push(stream);
        }
        // The facilitator has read the beginnings.
        thread::sleep(Duration::from_millis(500));
        for stream in &mut streams {
            stream.write_all(end.as_bytes())?;
        }
        for mut stream in streams {
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            if !answer.starts_with("HTTP/1.0 201") {
                return Err(format!("an order was refused: {answer}").into());
            }
        }
        Ok(())
    }

    /// Waits until all jobs are as wanted, and returns those from the one with this number on.
    pub(crate) fn wait_for(&self, first: usize, is_wanted: fn(&Job) -> bool) -> Result<Vec<Job>> {
        let begin = Instant::now();
        loop {
            // A look at all of them takes the facilitator's time.
            thread::sleep(Duration::from_millis(1_000));
            let jobs = self.jobs()?.split_off(first);
            if jobs.iter().all(is_wanted) {
                return Ok(jobs);
            }
            if begin.elapsed() > JOBS_MAX {
                let count = jobs.iter().filter(|job| !is_wanted(job)).count();
                return Err(format!("{count} jobs are not as they should be").into());
            }
        }
    }

    /// All jobs in the order in which they were ordered.
    pub(crate) fn jobs(&self) -> Result<Vec<Job>> {
        let report: Value = get(&self.address, "/control/report")?.json()?;
        let jobs = report["jobs"].as_array();
        Ok(jobs.into_iter().flatten().map(Job::new).collect())
    }
}

impl Job {
    fn new(record: &Value) -> Self {
        let at_us = |name: &str| {
            let statuses = record["statuses"].as_array().into_iter().flatten();
            let mut of_name = statuses.filter(|status| status["status"] == name);
            of_name.find_map(|status| status["at_us"].as_i64())
        };
        Self {
            ordered_us: record["ordered_us"].as_i64().unwrap_or_default(),
            completed_us: at_us("completed"),
            is_accepted: at_us("accepted").is_some(),
        }
    }
}

/// A job for a miner of the validator's choice.
fn body() -> String {
    json!({
        "docker_image": "backenddevelopersltd/print:v1",
        "args": ["echo", "hello"],
        "version": "V2",
    })
    .to_string()
}
