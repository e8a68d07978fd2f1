//! Jobs of the trusted miner, and their frames as the recorded ones of the reference.

use horde_calc::llm::{
    self, SOLVER_IMAGE, generated_file, generator_arguments, prompts_file, solver_arguments,
};
use horde_events::{MadeJob, SolvedPrompt};
use horde_proto::miner::{DockerRunOptionsPreset, JobRequest, JobReservation};
use horde_proto::upload::{MultiUpload, SingleFilePutUpload};
use horde_proto::volume::{MultiVolume, SingleFileVolume};
use horde_proto::{ExecutorClass, Volume};
use horde_s3::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::to_raw_value;
use tig_plugin_api::Result;

use crate::bucket::{Buckets, Object, Signer};
use crate::config::Config;
use crate::limits::{ANSWERING_MS, GENERATION_MS};

/// The class of its executor.
pub(crate) const CLASS: ExecutorClass = ExecutorClass::AlwaysOnLlmA6000;

/// The beginning of the reason of a job that was run and has failed; its output follows after a colon.
pub(crate) const JOB_FAILED: &str = "the job has failed with";

/// What a job is for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "task")]
pub(crate) enum Task {
    /// Writes these series.
    Generate { series: Vec<String> },
    /// Answers a workload.
    Answer { workload: String, seed: u32 },
    /// Answers a workload that it has answered before.
    Check { workload: String, seed: u32 },
}

impl Task {
    /// Milliseconds that it may take in all.
    pub(crate) fn time_ms(&self) -> u64 {
        match self {
            Self::Generate { .. } => GENERATION_MS,
            Self::Answer { .. } | Self::Check { .. } => ANSWERING_MS,
        }
    }

    pub(crate) fn text(&self) -> &'static str {
        match self {
            Self::Generate { .. } => "generation of prompts",
            Self::Answer { .. } => "answers to a workload",
            Self::Check { .. } => "a check by a workload of another day",
        }
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// It waits for a link.
    Linking,
    /// `horde_miners` has it.
    Asked,
    /// It is over, and its answers are read.
    Reading,
}

/// A job of the trusted miner: at most one at a time. Stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct TrustedJob {
    pub(crate) uuid: String,
    /// Name of its files.
    pub(crate) file: String,
    #[serde(flatten)]
    pub(crate) task: Task,
    pub(crate) phase: Phase,
    /// When it began, in Unix milliseconds.
    pub(crate) begun_ms: u64,
    /// When its phase, or the pause before its next attempt to read answers, is over, in Unix milliseconds.
    pub(crate) due_ms: u64,
    /// Until when its URLs can be used, in Unix milliseconds.
    pub(crate) urls_until_ms: u64,
    /// Attempts to read its answers that found none.
    #[serde(default)]
    pub(crate) reads: u32,
    /// Attempts to read its answers that the bucket has failed.
    #[serde(default)]
    pub(crate) read_failures: u32,
}

impl TrustedJob {
    /// The objects that it may write.
    pub(crate) fn objects(&self) -> Vec<Object> {
        match &self.task {
            Task::Generate { series } => series.iter().map(|uuid| Object::series(uuid)).collect(),
            Task::Answer { .. } | Task::Check { .. } => vec![Object::answers(&self.file)],
        }
    }
}

/// What the trusted miner has said to a workload once, to be compared with what it says later. Stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Probe {
    pub(crate) workload: String,
    pub(crate) seed: u32,
    /// When it was taken, in Unix milliseconds.
    pub(crate) made_ms: u64,
    /// When it was compared last, in Unix milliseconds.
    pub(crate) checked_ms: u64,
    /// The last answers differed from those before: the trusted miner is not reliable.
    pub(crate) differs: bool,
    pub(crate) prompts: Vec<SolvedPrompt>,
}

/// The frames of a job, for so many seconds in all.
pub(crate) fn make_job(
    job: &TrustedJob,
    config: &Config,
    lines: u32,
    buckets: &Buckets,
    signer: &Signer<'_>,
    timeout_seconds: u32,
) -> Result<MadeJob> {
    let put = |object: &Object, relative_path: String| {
        SingleFilePutUpload {
            url: signer.url(Method::Put, object).into(),
            relative_path,
            signed_headers: None,
        }
        .into()
    };
    let (image, arguments, volume, uploads) = match &job.task {
        Task::Generate { series } => {
            let file = |uuid: &String| put(&Object::series(uuid), generated_file(uuid));
            let uploads = series.iter().map(file).collect();
            (
                config.generator_image(),
                generator_arguments(&config.generator_model, lines, series),
                None,
                uploads,
            )
        }
        Task::Answer { workload, seed } | Task::Check { workload, seed } => {
            let url = buckets.url(&Object::workload(workload));
            let upload = put(&Object::answers(&job.file), llm::answers_file(&job.file));
            let arguments = solver_arguments(&job.file, *seed);
            (
                SOLVER_IMAGE.to_owned(),
                arguments,
                Some(volume(url, &job.file)),
                vec![upload],
            )
        }
    };
    let reservation = JobReservation {
        volume_type: volume.as_ref().map(Volume::volume_type),
        ..JobReservation::new(&job.uuid, CLASS, &image, timeout_seconds)
    };
    let request = JobRequest {
        docker_run_options_preset: DockerRunOptionsPreset::NvidiaAll,
        docker_run_cmd: arguments,
        volume,
        output_upload: Some(
            MultiUpload {
                uploads,
                system_output: None,
            }
            .into(),
        ),
        ..JobRequest::new(&job.uuid, CLASS, &image)
    };
    Ok(MadeJob {
        uuid: job.uuid.clone(),
        hotkey: config.trusted_miner_hotkey.clone(),
        timeout_seconds,
        reservation: to_raw_value(&reservation)?,
        request: to_raw_value(&request)?,
        check: Value::Null,
        description: job.task.text().to_owned(),
    })
}

/// The file of prompts that a solver reads.
fn volume(url: String, file: &str) -> Volume {
    let single = SingleFileVolume {
        url: url.into(),
        relative_path: prompts_file(file),
    };
    Volume::Multi(MultiVolume {
        volumes: vec![single.into()],
    })
}
