//! A network with language models and S3, and a validator that runs jobs there.

use horde_calc::llm::{
    GENERATOR_IMAGE, SOLVER_IMAGE, answers_file, generated_file, generator_arguments, mock_answer,
    prompts_file, solver_arguments,
};
use horde_devnet::s3::{S3, S3Account, S3BucketConfig, S3Config, S3Faults};
use horde_devnet::{Config, Devnet, TrustedConfig, Vices};
use horde_proto::miner::{JobRequest, ToValidator};
use horde_proto::upload::{MultiUpload, SingleFilePutUpload};
use horde_proto::volume::{MultiVolume, SingleFileVolume};
use horde_proto::{ExecutorClass, OutputUpload, Volume};
use horde_s3::{Endpoint, Method, presign};
use serde_json::{Map, Value};

use crate::client::{Client, echo_job, now_seconds, soon, start, uuid};

/// Buckets, as section 2.9 calls them.
pub(super) const PROMPTS: &str = "prompts";
pub(super) const ANSWERS: &str = "answers";
const GENERATOR_MODEL: &str = "phi3";
const URL_SECONDS: u32 = 3_600;
/// The seed of all workloads.
pub(super) const SEED: u32 = 1_888_809_045;

/// A miner with an executor for language models, a trusted miner, and S3.
pub(super) struct LlmSite {
    pub(super) devnet: Devnet,
    pub(super) s3: S3,
}

impl LlmSite {
    /// A network whose miner and whose trusted miner have these vices.
    pub(super) async fn start(miner: &[&str], trusted: &[&str]) -> Self {
        let devnet = start(Config {
            llm_executors: 1,
            vices: [(0, Vices::parse(miner).unwrap())].into(),
            trusted: Some(TrustedConfig {
                vices: Vices::parse(trusted).unwrap(),
                ..TrustedConfig::default()
            }),
            ..Config::default()
        });
        let bucket = |name: &str| name.parse::<S3BucketConfig>().unwrap();
        let config = S3Config {
            buckets: vec![bucket(PROMPTS), bucket(ANSWERS)],
            ..S3Config::default()
        };
        Self {
            devnet: devnet.await,
            s3: S3::start(config).await.unwrap(),
        }
    }

    pub(super) fn set_s3_faults(&self, faults: &[&str]) {
        self.s3.set_faults(S3Faults::parse(faults).unwrap());
    }

    /// A validator on a socket to the trusted miner, of whose hotkey it knows nothing.
    pub(super) async fn trusted_client(&self) -> Client {
        let mut address = self.devnet.trusted().unwrap().address().clone();
        address.hotkey = String::new();
        let mut client = Client::open_to(&address).await;
        client.authenticate().await;
        let manifest = client.message().await;
        assert_eq!(manifest.tag(), "V0ExecutorManifestRequest");
        client
    }

    fn endpoint(&self, bucket: &str) -> Endpoint {
        Endpoint::parse(Some(&self.s3.endpoint_url()), None, bucket).unwrap()
    }

    /// A URL by which everybody may read.
    pub(super) fn url(&self, bucket: &str, key: &str) -> String {
        self.endpoint(bucket).object_url(key)
    }

    /// A URL by which whoever has it may write.
    pub(super) fn presigned(&self, bucket: &str, key: &str) -> String {
        let credentials = self.s3.credentials(S3Account::Validator);
        let endpoint = self.endpoint(bucket);
        presign(
            Method::Put,
            &endpoint,
            key,
            &credentials,
            now_seconds(),
            URL_SECONDS,
        )
    }

    pub(super) fn put(&self, bucket: &str, key: &str, path: &str) -> SingleFilePutUpload {
        SingleFilePutUpload {
            url: self.presigned(bucket, key).into(),
            relative_path: path.to_owned(),
            signed_headers: None,
        }
    }

    /// The text of an object, which is there.
    #[track_caller]
    pub(super) fn text(&self, bucket: &str, key: &str) -> String {
        let object = self.s3.object(bucket, key).expect("the object");
        String::from_utf8(object.to_vec()).unwrap()
    }

