//! Buckets of an S3 server that is not ours, and verifies signatures by its own reading of the rules.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use horde_system_tests::{
    ANSWERS, Artifacts, FOREIGN_ACCESS_KEY, FOREIGN_SECRET, ForeignS3, PROMPTS, Pipeline,
    PipelineOptions, S3Service,
};
use tempfile::TempDir;
use tig_system_tests::{Process, wait_for};

use crate::cli::texts;
use crate::pipeline::FILL_MAX;
use crate::support::sum;

/// Region of the buckets: the server takes any.
const REGION: &str = "eu-west-3";
/// The running server, and the folder of a validator whose `.env` knows its key.
struct Foreign {
    address: String,
    _server: Process,
    folder: TempDir,
}

impl Foreign {
    /// `None`, and the test is counted as skipped, if the server's crates cannot be had.
    fn start(is_public: bool) -> Option<Self> {
        let program = ForeignS3::build_or_skip().unwrap()?;
        let folder = tempfile::tempdir().unwrap();
        let (server, address) = program.start(folder.path(), is_public).unwrap();
        let foreign = Self {
            address,
            _server: server,
            folder,
        };
        foreign.write_env(FOREIGN_ACCESS_KEY, FOREIGN_SECRET);
        Some(foreign)
    }

    fn write_env(&self, key: &str, secret: &str) {
        let env = format!(
            "AWS_ENDPOINT_URL=http://{}\nAWS_DEFAULT_REGION={REGION}\nAWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY=\"{secret}\"\n\
             S3_BUCKET_NAME_PROMPTS={PROMPTS}\nS3_BUCKET_NAME_ANSWERS={ANSWERS}\n",
            self.address
        );
        let path = self.folder.path().join(".env");
        fs::write(&path, env).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Runs `compute-horde` with these words; its exit code, and what it says.
    fn run(&self, words: &[&str]) -> (i32, String) {
        run(self.folder.path(), words)
    }

    /// Names of the objects of a bucket, as they lie on the server's disk.
    fn objects(&self, bucket: &str) -> Vec<String> {
        let files = fs::read_dir(self.folder.path().join("foreign-s3").join(bucket)).unwrap();
        let name = |file: std::io::Result<fs::DirEntry>| file.unwrap().file_name();
        files
            .map(|file| name(file).to_string_lossy().into_owned())
            .collect()
    }

    /// Makes both buckets.
    fn provision(&self) {
        let (_, text) = self.run(&["provision-s3", PROMPTS, ANSWERS]);
        assert_eq!(count(&text, "made in region eu-west-3"), 2, "{text}");
    }
}

fn run(folder: &Path, words: &[&str]) -> (i32, String) {
    let program = Artifacts::of_running_test()
        .unwrap()
        .program("compute-horde");
    let mut command = Command::new(program);
    command.args(words).current_dir(folder);
    let own = std::env::vars().filter(|(name, _)| name.starts_with("AWS_"));
    own.for_each(|(name, _)| {
        command.env_remove(name);
    });
    let output = command.output().unwrap();
    let (stdout, stderr) = texts(&output);
    (output.status.code().unwrap(), stdout + &stderr)
}

fn count(text: &str, part: &str) -> usize {
    text.lines().filter(|line| line.contains(part)).count()
}

#[test]
fn foreign_buckets_are_made_and_lacks_are_named() {
    let Some(foreign) = Foreign::start(true) else {
        return;
    };
    let dry = foreign
        .run(&["provision-s3", PROMPTS, ANSWERS, "--dry-run"])
        .1;
    assert_eq!(count(&dry, "make it in region eu-west-3"), 2, "{dry}");
    for made in ["done ", "was there "] {
        let (code, text) = foreign.run(&["provision-s3", PROMPTS, ANSWERS]);
        assert_eq!(code, 11, "{text}");
        let mut lines = text.lines();
        let is_made = lines.any(|line| line.starts_with(made) && line.contains(", bucket"));
        assert!(is_made, "{made}: {text}");
        // This service has no policies, rules or blocks.
        assert_eq!(count(&text, "REFUSED "), 2, "{text}");
        for bucket in [PROMPTS, ANSWERS] {
            let remedy = format!("(s3:GetObject on {bucket}/*) by the service's own means");
            assert_eq!(count(&text, &remedy), 1, "{text}");
        }
        assert_eq!(
            count(&text, "delete old objects by its own means"),
            2,
            "{text}"
        );
        assert_eq!(count(&text, "the service blocks nothing"), 2, "{text}");
        assert!(!text.contains(FOREIGN_SECRET), "{text}");
    }
}

#[test]
fn foreign_buckets_pass_the_check() {
    let Some(foreign) = Foreign::start(true) else {
        return;
    };
    foreign.provision();
    let (code, text) = foreign.run(&["check_s3_setup"]);
    assert_eq!(code, 0, "{text}");
    let good = "a presigned URL takes an object, anybody reads it, nobody else writes or lists";
    assert_eq!(count(&text, good), 2, "{text}");
    assert_eq!(
        count(&text, "stays until"),
        0,
        "what was written is deleted: {text}"
    );
}

#[test]
fn foreign_key_that_does_not_fit_is_named() {
    let Some(foreign) = Foreign::start(true) else {
        return;
    };
    foreign.provision();
    for (key, secret, expected) in [
        (
            FOREIGN_ACCESS_KEY,
            "another",
            "the secret is not the one of the access key",
        ),
        (
            "ANOTHER",
            FOREIGN_SECRET,
            "the server does not know the access key",
        ),
    ] {
        foreign.write_env(key, secret);
        for words in [&["check-s3"][..], &["provision-s3", PROMPTS, ANSWERS]] {
            let (code, text) = foreign.run(words);
            assert_eq!((code, count(&text, expected)), (11, 2), "{words:?}: {text}");
        }
    }
}

#[test]
fn foreign_bucket_that_nobody_may_read_is_a_fault() {
    let Some(foreign) = Foreign::start(false) else {
        return;
    };
    foreign.provision();
    let (code, text) = foreign.run(&["check-s3"]);
    assert_eq!(code, 11, "{text}");
    assert_eq!(
        count(&text, "anybody must be able to read objects, but may not"),
        2,
        "{text}"
    );
}

/// The validator's own code signs for the trusted miner and for miners, and deletes what its check has written.
#[test]
fn foreign_buckets_hold_a_pool_of_prompts() {
    let Some(foreign) = Foreign::start(true) else {
        return;
    };
    foreign.provision();
    let s3 = S3Service {
        endpoint: format!("http://{}", foreign.address),
        region: REGION.to_owned(),
        access_key_id: FOREIGN_ACCESS_KEY.to_owned(),
        secret_access_key: FOREIGN_SECRET.to_owned(),
    };
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::of_running_test().unwrap();
    let options = PipelineOptions::default();
    let pipeline = Pipeline::start_on(&artifacts, folder.path(), &options, &s3).unwrap();
    pipeline.wait_until_full(FILL_MAX).unwrap();
    let (code, batch) = pipeline.run_batch().unwrap();
    assert_eq!((code, sum(&batch, "right")), (0, 4), "{batch}");
    let checked = pipeline.wait("the check of the buckets", FILL_MAX, |pool| {
        let works = |bucket| pool["buckets"][bucket]["works"] == true;
        (works("prompts") && works("answers")).then_some(())
    });
    checked.unwrap();
    let objects = foreign.objects(PROMPTS);
    assert!(objects.len() >= options.series, "{objects:?}");
    let written = wait_for("the deletion of what the checks wrote", FILL_MAX, || {
        let mut objects = [PROMPTS, ANSWERS]
            .into_iter()
            .flat_map(|bucket| foreign.objects(bucket));
        (!objects.any(|name| name.starts_with("diagnostic-"))).then_some(())
    });
    written.unwrap();
}
