//! The two frames of a job.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_calc::hash_job::{DOCKER_IMAGE, HashJob, HashJobVersion, SCRIPT, TIMEOUT_SECONDS};
use horde_proto::miner::{DockerRunOptionsPreset, JobRequest, JobReservation};
use horde_proto::volume::InlineVolume;
use horde_proto::{ExecutorClass, Volume};

/// Reservation and request to run.
pub(crate) struct Frames {
    pub(crate) reservation: JobReservation,
    pub(crate) request: JobRequest,
}

impl Frames {
    pub(crate) fn new(
        uuid: &str,
        class: ExecutorClass,
        version: HashJobVersion,
        job: &HashJob,
    ) -> Self {
        let volume = inline_volume(job);
        let kind = volume.volume_type();
        // A miner that has the volume of version 1 can begin; that of version 2 is encrypted.
        let (early, announced, late) = match version {
            HashJobVersion::V1 => (None, Some(kind), Some(volume)),
            HashJobVersion::V2 => (Some(volume), None, None),
        };
        Self {
            reservation: JobReservation {
                volume: early,
                volume_type: announced,
                ..JobReservation::new(uuid, class, DOCKER_IMAGE, TIMEOUT_SECONDS)
            },
            request: JobRequest {
                raw_script: Some(SCRIPT.to_owned()),
                docker_run_options_preset: DockerRunOptionsPreset::NvidiaAll,
                docker_run_cmd: job.arguments(),
                volume: late,
                ..JobRequest::new(uuid, class, DOCKER_IMAGE)
            },
        }
    }
}

fn inline_volume(job: &HashJob) -> Volume {
    InlineVolume {
        contents: STANDARD.encode(job.volume()),
        relative_path: None,
    }
    .into()
}
