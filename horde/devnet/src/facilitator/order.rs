//! Orders of users, and the requests that they become.

use horde_proto::facilitator::{
    JobRequest, JobSignature, V0JobRequest, V1JobRequest, V2JobRequest,
};
use horde_proto::upload::{MultiUpload, SingleFileUpload};
use horde_proto::volume::{MultiVolume, SingleVolume, ZipUrlVolume};
use horde_proto::{ExecutorClass, OutputUpload, TextMap, Url, Volume};
use serde::{Deserialize, Serialize};

/// The version of the message in which a job goes to a validator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobVersion {
    /// Two URLs, named miner.
    V0,
    /// Volumes and uploads, named miner.
    V1,
    /// Volumes and uploads, signed, a miner of the validator's choice.
    #[default]
    V2,
}

/// A job that a user orders. It has an image or a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobOrder {
    /// The version of the message.
    pub version: JobVersion,
    /// SS58 address of the miner, for V0 and V1; `None` for that of the config.
    pub miner_hotkey: Option<String>,
    /// SS58 address of the validator; `None` for the facilitator's choice.
    pub validator: Option<String>,
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
    /// The URL of a zip file for `/volume/`, or empty.
    pub input_url: Url,
    /// The URL for a PUT of `/output/` as a zip file, or empty; for V0 only.
    pub output_url: Url,
    /// Files under `/volume/`; not for V0.
    pub volumes: Vec<SingleVolume>,
    /// Uploads of single files; not for V0.
    pub uploads: Vec<SingleFileUpload>,
    /// The user's own signature, for V2; without one the facilitator signs.
    pub signature: Option<JobSignature>,
}

/// Why an order is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Nothing to run.
    #[error("the order has neither docker_image nor raw_script; a job needs one of them")]
    NoProgram,
    /// V0 and V1 name the miner.
    #[error("a {version:?} request names its miner: add miner_hotkey, or order V2")]
    NoMiner {
        /// The version.
        version: JobVersion,
    },
    /// A field that the version of the message cannot carry.
    #[error("a {version:?} request cannot carry {field}: leave it out, or order another version")]
    NotCarried {
        /// The version.
        version: JobVersion,
        /// The field.
        field: &'static str,
    },
    /// The user's signature is not one of this job.
    #[error("the signature in the headers X-CH-* is not valid: {reason}")]
    Signature {
        /// The reason.
        reason: String,
    },
    /// No validator has sent a heartbeat lately.
    #[error("no validator with a heartbeat in the last 3 minutes; connect one, then order again")]
    NoValidator,
    /// The facilitator keeps as many jobs as it can, none of which is over.
    #[error("too many jobs are under way; wait until some are over")]
    TooManyJobs,
}

impl OrderError {
    /// Whether the same order may be taken later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::NoValidator | Self::TooManyJobs)
    }
}

impl JobOrder {
    /// The request of this order, not signed by the facilitator.
    pub(super) fn request(
        &self,
        uuid: String,
        default_miner: Option<&str>,
    ) -> Result<JobRequest, OrderError> {
        let version = self.version;
        if self.docker_image.is_empty() && self.raw_script.is_empty() {
            return Err(OrderError::NoProgram);
        }
        if let Some(field) = self.not_carried() {
            return Err(OrderError::NotCarried { version, field });
        }
        let named = self.miner_hotkey.as_deref().or(default_miner);
        let miner = || {
            let named = named.map(str::to_owned);
            named.ok_or(OrderError::NoMiner { version })
        };
        let order = self.clone();
        match version {
            JobVersion::V0 => Ok(V0JobRequest {
                uuid,
                miner_hotkey: miner()?,
                executor_class: order.executor_class,
                docker_image: order.docker_image,
                raw_script: order.raw_script,
                args: order.args,
                env: order.env,
                use_gpu: order.use_gpu,
                input_url: order.input_url,
                output_url: order.output_url,
            }
            .into()),
            JobVersion::V1 => Ok(V1JobRequest {
                uuid,
                miner_hotkey: miner()?,
                volume: self.volume(),
                output_upload: self.output_upload(),
                executor_class: order.executor_class,
                docker_image: order.docker_image,
                raw_script: order.raw_script,
                args: order.args,
                env: order.env,
                use_gpu: order.use_gpu,
            }
            .into()),
            JobVersion::V2 => {
                let request = V2JobRequest {
                    uuid,
                    volume: self.volume(),
                    output_upload: self.output_upload(),
                    signature: order.signature,
                    executor_class: order.executor_class,
                    docker_image: order.docker_image,
                    raw_script: order.raw_script,
                    args: order.args,
                    env: order.env,
                    use_gpu: order.use_gpu,
                };
                if request.signature.is_some() {
                    let verified = request.verify();
                    verified.map_err(|error| OrderError::Signature {
                        reason: tig_process::error_chain::error_chain(&error),
                    })?;
                }
                Ok(request.into())
            }
        }
    }

