//! The jobs of a check, with frames as those of the running validator (sections 2.10 and 3.8). Pure.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use horde_calc::archive::zip_file;
use horde_calc::llm::{
    GENERATOR_IMAGE, SOLVER_IMAGE, answers_file, generated_file, generator_arguments, prompts_file,
    solver_arguments,
};
use horde_proto::miner::{DockerRunOptionsPreset, JobRequest, JobReservation};
use horde_proto::upload::{MultiUpload, SingleFilePutUpload};
use horde_proto::volume::{InlineVolume, MultiVolume, SingleFileVolume};
use horde_proto::{ExecutorClass, Volume};

/// The class of the trusted miner's executors.
pub(super) const CLASS: ExecutorClass = ExecutorClass::AlwaysOnLlmA6000;
/// Lines of the series that is generated.
const LINES_COUNT: u32 = 8;
/// The image that prints its payload, and the file of the payload.
pub(super) const ECHO_IMAGE: &str = "backenddevelopersltd/compute-horde-job-echo:v0-latest";
const ECHO_FILE: &str = "payload.txt";
/// Time that the short job may run, in seconds.
const ECHO_SECONDS: u32 = 20;
/// Time that a generation may run, in seconds (section 3.8).
const GENERATION_SECONDS: u32 = 300;
/// Time that the solver may run, in seconds (section 3.8).
const ANSWERING_SECONDS: u32 = 288;

/// The image that makes prompts with a model (section 3.8).
pub(super) fn generator_image(model: &str) -> String {
    GENERATOR_IMAGE.replace("{model}", model)
}

/// The frames of a job.
pub(super) struct Job {
    pub(super) reservation: JobReservation,
    pub(super) request: JobRequest,
    /// Time that it may run.
    pub(super) seconds: u32,
}

impl Job {
    /// Prints its uuid.
    pub(super) fn echo(uuid: &str) -> Self {
        let volume = InlineVolume {
            contents: BASE64_STANDARD.encode(zip_file(ECHO_FILE, uuid.as_bytes())),
            relative_path: None,
        };
        Self::new(uuid, ECHO_IMAGE, ECHO_SECONDS).with_volume(volume.into())
    }

    /// Writes a short series of prompts, and sends it to this URL.
    pub(super) fn generation(uuid: &str, model: &str, series: &str, url: String) -> Self {
        let image = generator_image(model);
        let arguments = generator_arguments(model, LINES_COUNT, &[series.to_owned()]);
        Self::new(uuid, &image, GENERATION_SECONDS).with_model(
            arguments,
            url,
            generated_file(series),
        )
    }

    /// Reads the prompts at `prompts_url`, and sends their answers to `answers_url`.
    pub(super) fn answering(
        uuid: &str,
        file: &str,
        seed: u32,
        prompts_url: String,
        answers_url: String,
    ) -> Self {
        let single = SingleFileVolume {
            url: prompts_url.into(),
            relative_path: prompts_file(file),
        };
        let volume = Volume::Multi(MultiVolume {
            volumes: vec![single.into()],
        });
        Self::new(uuid, SOLVER_IMAGE, ANSWERING_SECONDS)
            .with_volume(volume)
            .with_model(
                solver_arguments(file, seed),
                answers_url,
                answers_file(file),
            )
    }

    fn new(uuid: &str, image: &str, seconds: u32) -> Self {
        Self {
            reservation: JobReservation::new(uuid, CLASS, image, seconds),
            request: JobRequest::new(uuid, CLASS, image),
            seconds,
        }
    }

    fn with_volume(mut self, volume: Volume) -> Self {
        self.reservation.volume_type = Some(volume.volume_type());
        self.request.volume = Some(volume);
        self
    }

    /// With a graphics card, these arguments, and one file that is sent to a URL.
    fn with_model(mut self, arguments: Vec<String>, url: String, file: String) -> Self {
        let upload = SingleFilePutUpload {
            url: url.into(),
            relative_path: file,
            signed_headers: None,
        };
        self.request.docker_run_options_preset = DockerRunOptionsPreset::NvidiaAll;
        self.request.docker_run_cmd = arguments;
        self.request.output_upload = Some(
            MultiUpload {
                uploads: vec![upload.into()],
                system_output: None,
            }
            .into(),
        );
        self
    }
}

#[cfg(test)]
mod tests {
    use horde_proto::miner::ToMiner;

    use super::*;

    #[test]
    fn answering_job_names_its_file_everywhere() {
        let job = Job::answering(
            "u",
            "f",
            7,
            "http://s3/answers/f".to_owned(),
            "http://s3/answers/solved/f.json".to_owned(),
        );
        let text = ToMiner::Job(Box::new(job.request)).to_text();
        for part in [
            r#""relative_path":"f.txt""#,
            r#""relative_path":"f.json""#,
            r#""--seed","7","/volume/f.txt""#,
            r#""docker_run_options_preset":"nvidia_all""#,
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let reserved = serde_json::to_string(&job.reservation).unwrap();
        assert!(
            reserved.contains(r#""volume_type":"multi_volume""#),
            "{reserved}"
        );
    }

    #[test]
    fn generation_uploads_the_series_that_it_writes() {
        let url = "http://s3/prompts/s?X-Amz-Signature=1".to_owned();
        let job = Job::generation("u", "phi3", "s", url);
        let text = ToMiner::Job(Box::new(job.request)).to_text();
        for part in [
            "compute-horde-prompt-gen-phi3:v0-latest",
            r#""--uuids","s""#,
            r#""relative_path":"prompts_s.txt""#,
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
