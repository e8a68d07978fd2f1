//! Config keys of the keys with which the host signs for extensions.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tig_keyring::{HOTKEY_BYTES_MAX, HotkeyFile, Keypair, PASSWORD_BYTES_MAX};
use tig_plugin_api::ConfigSchema;
use tig_process::text_file::{self, TextError};

use super::Fault;
use super::secret::exposed_by;
use crate::keys::{KeyKind, Keys, Secret, SharedSecret, SigningKey};

/// Bytes of a shared secret.
const SHARED_SECRET_BYTES_MAX: usize = 1_024;

/// A key with which the host signs for extensions.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFile {
    /// Kind of the key: a hotkey, or a secret that is shared with a service.
    kind: KeyKind,
    /// Hotkey file of a wallet, or file with the shared secret on one line; only its owner may be able to read it.
    file: PathBuf,
    /// File with the password of an encrypted hotkey file; only its owner may be able to read it.
    password_file: Option<PathBuf>,
    /// Text that a service puts before the shared secret to make its key.
    prefix: Option<String>,
    /// Names of the extensions that may use the key.
    extensions: Vec<String>,
}

/// Reads the keys, by name. Relative paths start from `folder`.
pub(super) fn read(
    files: &BTreeMap<String, KeyFile>,
    extensions: &[String],
    folder: &Path,
    faults: &mut Vec<Fault>,
) -> Keys {
    let mut keys = BTreeMap::new();
    for (name, file) in files {
        faults.extend(unknown_extensions(name, file, extensions));
        match secret(name, file, folder) {
            Ok(secret) => {
                let extensions: BTreeSet<String> = file.extensions.iter().cloned().collect();
                let key = SigningKey { secret, extensions };
                keys.insert(name.clone(), key);
            }
            Err(fault) => faults.push(fault),
        }
    }
    Keys::new(keys)
}

fn unknown_extensions(name: &str, file: &KeyFile, extensions: &[String]) -> Vec<Fault> {
    let place = format!("keys.{name}.extensions");
    if file.extensions.is_empty() {
        let text = "no extension may use the key; name those that may, or remove the key";
        return vec![Fault::new(&place, text)];
    }
    let unknown = file.extensions.iter();
    unknown
        .filter(|extension| !extensions.contains(extension))
        .map(|extension| {
            let text = format!("`{extension}` is not among `extensions`");
            Fault::new(&place, text)
        })
        .collect()
}

fn secret(name: &str, file: &KeyFile, folder: &Path) -> Result<Secret, Fault> {
    let misplaced = |key: &str, kind: &str| {
        let text = format!("only keys of the kind {kind} have one; remove it");
        Err(Fault::new(&format!("keys.{name}.{key}"), text))
    };
    match file.kind {
        KeyKind::Sr25519 if file.prefix.is_some() => misplaced("prefix", "hmac-sha256"),
        KeyKind::Sr25519 => {
            keypair(name, file, folder).map(|keypair| Secret::Sr25519(Box::new(keypair)))
        }
        KeyKind::HmacSha256 if file.password_file.is_some() => {
            misplaced("password_file", "sr25519")
        }
        KeyKind::HmacSha256 => shared_secret(name, file, folder).map(Secret::HmacSha256),
    }
}

/// The prefix and the one line of the file.
fn shared_secret(name: &str, file: &KeyFile, folder: &Path) -> Result<SharedSecret, Fault> {
    let key = format!("keys.{name}.file");
    let path = folder.join(&file.file);
    let fault = |cause: &str| {
        let text = format!("cannot use {}: {cause}", path.display());
        Err(Fault::new(&key, text))
    };
    let bytes = read_secret(&key, &path, SHARED_SECRET_BYTES_MAX + 2)?;
    let line = without_line_end(&bytes);
    if line.is_empty() {
        return fault("it is empty; write the secret into it");
    }
    if line.len() > SHARED_SECRET_BYTES_MAX {
        return fault("it is longer than 1024 bytes; write the secret alone into it");
    }
    if line.iter().any(|byte| byte.is_ascii_whitespace()) {
        return fault("it has blanks or more than one line; write the secret alone into it");
    }
    let mut secret = Zeroizing::default();
    secret.extend_from_slice(file.prefix.as_deref().unwrap_or_default().as_bytes());
    secret.extend_from_slice(line);
    Ok(SharedSecret::new(secret))
}