    fn not_carried(&self) -> Option<&'static str> {
        let is_v0 = self.version == JobVersion::V0;
        let is_v2 = self.version == JobVersion::V2;
        let refused = [
            (is_v0 && !self.volumes.is_empty(), "volumes"),
            (is_v0 && !self.uploads.is_empty(), "uploads"),
            (!is_v0 && !self.output_url.as_str().is_empty(), "output_url"),
            (!is_v2 && self.signature.is_some(), "a signature"),
            (is_v2 && self.miner_hotkey.is_some(), "miner_hotkey"),
        ];
        let mut refused = refused.into_iter();
        refused.find_map(|(is_refused, field)| is_refused.then_some(field))
    }

    /// All volumes as the reference sends them: in a multi-volume, if there are any.
    fn volume(&self) -> Option<Volume> {
        let mut volumes = self.volumes.clone();
        if !self.input_url.as_str().is_empty() {
            let zip = ZipUrlVolume {
                contents: self.input_url.clone(),
                relative_path: None,
            };
            volumes.insert(0, zip.into());
        }
        (!volumes.is_empty()).then_some(Volume::Multi(MultiVolume { volumes }))
    }

    /// All uploads. The reference adds one of its own for the rest of the output; this facilitator has no store for it.
    fn output_upload(&self) -> Option<OutputUpload> {
        (!self.uploads.is_empty()).then(|| {
            OutputUpload::Multi(MultiUpload {
                uploads: self.uploads.clone(),
                system_output: None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facilitator::keys::user_keypair;

    fn order(version: JobVersion) -> JobOrder {
        JobOrder {
            version,
            docker_image: "backenddevelopersltd/compute-horde-job-echo:v0-latest".to_owned(),
            ..JobOrder::default()
        }
    }

    fn request(order: &JobOrder) -> Result<JobRequest, OrderError> {
        order.request("u".to_owned(), None)
    }

    #[test]
    fn order_without_program_is_refused() {
        assert_eq!(request(&JobOrder::default()), Err(OrderError::NoProgram));
    }

    #[test]
    fn named_miner_is_needed_below_v2() {
        for version in [JobVersion::V0, JobVersion::V1] {
            let order = order(version);
            assert_eq!(request(&order), Err(OrderError::NoMiner { version }));
            assert!(order.request("u".to_owned(), Some("5F6")).is_ok());
        }
        assert!(request(&order(JobVersion::V2)).is_ok());
    }

    #[test]
    fn field_of_another_version_is_refused() {
        let mut of_v0 = order(JobVersion::V2);
        of_v0.output_url = "http://s3/a".into();
        let mut of_v1 = order(JobVersion::V2);
        of_v1.miner_hotkey = Some("5F6".to_owned());
        for (order, field) in [(of_v0, "output_url"), (of_v1, "miner_hotkey")] {
            let version = JobVersion::V2;
            let expected = Err(OrderError::NotCarried { version, field });
            assert_eq!(request(&order), expected);
        }
    }

    #[test]
    fn signature_of_another_job_is_refused() {
        let mut order = order(JobVersion::V2);
        let Ok(JobRequest::V2(mut signed)) = request(&order) else {
            panic!("the order was refused");
        };
        signed.sign(&user_keypair(1), 5, &[0; 32]);
        order.signature = signed.signature;
        assert!(request(&order).is_ok());
        order.args.push("more".to_owned());
        assert!(matches!(request(&order), Err(OrderError::Signature { .. })));
    }
}
