//! The messages of a job between miner and executor.

use crate::error::FieldError;
use crate::job_rules::{program_rule, volume_rule};
use crate::json::object::wire_object;
use crate::miner::DockerRunOptionsPreset;
use crate::upload::OutputUpload;
use crate::volume::{Volume, VolumeType};

wire_object! {
    /// Prepares a job: the executor pulls its image, and its volume if there is one.
    pub open struct PrepareJobRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0PrepareJobRequest",
        /// The image that the executor pulls.
        pub base_docker_image_name: Option<String>,
        /// How long the job may run, in seconds.
        pub timeout_seconds: Option<i64>,
        /// The job's volume, unless it comes with the [`RunJobRequest`].
        pub volume: Option<Volume>,
        /// The kind of a volume that comes with the [`RunJobRequest`]; never beside `volume`.
        pub volume_type: Option<VolumeType>,
    }
    check check_volume;
}

wire_object! {
    /// Runs the prepared job.
    pub open struct RunJobRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0RunJobRequest",
        /// The image, or none for `python:3.11-slim` with the script.
        pub docker_image_name: Option<String>,
        /// A Python script that the container finds as `/script.py`.
        pub raw_script: Option<String>,
        /// How the container is run.
        pub docker_run_options_preset: DockerRunOptionsPreset,
        /// The arguments of the container.
        pub docker_run_cmd: Vec<String>,
        /// The volume, if the preparation had none.
        pub volume: Option<Volume>,
        /// The upload of the files that the job leaves.
        pub output_upload: Option<OutputUpload>,
    }
    check check_program;
}

wire_object! {
    /// The job is prepared.
    pub open struct ReadyRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0ReadyRequest",
    }
}

wire_object! {
    /// The job could not be prepared, or its image is refused after it was.
    pub open struct FailedToPrepare {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0FailedToPrepare",
    }
}

wire_object! {
    /// The job has ended with exit code 0, and its uploads are done.
    pub open struct FinishedRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0FinishedRequest",
        /// The standard output of the job.
        pub docker_process_stdout: String,
        /// The standard error of the job.
        pub docker_process_stderr: String,
    }
}

wire_object! {
    /// The job has failed.
    pub open struct FailedRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0FailedRequest",
        /// The exit code, or `None` for a fault of the executor, whose reason is in the standard output.
        pub docker_process_exit_status: Option<i64>,
        /// Whether it ran for too long.
        pub timeout: bool,
        /// The standard output of the job.
        pub docker_process_stdout: String,
        /// The standard error of the job.
        pub docker_process_stderr: String,
    }
}

fn check_volume(request: &PrepareJobRequest) -> Result<(), FieldError> {
    volume_rule(request.volume.as_ref(), request.volume_type)
}

fn check_program(request: &RunJobRequest) -> Result<(), FieldError> {
    program_rule(&request.docker_image_name, &request.raw_script)
}
