//! The two frames of an attempt, as the recorded ones of the reference.

use horde_events::MadeJob;
use horde_proto::facilitator::OrganicJob;
use horde_proto::miner::{DockerRunOptionsPreset, JobRequest, JobReservation};
use horde_proto::{TextMap, Volume};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tig_plugin_api::Result;

use crate::job::Attempt;

/// Field of the environment, which later versions of `V0JobRequest` have; older miners ignore it (weakness 18 of section 7).
const ENV: &str = "env";

/// An attempt as `horde_miners` takes it. The reservation announces the kind of the volume only, so that it is sent once, with the request.
pub(crate) fn make_job(
    job: OrganicJob,
    attempt: &Attempt,
    timeout_seconds: u32,
) -> Result<MadeJob> {
    let class = job.executor_class;
    let image = (!job.docker_image.is_empty()).then_some(job.docker_image);
    let reservation = JobReservation {
        job_uuid: attempt.uuid.clone(),
        executor_class: Some(class),
        base_docker_image_name: image.clone(),
        timeout_seconds: Some(timeout_seconds.into()),
        volume: None,
        volume_type: job.volume.as_ref().map(Volume::volume_type),
    };
    let request = JobRequest {
        job_uuid: attempt.uuid.clone(),
        executor_class: Some(class),
        docker_image_name: image,
        raw_script: (!job.raw_script.is_empty()).then_some(job.raw_script),
        docker_run_options_preset: DockerRunOptionsPreset::from(job.use_gpu),
        docker_run_cmd: job.args,
        volume: job.volume,
        output_upload: job.output_upload,
    };
    Ok(MadeJob {
        uuid: attempt.uuid.clone(),
        hotkey: attempt.address.hotkey.clone(),
        timeout_seconds,
        reservation: to_raw_value(&reservation)?,
        request: request_frame(&request, &job.env)?,
        check: Value::Null,
        description: format!("user's job {}", job.uuid),
    })
}

fn request_frame(request: &JobRequest, env: &TextMap) -> Result<Box<RawValue>> {
    let mut frame = serde_json::to_value(request)?;
    if let (false, Some(fields)) = (env.is_empty(), frame.as_object_mut()) {
        fields.insert(ENV.to_owned(), serde_json::to_value(env)?);
    }
    Ok(to_raw_value(&frame)?)
}
