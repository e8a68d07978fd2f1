//! The part of the command line that is about S3.

use std::path::{Path, PathBuf};

use clap::Args;
use horde_devnet::s3::{
    S3Account, S3BucketConfig, S3Config, S3Control, S3Fault, S3FaultInfo, S3FaultKind, S3Faults,
    S3FaultsError,
};
use horde_s3::REGION_DEFAULT;
use serde_json::{Value, json};
use tig_process::error_chain::error_chain;
use tig_process::whole_file;

/// The file holds a secret.
const ENV_FILE_MODE: u32 = 0o600;

#[derive(Debug, Args)]
pub(crate) struct S3Args {
    /// Starts an S3 service at this port, with a key that the seed decides; 0 takes a free one
    #[arg(long)]
    s3_port: Option<u16>,
    /// Bucket of the validator whose objects everybody may read; can be repeated. Without a region it is in us-east-1
    #[arg(long = "s3-bucket", value_name = "NAME[@REGION]", value_parser = parse_bucket, requires = "s3_port")]
    s3_buckets: Vec<S3BucketConfig>,
    /// File that gets address, key and region as lines of a .env file, readable by its owner only
    #[arg(long, value_name = "FILE", requires = "s3_port")]
    s3_env: Option<PathBuf>,
    /// Fault of S3, in the order in which they come; can be repeated. CALL is get, put, head, delete, list, create-bucket,
    /// head-bucket, put-policy and so on, PATH the beginning of BUCKET/KEY
    #[arg(long = "s3-fault", value_name = "NAME[:ARG][@CALL[=PATH]][*TIMES]", value_parser = parse_fault, requires = "s3_port")]
    s3_faults: Vec<S3Fault>,
}

impl S3Args {
    /// The service that is asked for.
    pub(crate) fn config(&self, seed: u64) -> Result<Option<S3Config>, S3FaultsError> {
        let Some(port) = self.s3_port else {
            return Ok(None);
        };
        Ok(Some(S3Config {
            port,
            seed,
            buckets: self.s3_buckets.clone(),
            faults: S3Faults::new(self.s3_faults.iter().cloned())?,
        }))
    }

    /// Writes the file that is asked for.
    pub(crate) fn write_env(&self, s3: &S3Control) -> Result<(), String> {
        let Some(path) = &self.s3_env else {
            return Ok(());
        };
        let failed = |path: &Path, error| format!("cannot write {}: {error}", path.display());
        let lines = self.env_lines(s3);
        whole_file::write(path, lines.as_bytes(), ENV_FILE_MODE)
            .map_err(|error| failed(path, error))
    }

    fn env_lines(&self, s3: &S3Control) -> String {
        let key = s3.credentials(S3Account::Validator);
        format!(
            "AWS_ENDPOINT_URL={}\nAWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\nAWS_DEFAULT_REGION={}\n",
            s3.endpoint_url(),
            key.access_key_id,
            key.secret_access_key.as_str(),
            self.region()
        )
    }

    /// The region of the first bucket.
    fn region(&self) -> &str {
        let first = self.s3_buckets.first();
        first.map_or(REGION_DEFAULT, |bucket| &bucket.region)
    }

    /// What the line says when everything listens. The key opens nothing but this service.
    pub(crate) fn ready(&self, s3: &S3Control) -> Value {
        let key = s3.credentials(S3Account::Validator);
        let buckets: Vec<_> = self.s3_buckets.iter().map(|bucket| &bucket.name).collect();
        json!({
            "endpoint": s3.endpoint_url(),
            "region": self.region(),
            "buckets": buckets,
            "access_key_id": key.access_key_id,
            "secret_access_key": key.secret_access_key.as_str(),
        })
    }
}

/// The faults of S3, one a line.
pub(crate) fn s3_fault_list() -> String {
    let line = |info: &S3FaultInfo| (info.name, info.argument, info.meaning);
    super::lines(S3FaultKind::list().iter().map(line))
}

fn parse_fault(text: &str) -> Result<S3Fault, String> {
    text.parse::<S3Fault>().map_err(|error| error_chain(&error))
}

fn parse_bucket(text: &str) -> Result<S3BucketConfig, String> {
    let bucket = text.parse::<S3BucketConfig>();
    bucket.map_err(|error| error_chain(&error))
}
