//! A validator's folder, and an S3 service of the devnet.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use horde_devnet::s3::{S3, S3Account, S3BucketConfig, S3Config, S3Control, S3Faults};
use horde_s3::{Credentials, Method, ToSign, payload_sha256, sign_headers};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Where the buckets of tests are.
pub(crate) const REGION: &str = "eu-west-3";

/// A folder with this `.env`.
pub(crate) fn folder(env: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_private(&folder.path().join(".env"), env);
    folder
}

/// Writes a file for its owner only.
pub(crate) fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// What a command has said, and its exit code.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// All that it has said.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Whether a line of its output has all these parts.
    pub(crate) fn has_line(&self, parts: &[&str]) -> bool {
        let mut lines = self.stdout.lines();
        lines.any(|line| parts.iter().all(|part| line.contains(part)))
    }

    /// Its output, one value a line.
    pub(crate) fn json(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// The program in a folder, with these variables and no others of AWS.
pub(crate) fn command(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_compute-horde"));
    command.args(arguments).current_dir(folder).env_clear();
    let kept = std::env::vars().filter(|(name, _)| ["PATH", "HOME"].contains(&name.as_str()));
    command.envs(kept).envs(variables.iter().copied());
    command
}

/// Runs the program in a folder, with these variables and no others of AWS.
pub(crate) fn run_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = command(folder, arguments, variables).output().unwrap();
    Said {
        code: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// Runs the program in a folder.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Said {
    run_with(folder, arguments, &[])
}

/// A service, and the folder of a validator that knows its key.
pub(crate) struct Service {
    runtime: Runtime,
    s3: Option<S3>,
    pub(crate) home: TempDir,
}

impl Service {
    /// A service with these buckets: `NAME@REGION`, and `!` in front for one of somebody else.
    pub(crate) fn start(buckets: &[&str]) -> Self {
        let bucket = |text: &&str| {
            let mut bucket: S3BucketConfig = text.trim_start_matches('!').parse().unwrap();
            if text.starts_with('!') {
                bucket.owner = S3Account::Stranger;
            }
            bucket
        };
        let config = S3Config {
            buckets: buckets.iter().map(bucket).collect(),
            ..S3Config::default()
        };
        let runtime = Runtime::new().unwrap();
        let s3 = runtime.block_on(S3::start(config)).unwrap();
        let key = s3.control().credentials(S3Account::Validator);
        let env = format!(
            "AWS_ENDPOINT_URL={}\nAWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\nAWS_DEFAULT_REGION={REGION}\n",
            s3.control().endpoint_url(),
            key.access_key_id,
            key.secret_access_key.as_str(),
        );
        Self {
            runtime,
            s3: Some(s3),
            home: folder(&env),
        }
    }

    /// A service with two good buckets, which `.env` names.
    pub(crate) fn with_buckets() -> Self {
        let service = Self::start(&["prompts@eu-west-3", "answers@eu-west-3"]);
        service.add_env("S3_BUCKET_NAME_PROMPTS=prompts\nS3_BUCKET_NAME_ANSWERS=answers\n");
        service
    }

    pub(crate) fn control(&self) -> &S3Control {
        self.s3.as_ref().unwrap().control()
    }

    pub(crate) fn set_faults(&self, faults: &[&str]) {
        self.control().set_faults(S3Faults::parse(faults).unwrap());
    }

    pub(crate) fn env(&self) -> String {
        fs::read_to_string(self.home.path().join(".env")).unwrap()
    }

    pub(crate) fn add_env(&self, lines: &str) {
        write_private(&self.home.path().join(".env"), &(self.env() + lines));
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        run(self.home.path(), arguments)
    }

    /// Variables of a shell that provisions, with the key of the account and IAM at the same address.
    pub(crate) fn admin(&self) -> Vec<(&'static str, String)> {
        let (key, url) = (self.credentials(), self.control().endpoint_url());
        vec![
            ("AWS_ACCESS_KEY_ID", key.access_key_id),
            (
                "AWS_SECRET_ACCESS_KEY",
                key.secret_access_key.as_str().to_owned(),
            ),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", url.clone()),
            ("AWS_ENDPOINT_URL_IAM", url),
        ]
    }

    fn credentials(&self) -> Credentials {
        self.control().credentials(S3Account::Validator)
    }

    /// Lets anybody do this with the objects of a bucket, and with the bucket.
    pub(crate) fn set_policy(&self, bucket: &str, actions: &[&str]) {
        let arn = format!("arn:aws:s3:::{bucket}");
        let statement = json!({
            "Effect": "Allow", "Principal": "*", "Action": actions, "Resource": [arn, format!("{arn}/*")],
        });
        let body = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let url = self.control().endpoint_url();
        let to_sign = ToSign {
            method: Method::Put,
            host: url.trim_start_matches("http://"),
            path: &format!("/{bucket}"),
            query: &[("policy", "")],
            headers: &[],
            payload_sha256: &payload_sha256(body.as_bytes()),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        let signed = sign_headers(&to_sign, &self.credentials(), REGION, "s3", now);
        let mut request = reqwest::Client::new()
            .put(format!("{url}/{bucket}?policy"))
            .body(body);
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let answer = self.runtime.block_on(request.send()).unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Ends the service; its address answers no more.
    pub(crate) fn stop(&mut self) {
        let _guard = self.runtime.enter();
        drop(self.s3.take());
    }
}