fn keypair(name: &str, file: &KeyFile, folder: &Path) -> Result<Keypair, Fault> {
    let key = format!("keys.{name}.file");
    let path = folder.join(&file.file);
    let bytes = read_secret(&key, &path, HOTKEY_BYTES_MAX)?;
    let password = match &file.password_file {
        Some(named) => {
            let key = format!("keys.{name}.password_file");
            // Room for the line end after the longest password.
            let bytes = read_secret(&key, &folder.join(named), PASSWORD_BYTES_MAX + 2)?;
            Some(bytes)
        }
        None => None,
    };
    let password = password.as_ref().map(|bytes| without_line_end(bytes));
    let parsed = HotkeyFile::parse(&bytes, password);
    parsed.map_err(|error| {
        let text = format!("cannot use {}: {error}", path.display());
        Fault::new(&key, text)
    })
}

/// Reads a file that only its owner can read.
fn read_secret(key: &str, path: &Path, bytes_max: usize) -> Result<Zeroizing, Fault> {
    let unread = |error: TextError| {
        let text = format!("cannot read {}: {error}", path.display());
        Fault::new(key, text)
    };
    let file = text_file::open(path).map_err(unread)?;
    // Of the file that is read, whatever lies at its path meanwhile.
    let metadata = file.metadata().map_err(|error| unread(error.into()))?;
    if let Some(fault) = exposed_by(&metadata, key, path) {
        return Err(fault);
    }
    let mut bytes = Zeroizing::default();
    // One byte more, so that the parser sees a file that is too long.
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut limited = file.take(limit.saturating_add(1));
    let read = limited.read_to_end(&mut bytes);
    read.map_err(|error| unread(error.into()))?;
    Ok(bytes)
}

