//! The access key of the buckets: the host signs with the one of its config and of its own file, whatever `.env` has now.

use std::path::{Path, PathBuf};

use tig_process::secret_file;

use crate::config_file::{self, State};
use crate::cross_validation::{CrossValidation, SECRET_FILE};
use crate::environment::Environment;
use crate::finding::Finding;
use crate::host::HostProgram;
use crate::validator_config;

/// Whether the host signs with the access key that `.env` has now; `None` if it does, or if one of them has none.
pub(crate) fn finding(
    environment: &Environment,
    folder: &Path,
    host: &HostProgram,
) -> Option<Finding> {
    let cross = CrossValidation::read(environment).ok()??;
    let named = NamedKey::read(host.config())?;
    let credentials = &cross.credentials;
    let has_id = named.id == credentials.access_key_id;
    let secret = secret_file::read(&named.secret_file).ok();
    if has_id && secret.as_deref() == Some(credentials.secret_access_key.as_str()) {
        return None;
    }
    let is_edited = validator_config::wanted(environment, folder, host.config(), false)
        .ok()
        .and_then(|wanted| config_file::state(host.config(), &wanted).ok())
        .is_none_or(|state| matches!(state, State::Edited(_)));
    let is_own_file = named.is_in(folder);
    // An edited config keeps its edits.
    let remedy = match (is_edited, has_id, is_own_file) {
        (false, _, _) | (true, true, true) => "start by `compute-horde up`: it writes the key again".to_owned(),
        (true, false, true) => "set config.horde_crossval.access_key_id to the new id, and start by `compute-horde up`: it writes the secret".to_owned(),
        (true, _, false) => format!(
            "set config.horde_crossval.access_key_id to the id of .env, and write its secret into {}",
            named.secret_file.display()
        ),
    };
    Some(Finding::fault(
        "config",
        "was written with another access key than the one in .env",
        remedy,
    ))
}

/// Whether a new secret of `.env` belongs into the file that the config names, whatever else was edited.
pub(crate) fn has_key_id(environment: &Environment, folder: &Path, host: &HostProgram) -> bool {
    let cross = CrossValidation::read(environment).ok().flatten();
    let named = NamedKey::read(host.config());
    cross.zip(named).is_some_and(|(cross, named)| {
        named.id == cross.credentials.access_key_id && named.is_in(folder)
    })
}

/// The access key that a config names.
struct NamedKey {
    id: String,
    secret_file: PathBuf,
}

impl NamedKey {
    fn read(path: &Path) -> Option<Self> {
        let id = config_file::setting(path, "horde_crossval", "access_key_id")?;
        let config = config_file::value(path);
        let file = config["keys"]["s3"]["file"].as_str()?;
        Some(Self {
            id: id.as_str()?.to_owned(),
            // A relative path starts from the config's folder.
            secret_file: path.parent().unwrap_or(Path::new("")).join(file),
        })
    }

    /// Whether the secret lies where this program writes it.
    fn is_in(&self, folder: &Path) -> bool {
        let own = std::path::absolute(folder.join(SECRET_FILE)).ok();
        own.is_some() && own == std::path::absolute(&self.secret_file).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;
    use tempfile::TempDir;

    use super::*;

    fn env(id: &str, secret: &str) -> String {
        format!(
            "BITTENSOR_WALLET_NAME=w\nBITTENSOR_WALLET_HOTKEY_NAME=h\nBITTENSOR_WALLET_DIRECTORY=wallets\n\
             PYLON_URL=http://pylon:1\nBITTENSOR_NETUID=12\nS3_BUCKET_NAME_PROMPTS=p\nS3_BUCKET_NAME_ANSWERS=a\n\
             AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n"
        )
    }

    fn load(home: &TempDir, env: &str) -> Environment {
        fs::write(home.path().join(".env"), env).unwrap();
        Environment::load(home.path(), |_| None).unwrap()
    }

    /// A folder whose config was written for the key `id` with the secret `former`.
    fn home() -> (TempDir, HostProgram) {
        let home = tempfile::tempdir().unwrap();
        let host = HostProgram::find(home.path());
        let environment = load(&home, &env("id", "former"));
        let text = validator_config::wanted(&environment, home.path(), host.config(), false);
        validator_config::write(&environment, home.path(), host.config(), &text.unwrap()).unwrap();
        assert!(finding(&environment, home.path(), &host).is_none());
        (home, host)
    }

    fn edit(host: &HostProgram, pointer: &str, value: &str) {
        let mut config: Value = serde_json::from_slice(&fs::read(host.config()).unwrap()).unwrap();
        *config.pointer_mut(pointer).unwrap() = Value::from(value);
        fs::write(host.config(), config.to_string()).unwrap();
    }

    #[test]
    fn other_key_has_a_remedy_that_keeps_edits() {
        let (home, host) = home();
        let remedy = |id, secret| {
            let environment = load(&home, &env(id, secret));
            let finding = finding(&environment, home.path(), &host).unwrap();
            let has_key_id = has_key_id(&environment, home.path(), &host);
            (finding.remedy, has_key_id)
        };
        let again = "start by `compute-horde up`: it writes the key again";
        assert_eq!(remedy("id", "newer"), (again.to_owned(), true));
        assert_eq!(remedy("other", "newer"), (again.to_owned(), false));
        edit(&host, "/config/horde_crossval/region", "eu-west-3");
        assert_eq!(remedy("id", "newer"), (again.to_owned(), true));
        let (of_other, has_key_id) = remedy("other", "newer");
        let id = "set config.horde_crossval.access_key_id to the new id, and start by";
        assert!(of_other.starts_with(id) && !has_key_id, "{of_other}");
        edit(&host, "/keys/s3/file", "own-secret");
        let (of_own_file, has_key_id) = remedy("id", "newer");
        assert!(of_own_file.contains("own-secret"), "{of_own_file}");
        assert!(!has_key_id, "a file of the operator's own is not written");
    }

    #[test]
    fn key_of_a_section_in_a_file_is_compared() {
        let (home, host) = home();
        let mut config: Value = serde_json::from_slice(&fs::read(host.config()).unwrap()).unwrap();
        let section = config["config"]["horde_crossval"].take();
        let file = host.config().with_file_name("crossval.json");
        fs::write(file, section.to_string()).unwrap();
        config["config"]["horde_crossval"] = serde_json::json!({ "$file": "crossval.json" });
        fs::write(host.config(), config.to_string()).unwrap();
        let environment = load(&home, &env("id", "newer"));
        assert!(finding(&environment, home.path(), &host).is_some());
        assert!(has_key_id(&environment, home.path(), &host));
    }
}
