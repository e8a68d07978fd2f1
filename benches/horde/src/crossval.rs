//! Cross-validation: the pool of prompts, answers of a batch, URLs, and the check of the buckets, with S3 on loopback.

use std::fs;
use std::hint::black_box;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use horde_calc::llm::mock_answer;
use horde_devnet::s3::{S3, S3Account, S3BucketConfig, S3Config};
use horde_s3::{DayKey, Endpoint, Method, presign_by_day};
use horde_system_tests::Artifacts;
use serde_json::{Value, json};
use tempfile::TempDir;
use tig_bench_report::{Report, Result, Target, process, target_folder};
use tig_system_tests::{Process, get, plugin_file_name, post};
use tokio::runtime::Runtime;

use crate::quantile::median;

/// Samples of the run that is measured, each of a series of its own.
const SAMPLES: usize = 3_840;
/// Workloads that they fill.
const WORKLOADS: usize = 16;
/// Lines of a series, and answers of a file.
const LINES: usize = 240;
/// Files of answers.
const ANSWER_FILES: usize = 512;
/// Seed of all answers.
const SEED: u32 = 7;
/// URLs that are signed for one number.
const URLS: u32 = 20_000;
/// Runs of which the median counts.
const ROUNDS: usize = 3;
/// Time between two looks at the host.
const LOOK: Duration = Duration::from_millis(5);
/// Time for anything that is waited for.
const HOST_WAIT_MAX: Duration = Duration::from_secs(60);
/// The extensions of a host, and what stands for their neighbours.
const EXTENSIONS: [&str; 2] = ["horde_crossval", "horde_job_llm"];
const NEIGHBOURS: &str = "bench_neighbours";
/// Buckets.
const PROMPTS: &str = "prompts";
const ANSWERS: &str = "answers";
/// Where the files of answers lie in their bucket.
const ANSWERS_FOLDER: &str = "bench";

/// Measures all of it.
pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let runtime = Runtime::new()?;
    let (mut sampling, mut memory, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let host = Host::start(&runtime)?;
        let (seconds, megabytes) = host.sample()?;
        sampling.push(seconds);
        memory.push(megabytes);
        answers.push(host.check_answers()?);
    }
    let name = format!("{SAMPLES} samples of as many series: {WORKLOADS} workloads uploaded");
    report.number(&name, median(&mut sampling), "s", Target::AtMost(5.0))?;
    let name = format!("{SAMPLES} samples: memory, more than before");
    report.number(&name, median(&mut memory), "MB", Target::AtMost(40.0))?;
    let name = format!(
        "{ANSWER_FILES} files of {LINES} answers: read and checked (before: 5 s each or nothing)"
    );
    report.number(&name, median(&mut answers), "s", Target::AtMost(1.5))?;
    measure_url(report)?;
    measure_check(report, &runtime)
}

fn measure_url(report: &mut Report) -> Result<()> {
    let endpoint = Endpoint::parse(None, Some("eu-central-1"), ANSWERS)?;
    let key = DayKey::new("AKIDEXAMPLE", [7; 32]);
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let begin = Instant::now();
        for number in 0..URLS {
            let object = format!("solved/{round}-{number}.json");
            let seconds = 1_732_806_192 + i64::from(number);
            black_box(presign_by_day(
                Method::Put,
                &endpoint,
                &object,
                &key,
                seconds,
                3_600,
            ));
        }
        times.push(begin.elapsed().as_secs_f64() * 1e6 / f64::from(URLS));
    }
    let name = "presigned URL (before: 4100 µs)";
    report.number(name, median(&mut times), "µs", Target::AtMost(10.0))
}

fn measure_check(report: &mut Report, runtime: &Runtime) -> Result<()> {
    let s3 = start_s3(runtime)?;
    let key = s3.credentials(S3Account::Validator);
    let folder = tempfile::tempdir()?;
    let artifacts = artifacts()?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let output = Command::new(artifacts.program("compute-horde"))
            .arg("check-s3")
            .current_dir(folder.path())
            .env("AWS_ENDPOINT_URL", s3.endpoint_url())
            .env("AWS_ACCESS_KEY_ID", &key.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", key.secret_access_key.as_str())
            .env("S3_BUCKET_NAME_PROMPTS", PROMPTS)
            .env("S3_BUCKET_NAME_ANSWERS", ANSWERS)
            .output()?;
        times.push(begin.elapsed().as_secs_f64());
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout);
            return Err(format!("check-s3 has ended with {}: {text}", output.status).into());
        }
    }
    let name = "compute-horde check-s3, two good buckets";
    report.number(name, median(&mut times), "s", Target::AtMost(2.0))
}

fn artifacts() -> Result<Artifacts> {
    Ok(Artifacts::in_folder(&target_folder()?.join("release"))?)
}

fn start_s3(runtime: &Runtime) -> Result<S3> {
    let bucket = |name: &str| name.parse::<S3BucketConfig>();
    let config = S3Config {
        buckets: vec![bucket(PROMPTS)?, bucket(ANSWERS)?],
        ..S3Config::default()
    };
    Ok(runtime.block_on(S3::start(config))?)
}

/// A host with a pool whose series are there, and from which nothing was drawn.
struct Host {
    process: Process,
    address: String,
    _s3: S3,
    _folder: TempDir,
}

