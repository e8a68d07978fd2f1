//! Keys with which the host signs for extensions: what an operator reads, and where a secret must not be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tig_keyring::{Keypair, PublicKey, Signature};

use crate::support::{Home, fixture};

/// The encrypted file of `vectors/horde/encrypted_hotkey.json`.
const ENCRYPTED: &[u8] = include_bytes!("keys/encrypted_hotkey");

/// The vectors, with the same key in a plain file, and the password.
fn vectors() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/horde/encrypted_hotkey.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn plain() -> String {
    vectors()["plain"].as_str().unwrap().to_owned()
}

fn keypair() -> Keypair {
    Keypair::from_seed(&[0xdd; 32])
}

struct Site {
    home: Home,
    config: Value,
}

impl Site {
    /// `signer`, with the key `hotkey` in a plain file.
    fn new() -> Self {
        let home = Home::new();
        home.install("signer", &fs::read(fixture("signer")).unwrap());
        let mut config = home.config();
        config["extensions"] = json!(["counter", "signer"]);
        config["config"] = json!({ "signer": { "key": "hotkey" } });
        config["keys"] = json!({
            "hotkey": { "kind": "sr25519", "file": "hotkey", "extensions": ["signer"] }
        });
        home.write_config(&config);
        let site = Self { home, config };
        site.write("hotkey", plain().as_bytes(), 0o600);
        site
    }

    fn write(&self, name: &str, content: &[u8], mode: u32) {
        let path = self.home.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Sets a value of the key `hotkey` in the config.
    fn set(&mut self, name: &str, value: Value) {
        self.config["keys"]["hotkey"][name] = value;
        self.home.write_config(&self.config);
    }

    /// The only fault that `tig-host check` names, with the folder left out.
    fn fault(&self) -> String {
        let ran = self.home.tig_host(&["check", "config.json"]);
        assert!(matches!(ran.code, Some(3 | 4)), "{ran:?}");
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines.len(), 2, "{ran:?}");
        let folder = format!("{}/", self.home.folder.path().display());
        lines[0].replace(&folder, "")
    }