type Zeroizing = zeroize::Zeroizing<Vec<u8>>;

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{CWD, mkfifoat};
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    const SEED: &str = "0x0707070707070707070707070707070707070707070707070707070707070707";

    struct Case {
        folder: TempDir,
        files: BTreeMap<String, KeyFile>,
    }

    impl Case {
        fn new(content: &str, mode: u32, extensions: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("hotkey");
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let file = json!({ "kind": "sr25519", "file": "hotkey", "extensions": extensions });
            let file = serde_json::from_value(file).unwrap();
            let files = BTreeMap::from([("hotkey".to_owned(), file)]);
            Self { folder, files }
        }

        /// Replaces the config of the key.
        fn set(&mut self, key: serde_json::Value) {
            let file = serde_json::from_value(key).unwrap();
            self.files.insert("hotkey".to_owned(), file);
        }

        fn read(&self) -> Result<Keys, Vec<String>> {
            let mut faults = Vec::new();
            let known = ["a".to_owned(), "b".to_owned()];
            let keys = read(&self.files, &known, self.folder.path(), &mut faults);
            if faults.is_empty() {
                return Ok(keys);
            }
            Err(faults.iter().map(ToString::to_string).collect())
        }

        fn fault(&self) -> String {
            let faults = self.read().unwrap_err();
            assert_eq!(faults.len(), 1, "{faults:?}");
            faults[0].replace(&self.folder.path().display().to_string(), "")
        }
    }

    fn hotkey() -> String {
        json!({ "secretSeed": SEED }).to_string()
    }

    #[test]
    fn key_of_a_private_file_serves_its_extensions() {
        let keys = Case::new(&hotkey(), 0o600, &["a"]).read().unwrap();
        let public = Keypair::from_seed(&[7; 32]).public();
        let read = keys.public_key("a", "hotkey").unwrap();
        assert_eq!(read, public.as_bytes());
        assert!(keys.sign("b", "hotkey", b"").is_err());
    }

    #[test]
    fn file_that_others_can_read_is_refused() {
        let fault = Case::new(&hotkey(), 0o640, &["a"]).fault();
        assert_eq!(
            fault,
            "keys.hotkey.file: /hotkey can be read by others than its owner (mode 640); `chmod 600` it"
        );
    }

    #[test]
    fn bad_files_are_named_without_their_secrets() {
        let mut case = Case::new(&hotkey(), 0o600, &["a"]);
        fs::remove_file(case.folder.path().join("hotkey")).unwrap();
        assert!(case.fault().contains("cannot read /hotkey"));
        let pipe = case.folder.path().join("hotkey");
        mkfifoat(CWD, &pipe, 0o600.into()).unwrap();
        let fault = case.fault();
        assert!(fault.contains("it is a pipe"), "{fault}");
        case = Case::new("$NACL0123", 0o600, &["a"]);
        assert!(case.fault().contains("give its password"));
        let other = json!({ "secretSeed": SEED, "cryptoType": 0 });
        case = Case::new(&other.to_string(), 0o600, &["a"]);
        let fault = case.fault();
        assert!(fault.contains("sr25519 hotkeys only"), "{fault}");
        assert!(!fault.contains("0707"), "{fault}");
    }

    #[test]
    fn shared_secret_is_the_prefix_and_the_line() {
        let mut case = Case::new("letter\r\n", 0o600, &["a"]);
        let code = |case: &Case| case.read().unwrap().sign("a", "hotkey", b"text").unwrap();
        case.set(json!({ "kind": "hmac-sha256", "file": "hotkey", "extensions": ["a"] }));
        let plain = code(&case);
        let prefixed = json!({
            "kind": "hmac-sha256", "file": "hotkey", "prefix": "let", "extensions": ["a"],
        });
        case.set(prefixed.clone());
        assert_ne!(code(&case), plain);
        fs::write(case.folder.path().join("hotkey"), "ter").unwrap();
        assert_eq!(code(&case), plain);
        for (content, expected) in [
            ("\n", "it is empty"),
            ("let ter", "it has blanks"),
            ("a\nb\n", "more than one line"),
            (&"x".repeat(1025), "longer than 1024 bytes"),
        ] {
            fs::write(case.folder.path().join("hotkey"), content).unwrap();
            let fault = case.fault();
            assert!(fault.contains(expected), "{fault}");
            assert!(
                !fault.contains("xxx") && !fault.contains("let t"),
                "{fault}"
            );
        }
    }

    #[test]
    fn fields_of_the_other_kind_are_faults() {
        let mut case = Case::new(&hotkey(), 0o600, &["a"]);
        let mut key = json!({
            "kind": "sr25519", "file": "hotkey", "prefix": "x", "extensions": ["a"],
        });
        case.set(key.clone());
        let expected = "keys.hotkey.prefix: only keys of the kind hmac-sha256 have one; remove it";
        assert_eq!(case.fault(), expected);
        key["kind"] = json!("hmac-sha256");
        key["password_file"] = json!("password");
        case.set(key);
        let expected =
            "keys.hotkey.password_file: only keys of the kind sr25519 have one; remove it";
        assert_eq!(case.fault(), expected);
    }

    #[test]
    fn key_that_no_extension_uses_is_a_fault() {
        let fault = Case::new(&hotkey(), 0o600, &[]).fault();
        assert!(fault.contains("no extension may use the key"), "{fault}");
        let fault = Case::new(&hotkey(), 0o600, &["a", "c"]).fault();
        assert_eq!(
            fault,
            "keys.hotkey.extensions: `c` is not among `extensions`"
        );
    }
}
