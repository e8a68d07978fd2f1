//! The messages of a job, from reservation to result.

use std::borrow::Cow;

use crate::error::FieldError;
use crate::executor_class::ExecutorClass;
use crate::job_rules::{program_rule, volume_rule};
use crate::json::object::{wire_enum, wire_object};
use crate::receipt::JobStartedReceiptPayload;
use crate::specs::MachineSpecs;
use crate::upload::OutputUpload;
use crate::volume::{Volume, VolumeType};

/// Characters of an output that a miner reports as it is; a longer one is shortened.
pub const OUTPUT_CHARS_MAX: usize = 1000;
/// Characters that are left at each end of a longer output.
const OUTPUT_END_CHARS: usize = 100;
const OUTPUT_GAP: &str = " ... ";

wire_object! {
    /// Reserves an executor.
    pub open struct InitialJobRequest {
        /// The job, by a version 4 UUID.
        pub job_uuid: String,
        tag message_type = "V0InitialJobRequest",
        /// The class of the executor.
        pub executor_class: Option<ExecutorClass>,
        /// The image that the executor pulls while it prepares.
        pub base_docker_image_name: Option<String>,
        /// How long the job may run, in seconds.
        pub timeout_seconds: Option<i64>,
        /// The job's volume, unless it comes with the [`JobRequest`].
        pub volume: Option<Volume>,
        /// The kind of a volume that comes with the [`JobRequest`]; never beside `volume`.
        pub volume_type: Option<VolumeType>,
        /// The receipt of the start.
        pub job_started_receipt_payload: JobStartedReceiptPayload,
        /// The validator's signature of that receipt, in hex with `0x`.
        pub job_started_receipt_signature: String,
    }
    check check_volume;
}

wire_object! {
    /// An [`InitialJobRequest`] without its receipt, which is signed when the executor is reserved.
    pub open struct JobReservation {
        /// The job, by a version 4 UUID.
        pub job_uuid: String,
        tag message_type = "V0InitialJobRequest",
        /// The class of the executor.
        pub executor_class: Option<ExecutorClass>,
        /// The image that the executor pulls while it prepares.
        pub base_docker_image_name: Option<String>,
        /// How long the job may run, in seconds.
        pub timeout_seconds: Option<i64>,
        /// The job's volume, unless it comes with the [`JobRequest`].
        pub volume: Option<Volume>,
        /// The kind of a volume that comes with the [`JobRequest`]; never beside `volume`.
        pub volume_type: Option<VolumeType>,
    }
    check check_reservation;
}

wire_enum! {
    /// How the job's container is run.
    pub enum DockerRunOptionsPreset {
        /// With all graphics cards: `--runtime=nvidia --gpus all`.
        NvidiaAll = "nvidia_all",
        /// Without.
        None = "none",
    }
}

wire_object! {
    /// Starts a job on a reserved executor.
    pub open struct JobRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0JobRequest",
        /// The class of the executor.
        pub executor_class: Option<ExecutorClass>,
        /// The image, or none for `python:3.11-slim` with the script.
        pub docker_image_name: Option<String>,
        /// A Python script that the container finds as `/script.py`.
        pub raw_script: Option<String>,
        /// How the container is run.
        pub docker_run_options_preset: DockerRunOptionsPreset,
        /// The arguments of the container.
        pub docker_run_cmd: Vec<String>,
        /// The volume, if the reservation had none.
        pub volume: Option<Volume>,
        /// The upload of the files that the job leaves.
        pub output_upload: Option<OutputUpload>,
    }
    check check_program;
}

wire_object! {
    /// Accepts a reservation.
    pub open struct AcceptJobRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0AcceptJobRequest",
    }
}

wire_object! {
    /// Declines a reservation.
    pub open struct DeclineJobRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0DeclineJobRequest",
    }
}

wire_object! {
    /// The reserved executor is ready.
    pub open struct ExecutorReadyRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0ExecutorReadyRequest",
    }
}

wire_object! {
    /// The reserved executor could not be prepared, or refused the job after it was ready.
    pub open struct ExecutorFailedRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0ExecutorFailedRequest",
    }
}

wire_object! {
    /// The machine of the executor. In the other direction the reference declares it and never sends it.
    pub open struct MachineSpecsRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0MachineSpecsRequest",
        /// The machine.
        pub specs: MachineSpecs,
    }
}

wire_object! {
    /// The job has ended with exit code 0, and its uploads are done.
    pub open struct JobFinishedRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0JobFinishedRequest",
        /// The standard output of the job, as [`shorten_output`] leaves it.
        pub docker_process_stdout: String,
        /// The standard error of the job, as [`shorten_output`] leaves it.
        pub docker_process_stderr: String,
    }
}

wire_object! {
    /// The job has failed.
    pub open struct JobFailedRequest {
        /// The job.
        pub job_uuid: String,
        tag message_type = "V0JobFailedRequest",
        /// The exit code, or `None` for a fault of the executor, whose reason is in the standard output.
        pub docker_process_exit_status: Option<i64>,
        /// The standard output of the job, as [`shorten_output`] leaves it.
        pub docker_process_stdout: String,
        /// The standard error of the job, as [`shorten_output`] leaves it.
        pub docker_process_stderr: String,
    }
}

