//! Jobs that users have ordered.

use super::job_signature::JobSignature;
use crate::error::{FieldError, Reason};
use crate::executor_class::ExecutorClass;
use crate::json::object::{Listed, Tagged, wire_object, wire_union};
use crate::text_map::TextMap;
use crate::upload::{OutputUpload, ZipAndHttpPutUpload};
use crate::url::Url;
use crate::volume::{Volume, ZipUrlVolume};

wire_object! {
    /// A job with its files at two URLs.
    pub closed struct V0JobRequest {
        tag type = "job.new",
        tag message_type = "V0JobRequest",
        /// The job.
        pub uuid: String,
        /// SS58 address of the miner that shall run it.
        pub miner_hotkey: String,
        /// The class of the executor.
        pub executor_class: ExecutorClass,
        /// The image, or empty.
        pub docker_image: String,
        /// A Python script, or empty.
        pub raw_script: String,
        /// The arguments of the container.
        pub args: Vec<String>,
        /// Environment variables. No message carries them to the miner.
        pub env: TextMap,
        /// Whether the job needs a graphics card.
        pub use_gpu: bool,
        /// The URL of a zip file for `/volume/`, or empty.
        pub input_url: Url,
        /// The URL for a PUT of `/output/` as a zip file, or empty.
        pub output_url: Url,
    }
    check |request| check_program(&request.docker_image, &request.raw_script);
}

wire_object! {
    /// A job with volumes and uploads.
    pub closed struct V1JobRequest {
        tag type = "job.new",
        tag message_type = "V1JobRequest",
        /// The job.
        pub uuid: String,
        /// SS58 address of the miner that shall run it.
        pub miner_hotkey: String,
        /// The class of the executor.
        pub executor_class: ExecutorClass,
        /// The image, or empty.
        pub docker_image: String,
        /// A Python script, or empty.
        pub raw_script: String,
        /// The arguments of the container.
        pub args: Vec<String>,
        /// Environment variables. No message carries them to the miner.
        pub env: TextMap,
        /// Whether the job needs a graphics card.
        pub use_gpu: bool,
        /// The files that the job finds under `/volume/`.
        pub volume: Option<Volume>,
        /// The upload of `/output/`.
        pub output_upload: Option<OutputUpload>,
    }
    check |request| check_program(&request.docker_image, &request.raw_script);
}

wire_object! {
    /// A job for which the validator chooses the miner.
    pub closed struct V2JobRequest {
        tag type = "job.new",
        tag message_type = "V2JobRequest",
        /// The signature of the user who ordered the job.
        pub signature: Option<JobSignature>,
        /// The job.
        pub uuid: String,
        /// The class of the executor.
        pub executor_class: ExecutorClass,
        /// The image, or empty.
        pub docker_image: String,
        /// A Python script, or empty.
        pub raw_script: String,
        /// The arguments of the container.
        pub args: Vec<String>,
        /// Environment variables. No message carries them to the miner.
        pub env: TextMap,
        /// Whether the job needs a graphics card.
        pub use_gpu: bool,
        /// The files that the job finds under `/volume/`.
        pub volume: Option<Volume>,
        /// The upload of `/output/`.
        pub output_upload: Option<OutputUpload>,
    }
    check |request| check_program(&request.docker_image, &request.raw_script);
}

wire_union! {
    /// A job that a user has ordered.
    pub enum JobRequest by "message_type" {
        /// With its files at two URLs.
        V0(V0JobRequest),
        /// With volumes and uploads.
        V1(V1JobRequest),
        /// For a miner that the validator chooses.
        V2(V2JobRequest),
    }
}

/// The content that all versions of a job request share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganicJob {
    /// The job.
    pub uuid: String,
    /// SS58 address of the miner that shall run it, or `None` for the validator's choice.
    pub miner_hotkey: Option<String>,
    /// The class of the executor.
    pub executor_class: ExecutorClass,
    /// The image, or empty.
    pub docker_image: String,
    /// A Python script, or empty.
    pub raw_script: String,
    /// The arguments of the container.
    pub args: Vec<String>,
    /// Environment variables.
    pub env: TextMap,
    /// Whether the job needs a graphics card.
    pub use_gpu: bool,
    /// The files that the job finds under `/volume/`.
    pub volume: Option<Volume>,
    /// The upload of `/output/`.
    pub output_upload: Option<OutputUpload>,
}

impl JobRequest {
    /// The names of all fields of the version with this type.
    pub(super) fn fields(tag: &str) -> &'static [&'static str] {
        match tag {
            V0JobRequest::TAG => V0JobRequest::FIELDS,
            V1JobRequest::TAG => V1JobRequest::FIELDS,
            _ => V2JobRequest::FIELDS,
        }
    }

    /// The job.
    pub fn uuid(&self) -> &str {
        match self {
            Self::V0(request) => &request.uuid,
            Self::V1(request) => &request.uuid,
            Self::V2(request) => &request.uuid,
        }
    }
}

impl From<JobRequest> for OrganicJob {
    fn from(request: JobRequest) -> Self {
        match request {
            JobRequest::V0(request) => request.into(),
            JobRequest::V1(request) => request.into(),
            JobRequest::V2(request) => request.into(),
        }
    }
}

impl From<V0JobRequest> for OrganicJob {
    fn from(request: V0JobRequest) -> Self {
        let given = |url: Url| (!url.as_str().is_empty()).then_some(url);
        Self {
            uuid: request.uuid,
            miner_hotkey: Some(request.miner_hotkey),
            executor_class: request.executor_class,
            docker_image: request.docker_image,
            raw_script: request.raw_script,
            args: request.args,
            env: request.env,
            use_gpu: request.use_gpu,
            volume: given(request.input_url).map(|contents| {
                Volume::from(ZipUrlVolume {
                    contents,
                    relative_path: None,
                })
            }),
            output_upload: given(request.output_url)
                .map(|url| OutputUpload::ZipAndHttpPut(ZipAndHttpPutUpload { url })),
        }
    }
}

impl From<V1JobRequest> for OrganicJob {
    fn from(request: V1JobRequest) -> Self {
        Self {
            uuid: request.uuid,
            miner_hotkey: Some(request.miner_hotkey),
            executor_class: request.executor_class,
            docker_image: request.docker_image,
            raw_script: request.raw_script,
            args: request.args,
            env: request.env,
            use_gpu: request.use_gpu,
            volume: request.volume,
            output_upload: request.output_upload,
        }
    }
}

impl From<V2JobRequest> for OrganicJob {
    fn from(request: V2JobRequest) -> Self {
        Self {
            uuid: request.uuid,
            miner_hotkey: None,
            executor_class: request.executor_class,
            docker_image: request.docker_image,
            raw_script: request.raw_script,
            args: request.args,
            env: request.env,
            use_gpu: request.use_gpu,
            volume: request.volume,
            output_upload: request.output_upload,
        }
    }
}

fn check_program(docker_image: &str, raw_script: &str) -> Result<(), FieldError> {
    if docker_image.is_empty() && raw_script.is_empty() {
        return Err(FieldError::new(Reason::Rule(
            "has neither `docker_image` nor `raw_script`; a job needs one of them",
        )));
    }
    Ok(())
}
