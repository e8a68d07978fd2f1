//! What the variables say of the jobs of language models: two buckets, their key, and the miner that is trusted (section 1.5).

use std::io;
use std::path::Path;

use horde_events::MinerAddress;
use horde_s3::Credentials;
use tig_process::whole_file;

use crate::environment::Environment;
use crate::miners;
use crate::s3::account::{BUCKETS, ENDPOINT, KEY, OTHER_REGION, REGION, SECRET, TOKEN};
use crate::settings::{SettingsError, require, url};

/// Name of the file with the secret of the access key, in the folder of the validator: the host signs with it.
pub(crate) const SECRET_FILE: &str = "s3-secret";
/// Only its owner may read it.
const SECRET_MODE: u32 = 0o600;

/// Buckets and the trusted miner.
#[derive(Debug)]
pub(crate) struct CrossValidation {
    /// URL of a service other than AWS; empty for AWS.
    pub(crate) endpoint: String,
    /// Region of both buckets; empty if none is named.
    pub(crate) region: String,
    /// Bucket of the prompts.
    pub(crate) prompts: String,
    /// Bucket of samples and answers.
    pub(crate) answers: String,
    /// The access key.
    pub(crate) credentials: Credentials,
    /// The trusted miner, if there is one. Its hotkey may be empty.
    pub(crate) trusted_miner: Option<MinerAddress>,
    /// Model that makes prompts, if one is named.
    pub(crate) model: Option<String>,
}

impl CrossValidation {
    /// Reads the variables; `None` if they name no bucket.
    ///
    /// # Errors
    ///
    /// See [`SettingsError`].
    pub(crate) fn read(environment: &Environment) -> Result<Option<Self>, SettingsError> {
        let [prompts, answers] = BUCKETS.map(|(_, variable)| variable);
        if environment.get(prompts).is_none() && environment.get(answers).is_none() {
            return Ok(None);
        }
        require(environment, &[prompts, answers, KEY, SECRET])?;
        if environment.get(TOKEN).is_some() {
            return Err(SettingsError::SessionToken);
        }
        let text = |name| environment.get(name).unwrap_or_default();
        let region = environment
            .get(REGION)
            .or_else(|| environment.get(OTHER_REGION));
        Ok(Some(Self {
            endpoint: url(environment, ENDPOINT)?.unwrap_or_default(),
            region: region.unwrap_or_default(),
            prompts: text(prompts),
            answers: text(answers),
            credentials: Credentials::new(text(KEY), text(SECRET)),
            trusted_miner: miners::trusted(environment)?,
            model: environment.get("PROMPT_GENERATION_MODEL"),
        }))
    }

    /// Writes the secret into its file.
    ///
    /// # Errors
    ///
    /// The system's reason.
    pub(crate) fn write_secret(&self, folder: &Path) -> io::Result<()> {
        let secret = self.credentials.secret_access_key.as_str();
        whole_file::write(&folder.join(SECRET_FILE), secret.as_bytes(), SECRET_MODE)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn read(text: &str) -> Result<Option<CrossValidation>, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), text).unwrap();
        let environment = Environment::load(folder.path(), |_| None).unwrap();
        CrossValidation::read(&environment)
    }

    const BOTH: &str = "S3_BUCKET_NAME_PROMPTS=p\nS3_BUCKET_NAME_ANSWERS=a\n";
    const KEYS: &str = "AWS_ACCESS_KEY_ID=id\nAWS_SECRET_ACCESS_KEY=s3cret\n";

    #[test]
    fn buckets_need_a_key() {
        assert!(read(KEYS).unwrap().is_none());
        let error = read(BOTH).unwrap_err().to_string();
        assert!(error.contains("AWS_ACCESS_KEY_ID, AWS_SECRET"), "{error}");
        let error = read(&format!("S3_BUCKET_NAME_PROMPTS=p\n{KEYS}")).unwrap_err();
        assert!(
            error.to_string().contains("S3_BUCKET_NAME_ANSWERS"),
            "{error}"
        );
    }

    #[test]
    fn key_that_expires_is_refused() {
        let error = read(&format!("{BOTH}{KEYS}AWS_SESSION_TOKEN=t0ken\n")).unwrap_err();
        assert_eq!(error, SettingsError::SessionToken);
        assert!(!error.to_string().contains("t0ken"), "{error}");
        assert!(read(&format!("{BOTH}{KEYS}AWS_SESSION_TOKEN=\n")).is_ok());
    }

    #[test]
    fn endpoint_with_a_password_is_refused_unquoted() {
        let error = read(&format!("{BOTH}{KEYS}AWS_ENDPOINT_URL=http://u:pw@s3:1\n")).unwrap_err();
        assert_eq!(error, SettingsError::UserInfo { name: ENDPOINT });
        assert!(!error.to_string().contains("pw@"), "{error}");
    }

    #[test]
    fn secret_is_in_its_file_only() {
        let found = read(&format!("{BOTH}{KEYS}TRUSTED_MINER_ADDRESS=10.0.0.9\n"));
        let found = found.unwrap().unwrap();
        assert!(!format!("{found:?}").contains("s3cret"));
        let miner = found.trusted_miner.as_ref().unwrap();
        assert_eq!((&*miner.host, miner.port), ("10.0.0.9", 8000));
        let folder = tempfile::tempdir().unwrap();
        found.write_secret(folder.path()).unwrap();
        let path = folder.path().join(SECRET_FILE);
        assert_eq!(fs::read_to_string(&path).unwrap(), "s3cret");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