impl JobReservation {
    /// A reservation without volume.
    pub fn new(job_uuid: &str, class: ExecutorClass, image: &str, timeout_seconds: u32) -> Self {
        Self {
            job_uuid: job_uuid.to_owned(),
            executor_class: Some(class),
            base_docker_image_name: Some(image.to_owned()),
            timeout_seconds: Some(timeout_seconds.into()),
            volume: None,
            volume_type: None,
        }
    }

    /// The request to reserve an executor, with the receipt of the start and its signature in hex with `0x`.
    pub fn with_receipt(
        self,
        payload: JobStartedReceiptPayload,
        signature: String,
    ) -> InitialJobRequest {
        InitialJobRequest {
            job_uuid: self.job_uuid,
            executor_class: self.executor_class,
            base_docker_image_name: self.base_docker_image_name,
            timeout_seconds: self.timeout_seconds,
            volume: self.volume,
            volume_type: self.volume_type,
            job_started_receipt_payload: payload,
            job_started_receipt_signature: signature,
        }
    }
}

impl JobRequest {
    /// A request that runs an image without graphics cards, script, arguments, volume and upload.
    pub fn new(job_uuid: &str, class: ExecutorClass, image: &str) -> Self {
        Self {
            job_uuid: job_uuid.to_owned(),
            executor_class: Some(class),
            docker_image_name: Some(image.to_owned()),
            raw_script: None,
            docker_run_options_preset: DockerRunOptionsPreset::None,
            docker_run_cmd: Vec::new(),
            volume: None,
            output_upload: None,
        }
    }
}

impl From<bool> for DockerRunOptionsPreset {
    fn from(uses_gpu: bool) -> Self {
        if uses_gpu {
            Self::NvidiaAll
        } else {
            Self::None
        }
    }
}

/// An output as a miner reports it: one of more than [`OUTPUT_CHARS_MAX`] characters is cut to its two ends.
pub fn shorten_output(output: &str) -> Cow<'_, str> {
    if output.chars().nth(OUTPUT_CHARS_MAX).is_none() {
        return Cow::Borrowed(output);
    }
    let mut boundaries = output.char_indices().map(|(index, _)| index);
    let head = boundaries.nth(OUTPUT_END_CHARS).unwrap_or(output.len());
    let tail = boundaries.nth_back(OUTPUT_END_CHARS - 1).unwrap_or(head);
    Cow::Owned(format!(
        "{}{OUTPUT_GAP}{}",
        &output[..head],
        &output[tail..]
    ))
}

fn check_volume(request: &InitialJobRequest) -> Result<(), FieldError> {
    volume_rule(request.volume.as_ref(), request.volume_type)
}

fn check_reservation(reservation: &JobReservation) -> Result<(), FieldError> {
    volume_rule(reservation.volume.as_ref(), reservation.volume_type)
}

fn check_program(request: &JobRequest) -> Result<(), FieldError> {
    program_rule(&request.docker_image_name, &request.raw_script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_outputs_are_cut_to_their_ends() {
        let longest = "\u{e9}".repeat(OUTPUT_CHARS_MAX);
        assert_eq!(shorten_output(&longest), longest);
        let longer = format!("{}{}\u{1f600}", "a".repeat(500), "\u{e9}".repeat(500));
        let expected = format!("{} ... {}\u{1f600}", "a".repeat(100), "\u{e9}".repeat(99));
        assert_eq!(shorten_output(&longer), expected);
    }

    #[test]
    fn reservation_is_the_request_without_receipt() {
        let text = r#"{"job_uuid":"u","message_type":"V0InitialJobRequest","executor_class":"always_on.gpu-24gb",
            "base_docker_image_name":"i","timeout_seconds":53,"volume":null,"volume_type":"inline"}"#;
        let reservation: JobReservation = serde_json::from_str(text).unwrap();
        let payload = JobStartedReceiptPayload {
            job_uuid: "u".to_owned(),
            miner_hotkey: "m".to_owned(),
            validator_hotkey: "v".to_owned(),
            timestamp: "2026-11-22T04:00:29Z".parse().unwrap(),
            executor_class: ExecutorClass::AlwaysOnGpu24Gb,
            max_timeout: 53,
            is_organic: false,
            ttl: 2,
        };
        let request = reservation.clone().with_receipt(payload, "0x".to_owned());
        let mut without = serde_json::to_value(&request).unwrap();
        let fields = without.as_object_mut().unwrap();
        fields.retain(|name, _| !name.starts_with("job_started"));
        assert_eq!(without, serde_json::to_value(&reservation).unwrap());
    }

    #[test]
    fn reservation_has_one_volume_at_most() {
        let text = r#"{"job_uuid":"u","message_type":"V0InitialJobRequest","volume_type":"inline",
            "volume":{"volume_type":"inline","contents":""}}"#;
        let error = serde_json::from_str::<JobReservation>(text).unwrap_err();
        assert!(
            error.to_string().contains("has both `volume` and"),
            "{error}"
        );
    }
}