impl Host {
    fn start(runtime: &Runtime) -> Result<Self> {
        let s3 = start_s3(runtime)?;
        put_answers(&s3)?;
        let folder = tempfile::tempdir()?;
        let process = start_host(folder.path(), &s3)?;
        let mut host = Self {
            address: String::new(),
            process,
            _s3: s3,
            _folder: folder,
        };
        host.address = host.process.address()?;
        let all = host.wait_for("/bench/series", |series| {
            series
                .as_array()
                .is_some_and(|series| series.len() == SAMPLES)
        })?;
        for (number, uuid) in all.as_array().into_iter().flatten().enumerate() {
            let uuid = uuid.as_str().unwrap_or_default();
            host._s3.put_object(PROMPTS, uuid, series(number))?;
        }
        host.wait_for("/horde/pool", |pool| pool["series"]["live"] == SAMPLES)?;
        Ok(host)
    }

    /// Seconds of a run of sampling until all workloads are in the bucket, and the memory that it takes.
    fn sample(&self) -> Result<(f64, f64)> {
        let before = process::memory(self.process.id())?;
        let begin = Instant::now();
        post(&self.address, "/bench/sampling", b"")?;
        self.wait_for("/horde/pool", |pool| {
            let workloads = pool["workloads"].as_array().into_iter().flatten();
            let uploaded = workloads.filter(|workload| workload["is_uploaded"] == true);
            uploaded.count() == WORKLOADS
        })?;
        let seconds = begin.elapsed().as_secs_f64();
        let more = process::memory_peak(self.process.id())? - before;
        Ok((seconds, more))
    }

    /// Seconds until all answers are checked, all of which are right.
    fn check_answers(&self) -> Result<f64> {
        let begin = Instant::now();
        post(&self.address, "/bench/answers", b"")?;
        let end = self.wait_for("/bench/checked", |it| it["checked"] == ANSWER_FILES)?;
        let seconds = begin.elapsed().as_secs_f64();
        if end["right"] != ANSWER_FILES {
            return Err(format!("{ANSWER_FILES} answers are right: {end}").into());
        }
        Ok(seconds)
    }

    fn wait_for(&self, path: &str, mut is_there: impl FnMut(&Value) -> bool) -> Result<Value> {
        let begin = Instant::now();
        while begin.elapsed() < HOST_WAIT_MAX {
            let answer: Value = get(&self.address, path)?.json()?;
            if is_there(&answer) {
                return Ok(answer);
            }
            thread::sleep(LOOK);
        }
        let log = self.process.log_tail(5);
        Err(format!("{path} is not as it should be after {HOST_WAIT_MAX:?}\n{log}").into())
    }
}

fn start_host(folder: &Path, s3: &S3) -> Result<Process> {
    let artifacts = artifacts()?;
    let plugins = folder.join("plugins");
    fs::create_dir_all(&plugins)?;
    for extension in EXTENSIONS {
        let copy = plugins.join(plugin_file_name(extension));
        fs::copy(artifacts.extension(extension), copy)?;
    }
    let examples = target_folder()?.join("release").join("examples");
    let neighbours = plugin_file_name(NEIGHBOURS);
    fs::copy(examples.join(&neighbours), plugins.join(&neighbours))?;
    let key = s3.credentials(S3Account::Validator);
    let mut secret = fs::File::options();
    let secret = secret.write(true).create_new(true).mode(0o600);
    let mut secret = secret.open(folder.join("s3-secret"))?;
    std::io::Write::write_all(&mut secret, key.secret_access_key.as_str().as_bytes())?;
    let endpoint = s3.endpoint_url();
    let config = json!({
        "extensions": [EXTENSIONS[0], EXTENSIONS[1], NEIGHBOURS],
        "keys": { "s3": {
            "kind": "hmac-sha256", "prefix": "AWS4", "file": "s3-secret", "extensions": [EXTENSIONS[0]],
        } },
        "plugin_folder": "plugins",
        "backup_folder": "backup",
        "port": 0,
        "config": {
            "horde_crossval": {
                "trusted_miner_host": "127.0.0.1",
                "endpoint": endpoint,
                "prompts_bucket": PROMPTS,
                "answers_bucket": ANSWERS,
                "access_key_id": key.access_key_id,
            },
            "horde_job_llm": {},
            NEIGHBOURS: {
                "series": SAMPLES,
                "lines": LINES,
                "per_workload": SAMPLES / WORKLOADS,
                "answers": ANSWER_FILES,
                "answers_url": format!("{endpoint}/{ANSWERS}/{ANSWERS_FOLDER}"),
                "prompt": prompt(0, 0),
                "answer": mock_answer(SEED, &prompt(0, 0)),
            },
        },
    });
    let config_file = folder.join("config.json");
    fs::write(&config_file, config.to_string())?;
    let mut command = Command::new(artifacts.program("tig-host"));
    command
        .arg(config_file)
        .arg("--exit-with-parent")
        .env("RUST_LOG", "info");
    Ok(Process::spawn("tig-host", &mut command, folder)?)
}

/// The files of answers of all miners, which have the same series.
fn put_answers(s3: &S3) -> Result<()> {
    let prompts = (0..LINES).map(|line| prompt(0, line));
    let answers = prompts.map(|prompt| {
        let answer = mock_answer(SEED, &prompt);
        (prompt, Value::from(answer))
    });
    let file = Value::Object(answers.collect()).to_string();
    for number in 0..ANSWER_FILES {
        let key = format!("{ANSWERS_FOLDER}/{number}.json");
        s3.put_object(ANSWERS, &key, file.clone())?;
    }
    Ok(())
}

fn series(number: usize) -> String {
    let lines = (0..LINES).map(|line| prompt(number, line) + "\n");
    lines.collect()
}

/// A prompt as long as those of the generator.
fn prompt(series: usize, line: usize) -> String {
    format!(
        "Describe in a few words what number {line} of the row {series} has to do with the weather of tomorrow, and why that is so."
    )
}
