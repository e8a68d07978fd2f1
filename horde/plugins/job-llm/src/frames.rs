//! The two frames of a job, as the recorded ones of the reference.

use horde_calc::llm::{SOLVER_IMAGE, answers_file, prompts_file, solver_arguments};
use horde_calc::score::LLM_TIMEOUT_SECONDS;
use horde_events::{LlmSample, MadeJob};
use horde_extension::new_uuid;
use horde_proto::Volume;
use horde_proto::miner::{DockerRunOptionsPreset, JobRequest, JobReservation};
use horde_proto::upload::{MultiUpload, SingleFilePutUpload};
use horde_proto::volume::{MultiVolume, SingleFileVolume};
use serde_json::value::to_raw_value;
use tig_plugin_api::prelude::*;

use crate::CLASS;
use crate::check::Check;

/// A job for this sample. The series comes with the reservation; without the seed nobody can answer it early.
pub(crate) fn make_job(ctx: &mut Context<'_>, sample: LlmSample) -> Result<MadeJob> {
    let uuid = new_uuid(ctx);
    let LlmSample { file, seed, .. } = &sample;
    let series = SingleFileVolume {
        url: sample.series_url.clone().into(),
        relative_path: prompts_file(file),
    };
    let volume = MultiVolume {
        volumes: vec![series.into()],
    };
    let upload = SingleFilePutUpload {
        url: sample.upload_url.clone().into(),
        relative_path: answers_file(file),
        signed_headers: None,
    };
    let upload = MultiUpload {
        uploads: vec![upload.into()],
        system_output: None,
    };
    let reservation = JobReservation {
        volume: Some(Volume::Multi(volume)),
        ..JobReservation::new(&uuid, CLASS, SOLVER_IMAGE, LLM_TIMEOUT_SECONDS)
    };
    let request = JobRequest {
        docker_run_options_preset: DockerRunOptionsPreset::NvidiaAll,
        docker_run_cmd: solver_arguments(file, *seed),
        output_upload: Some(upload.into()),
        ..JobRequest::new(&uuid, CLASS, SOLVER_IMAGE)
    };
    Ok(MadeJob {
        uuid,
        timeout_seconds: LLM_TIMEOUT_SECONDS,
        reservation: to_raw_value(&reservation)?,
        request: to_raw_value(&request)?,
        description: "answer a series of prompts".to_owned(),
        hotkey: sample.hotkey,
        check: serde_json::to_value(Check {
            answers_url: sample.answers_url,
            control_url: sample.control_url,
            prompts: sample.prompts,
        })?,
    })
}
