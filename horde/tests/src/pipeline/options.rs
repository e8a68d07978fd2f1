//! How large a pool of prompts is, and the config that makes it so.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{ANSWERS, LANGUAGE_CLASS, PROMPTS};
use crate::miners::{LanguageOptions, Miners, MinersError, MinersOptions, S3Service};
use crate::site::HostOptions;

/// Name of the host's key that signs URLs, and of its file.
const BUCKET_KEY: &str = "s3";
pub(super) const SECRET_FILE: &str = "s3-secret";
/// Executors of each miner and of the trusted one: a job that was cut by a kill keeps one for as long as it may take.
const EXECUTORS: u32 = 3;
/// Seconds that executors of the test network take to start.
const SPIN_UP_SECONDS: u32 = 2;

/// How large a pool is, and who takes part.
#[derive(Clone, Debug)]
pub struct PipelineOptions {
    /// Miners. Each has some executors of language models; with as many samples as miners each gets one job.
    pub miners: usize,
    /// Vices of miners, as `INDEX=NAME[:ARG]`.
    pub vices: Vec<String>,
    /// Vices of the trusted miner, as `NAME[:ARG]`.
    pub trusted_vices: Vec<String>,
    /// Faults that the network's S3 service has before the host starts: after it, the pool may be full first.
    pub s3_faults: Vec<String>,
    /// Series of prompts, all made by one job.
    pub series: usize,
    /// Prompts of a series.
    pub series_prompts: usize,
    /// Prompts of a sample.
    pub sample_prompts: usize,
    /// Samples of a workload.
    pub workload_samples: usize,
    /// Samples that are kept ready.
    pub samples: usize,
    /// More keys of the section of `horde_crossval`.
    pub crossval: Value,
}

impl Default for PipelineOptions {
    /// Two workloads for four miners, and each series is used once.
    fn default() -> Self {
        Self {
            miners: 4,
            vices: Vec::new(),
            trusted_vices: Vec::new(),
            s3_faults: Vec::new(),
            series: 4,
            series_prompts: 24,
            sample_prompts: 3,
            workload_samples: 2,
            samples: 4,
            crossval: json!({ "uses_per_series": 1 }),
        }
    }
}

impl PipelineOptions {
    pub(super) fn network(&self) -> MinersOptions {
        MinersOptions {
            miners: self.miners,
            executors: 1,
            instant: false,
            vices: self.vices.clone(),
            chain: None,
            language: Some(LanguageOptions {
                executors: EXECUTORS,
                trusted_executors: EXECUTORS,
                trusted_vices: self.trusted_vices.clone(),
            }),
        }
    }

    /// The keys of dynamic config that are other than on the main network.
    fn dynamic(&self) -> Value {
        let workload_prompts = self.workload_samples * self.sample_prompts;
        let values = [
            ("MAX_PROMPT_SERIES", self.series),
            ("PROMPTS_SERIES_IN_A_SINGLE_GENERATION", self.series),
            ("NUMBER_OF_PROMPTS_IN_SERIES", self.series_prompts),
            (
                "NUMBER_OF_PROMPTS_TO_SAMPLE_FROM_SERIES",
                self.sample_prompts,
            ),
            ("NUMBER_OF_PROMPTS_PER_WORKLOAD", workload_prompts),
            ("TARGET_NUMBER_OF_PROMPT_SAMPLES_READY", self.samples),
        ];
        let items = values.map(|(key, value)| {
            let item = json!({ "description": "", "items": [{ "value": value }] });
            (format!("DYNAMIC_{key}"), item)
        });
        Value::Object(Map::from_iter(items))
    }

    pub(super) fn config(&self, network: &Miners, s3: &S3Service) -> Result<Value, MinersError> {
        let (_, trusted) = network.language()?;
        let (host, port) = trusted.address.rsplit_once(':').unwrap_or_default();
        let mut crossval = json!({
            "endpoint": s3.endpoint,
            "region": s3.region,
            "prompts_bucket": PROMPTS,
            "answers_bucket": ANSWERS,
            "access_key_id": s3.access_key_id,
            "key": BUCKET_KEY,
            "trusted_miner_host": host,
            "trusted_miner_port": port.parse::<u16>().unwrap_or_default(),
            "trusted_miner_hotkey": trusted.hotkey,
        });
        for (key, value) in self.crossval.as_object().into_iter().flatten() {
            crossval[key] = value.clone();
        }
        let more = [
            ("horde_job_llm", json!({})),
            ("horde_crossval", crossval),
            (
                "horde_report",
                json!({ "source": "inline", "inline": self.dynamic(), "stats_collector_url": "" }),
            ),
        ];
        let spin_up = json!({ LANGUAGE_CLASS: SPIN_UP_SECONDS });
        let options = HostOptions {
            kinds: json!({ LANGUAGE_CLASS: "horde_job_llm" }),
            batch: json!({ "manifest_timeout_ms": 4_000, "spin_up_seconds": spin_up }),
            miners: json!({ "first_attempts_max": 1, "manifest_ms": 4_000 }),
            more: BTreeMap::from(more),
            ..HostOptions::default()
        };
        let mut config = options.config(Path::new("plugins"));
        config["keys"][BUCKET_KEY] = json!({
            "kind": "hmac-sha256",
            "file": SECRET_FILE,
            "prefix": "AWS4",
            "extensions": ["horde_crossval"],
        });
        Ok(config)
    }
}