    fn sign(&self, text: &str) -> (PublicKey, Signature) {
        let ran = self
            .home
            .tig_host(&["call", "signer", "sign", "--text", text]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let (public, signature): (Vec<u8>, Vec<u8>) = serde_json::from_value(ran.json()).unwrap();
        (
            PublicKey::from_bytes(public.try_into().unwrap()),
            Signature::from_bytes(signature.try_into().unwrap()),
        )
    }
}

#[test]
fn extension_signs_with_the_key_of_the_config() {
    let site = Site::new();
    let host = site.home.start();
    let (public, signature) = site.sign("text");
    assert_eq!(public, keypair().public());
    assert_eq!(public.verify(b"text", &signature), Ok(()));
    host.kill();
    let _host = site.home.start();
    assert_eq!(site.sign("text"), (public, signature), "as before");
}

#[test]
fn check_names_what_is_wrong_with_a_file() {
    let mut site = Site::new();
    let fault = |site: &Site, content: &[u8], mode| {
        site.write("hotkey", content, mode);
        site.fault()
    };
    assert_eq!(
        fault(&site, plain().as_bytes(), 0o644),
        "keys.hotkey.file: hotkey can be read by others than its owner (mode 644); `chmod 600` it"
    );
    assert_eq!(
        fault(&site, ENCRYPTED, 0o600),
        "keys.hotkey.file: cannot use hotkey: the file is encrypted; give its password"
    );
    let mut other: Value = serde_json::from_str(&plain()).unwrap();
    other["cryptoType"] = json!(0);
    let of_another_kind = fault(&site, other.to_string().as_bytes(), 0o600);
    let begin = "keys.hotkey.file: cannot use hotkey: ";
    assert!(of_another_kind.starts_with(begin), "{of_another_kind}");
    assert!(of_another_kind.contains("ed25519"), "{of_another_kind}");
    fs::remove_file(site.home.path("hotkey")).unwrap();
    assert_eq!(
        site.fault(),
        "keys.hotkey.file: cannot read hotkey: No such file or directory (os error 2)"
    );

    site.write("hotkey", ENCRYPTED, 0o600);
    site.set("password_file", json!("password"));
    site.write("password", b"wrong\n", 0o600);
    assert_eq!(
        site.fault(),
        "keys.hotkey.file: cannot use hotkey: the password does not open the file, or the file is damaged"
    );
    let password = format!("{}\n", vectors()["password"].as_str().unwrap());
    site.write("password", password.as_bytes(), 0o640);
    assert_eq!(
        site.fault(),
        "keys.hotkey.password_file: password can be read by others than its owner (mode 640); `chmod 600` it"
    );
    site.write("password", password.as_bytes(), 0o600);
    let ran = site.home.tig_host(&["check", "config.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn check_names_who_may_not_use_a_key() {
    let mut site = Site::new();
    site.set("kind", json!("ed25519"));
    assert_eq!(
        site.fault(),
        "keys.hotkey.kind: expected one of `sr25519`, `hmac-sha256`, found the text \"ed25519\"; did you mean `sr25519`?"
    );
    site.set("kind", json!("sr25519"));
    site.set("extensions", json!([]));
    assert_eq!(
        site.fault(),
        "keys.hotkey.extensions: no extension may use the key; name those that may, or remove the key"
    );
    site.set("extensions", json!(["signer", "singer"]));
    assert_eq!(
        site.fault(),
        "keys.hotkey.extensions: `singer` is not among `extensions`"
    );
    site.set("extensions", json!(["counter"]));
    let fault = site.fault();
    let expected = "extension `signer` may not use the key `hotkey`; add it to `keys.hotkey.extensions` if it should";
    assert!(fault.starts_with("extensions[1]: "), "{fault}");
    assert!(fault.ends_with(expected), "{fault}");
    site.config["keys"] = json!({});
    site.home.write_config(&site.config);
    let fault = site.fault();
    let expected = "the config has no key `hotkey`; add it to `keys`";
    assert!(fault.ends_with(expected), "{fault}");
}

#[test]
fn keys_do_not_change_while_the_host_runs() {
    let mut site = Site::new();
    let _host = site.home.start();
    site.set("extensions", json!(["signer", "counter"]));
    let ran = site.home.tig_host(&["reload"]);
    let expected = "keys cannot change while the host runs; stop it and start it again";
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(ran.stderr.contains(expected), "{ran:?}");
    site.sign("goes on");
}

/// The forms in which the secret could be written.
fn secret_forms() -> Vec<Vec<u8>> {
    let plain: Value = serde_json::from_str(&plain()).unwrap();
    let hex_of = |field: &str| {
        let digits = plain[field].as_str().unwrap().trim_start_matches("0x");
        hex::decode(digits).unwrap()
    };
    let (seed, private) = (hex_of("secretSeed"), hex_of("privateKey"));
    let parts = [&seed[..], &private[..32], &private[32..]];
    let mut forms = vec![plain["secretPhrase"].as_str().unwrap_or_default().into()];
    for part in parts {
        let listed = format!("{part:?}");
        forms.push(part.to_vec());
        forms.push(hex::encode(part).into());
        forms.push(hex::encode_upper(part).into());
        forms.push(listed.trim_matches(['[', ']']).into());
        forms.push(listed.trim_matches(['[', ']']).replace(' ', "").into());
    }
    forms.retain(|form| !form.is_empty());
    forms
}

/// All files below `folder`, but the key's own and the plugins'.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.file_name().unwrap() != "hotkey" && path.extension() != Some("so".as_ref()) {
            found.push(path);
        }
    }
}

#[test]
fn secret_of_a_key_is_in_no_log_status_or_store() {
    let site = Site::new();
    let mut host = site.home.start_tracing(&["--verbose"]);
    site.sign("text");
    let ran = site.home.tig_host(&["call", "signer", "panic"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    let mut said = Vec::new();
    for command in [&["status", "--json"][..], &["reload", "--json"]] {
        let ran = site.home.tig_host(command);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        said.extend([ran.stdout, ran.stderr]);
    }
    let ran = site.home.tig_host(&["drain"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(host.wait().success());
    let log = site.home.log();
    assert!(log.contains("TRACE"), "it logs all it can");
    let public = format!("{:?}", keypair().public().as_bytes());
    assert!(log.contains(&public), "the public half is in the log");
    let mut paths = Vec::new();
    files(site.home.folder.path(), &mut paths);
    let mut texts: Vec<(String, Vec<u8>)> = paths
        .iter()
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect();
    texts.extend(
        said.into_iter()
            .map(|text| ("a reply".to_owned(), text.into())),
    );
    assert!(texts.len() > 5, "{paths:?}");
    for form in secret_forms() {
        for (place, text) in &texts {
            let holds = text.windows(form.len()).any(|window| window == form);
            assert!(!holds, "{place} holds the secret");
        }
    }
}