    /// A job that writes these series, of so many lines.
    pub(super) fn generation(&self, uuid: &str, series: &[String], lines: u32) -> JobRequest {
        let put = |uuid: &String| self.put(PROMPTS, uuid, &generated_file(uuid)).into();
        JobRequest {
            docker_run_cmd: generator_arguments(GENERATOR_MODEL, lines, series),
            output_upload: Some(multi(series.iter().map(put).collect())),
            ..llm_job(uuid, &GENERATOR_IMAGE.replace("{model}", GENERATOR_MODEL))
        }
    }

    /// A job that answers the prompts of an object into `answers/solved/<file>.json`.
    pub(super) fn solving(&self, uuid: &str, file: &str, url: String) -> JobRequest {
        let put = self.put(ANSWERS, &solved(file), &answers_file(file));
        JobRequest {
            docker_run_cmd: solver_arguments(file, SEED),
            volume: Some(prompts_volume(file, url)),
            output_upload: Some(multi(vec![put.into()])),
            ..llm_job(uuid, SOLVER_IMAGE)
        }
    }

    /// Has the prompts answered by whoever is on the socket. Returns how the job ended, and the file.
    pub(super) async fn solve(&self, client: &mut Client, prompts: &str) -> (ToValidator, String) {
        let file = uuid();
        self.s3
            .put_object(ANSWERS, &file, prompts.to_owned())
            .unwrap();
        let job = uuid();
        let request = self.solving(&job, &file, self.url(ANSWERS, &file));
        (run(client, request).await, file)
    }

    /// Has series generated by whoever is on the socket. Returns how the job ended, and the uuids.
    pub(super) async fn generate(
        &self,
        client: &mut Client,
        count: usize,
        lines: u32,
    ) -> (ToValidator, Vec<String>) {
        let series: Vec<String> = (0..count).map(|_| uuid()).collect();
        let request = self.generation(&uuid(), &series, lines);
        (run(client, request).await, series)
    }
}

/// Where answers are.
pub(super) fn solved(file: &str) -> String {
    format!("solved/{file}.json")
}

pub(super) fn multi(uploads: Vec<horde_proto::upload::SingleFileUpload>) -> OutputUpload {
    MultiUpload {
        uploads,
        system_output: None,
    }
    .into()
}

/// The prompts of this URL, as the solver finds them.
pub(super) fn prompts_volume(file: &str, url: String) -> Volume {
    let single = SingleFileVolume {
        url: url.into(),
        relative_path: prompts_file(file),
    };
    Volume::Multi(MultiVolume {
        volumes: vec![single.into()],
    })
}

/// A job of the class of language models.
pub(super) fn llm_job(uuid: &str, image: &str) -> JobRequest {
    JobRequest {
        executor_class: Some(ExecutorClass::AlwaysOnLlmA6000),
        docker_image_name: Some(image.to_owned()),
        volume: None,
        ..echo_job(uuid)
    }
}

/// Reserves an executor of the job's class, runs the job there, and returns how it ended.
pub(super) async fn run(client: &mut Client, request: JobRequest) -> ToValidator {
    let uuid = request.job_uuid.clone();
    let mut reservation = client.reservation(&uuid);
    reservation.executor_class = request.executor_class;
    reservation
        .base_docker_image_name
        .clone_from(&request.docker_image_name);
    reservation.volume_type = request.volume.as_ref().map(Volume::volume_type);
    client.reserve_as(reservation).await;
    let tags = client.tags().await;
    assert_eq!(tags, ["V0AcceptJobRequest", "V0ExecutorReadyRequest"]);
    client.confirm(&uuid).await;
    client.run(request).await;
    soon(client.message()).await
}

/// What the solver in mock mode says to these prompts.
pub(super) fn mock_answers(seed: u32, prompts: &[&str]) -> Value {
    let answers = prompts.iter().map(|prompt| {
        let answer = mock_answer(seed, prompt);
        ((*prompt).to_owned(), Value::String(answer))
    });
    Value::Object(answers.collect::<Map<_, _>>())
}

/// The output of a job that failed by no fault of its own.
#[track_caller]
pub(super) fn fault_of(message: ToValidator) -> String {
    match message {
        ToValidator::JobFailed(failed) => {
            assert_eq!(failed.docker_process_exit_status, None);
            failed.docker_process_stdout
        }
        other => panic!("{other:?} in place of a fault"),
    }
}
