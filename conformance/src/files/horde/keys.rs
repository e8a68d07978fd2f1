//! Keys, signatures and hotkey files.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tig_keyring::{HotkeyFile, Keypair, PublicKey, Signature};

use crate::case::{Case, Checked, equal, text};
use crate::files::{List, WHOLE_FILE, no_law};

pub(crate) const KEYS: List = List {
    name: "keys",
    check: |_, case| {
        let seed = bytes(case, "seed_hex")?.try_into();
        let seed = seed.map_err(|_| "field `seed_hex`: not 32 bytes")?;
        let public = Keypair::from_seed(&seed).public();
        let ss58 = public.to_ss58();
        case.same_fields(&json!({"public_key_hex": public.to_hex(), "ss58": ss58}))?;
        let read = PublicKey::from_ss58(&ss58).map_err(text)?;
        equal(
            "key of the address",
            case.get("public_key_hex"),
            read.to_hex(),
        )
    },
    uphold: no_law,
};

/// Signatures are random, so they are verified and not compared.
pub(crate) const SIGNATURES: List = List {
    name: "vectors",
    check: |_, case| {
        let signer = PublicKey::from_ss58(&case.field::<String>("signer")?).map_err(text)?;
        let signature: Signature = case
            .field::<String>("signature_hex")?
            .parse()
            .map_err(text)?;
        signer.verify(&message(case)?, &signature).map_err(text)?;
        Ok(())
    },
    uphold: no_law,
};

/// `encrypted_hotkey.json`. Opening the file takes 512 MiB.
pub(crate) const HOTKEY_FILE: List = List {
    name: WHOLE_FILE,
    check: |_, case| {
        let (password, plain): (String, String) = (case.field("password")?, case.field("plain")?);
        let encrypted: String = case.field("encrypted_base64")?;
        let encrypted = BASE64_STANDARD.decode(encrypted).map_err(text)?;
        check_file(&encrypted, Some(password.as_bytes()), &plain)?;
        check_file(plain.as_bytes(), None, &plain)
    },
    uphold: no_law,
};

fn check_file(file: &[u8], password: Option<&[u8]>, plain: &str) -> Checked {
    let public = HotkeyFile::parse(file, password).map_err(text)?.public();
    let plain: Value = serde_json::from_str(plain).map_err(text)?;
    equal("ss58Address", &plain["ss58Address"], public.to_ss58())
}

/// What was signed: bytes, a hash, or the UTF-8 of a text.
fn message(case: Case<'_>) -> Result<Vec<u8>, String> {
    for name in ["message_hex", "message_blake2b_512_hex"] {
        if case.get(name).is_string() {
            return bytes(case, name);
        }
    }
    case.field::<String>("text").map(String::into_bytes)
}

fn bytes(case: Case<'_>, name: &str) -> Result<Vec<u8>, String> {
    hex::decode(case.field::<String>(name)?).map_err(|error| format!("field `{name}`: {error}"))
}
