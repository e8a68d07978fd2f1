//! Hotkey files, plain and encrypted.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use tig_keyring::{
    HOTKEY_BYTES_MAX, HotkeyError, HotkeyFile, Keypair, PASSWORD_BYTES_MAX, ParseHexError,
    PublicKey, Ss58Error,
};

use crate::vectors::{load, text};

fn keypair() -> Keypair {
    Keypair::from_seed(&[0xdd; 32])
}

fn other() -> PublicKey {
    Keypair::from_seed(&[0xbb; 32]).public()
}

/// The plain file of the vectors.
fn plain() -> Value {
    serde_json::from_str(text(&load("encrypted_hotkey.json"), "plain")).unwrap()
}

/// The plain file with other values in some fields; `null` stands for a field that is not there.
fn parse_with(changes: Value) -> Result<Keypair, HotkeyError> {
    let mut file = plain();
    for (field, value) in changes.as_object().unwrap() {
        file[field] = value.clone();
    }
    HotkeyFile::parse(file.to_string().as_bytes(), None)
}

#[test]
fn plain_file_gives_its_key() {
    assert_eq!(parse_with(json!({})), Ok(keypair()));
    assert_eq!(parse_with(json!({"cryptoType": 1})), Ok(keypair()));
    assert_eq!(parse_with(json!({"secretSeed": null})), Ok(keypair()));
    assert_eq!(parse_with(json!({"privateKey": null})), Ok(keypair()));
}

#[test]
fn encrypted_file_opens_with_its_password_only() {
    let vectors = load("encrypted_hotkey.json");
    let file = BASE64_STANDARD
        .decode(text(&vectors, "encrypted_base64"))
        .unwrap();
    assert!(HotkeyFile::is_encrypted(&file));
    let parse = |password: Option<&str>| HotkeyFile::parse(&file, password.map(str::as_bytes));
    let password = text(&vectors, "password");
    assert_eq!(parse(Some(password)), Ok(keypair()));
    assert_eq!(parse(Some("wrong")), Err(HotkeyError::PasswordWrong));
    assert_eq!(parse(None), Err(HotkeyError::PasswordMissing));
    let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
    assert_eq!(parse(Some(&long)), Err(HotkeyError::PasswordTooLong));
    let cut_off = HotkeyFile::parse(&file[..44], Some(b""));
    assert_eq!(cut_off, Err(HotkeyError::Truncated));
}

#[test]
fn old_encryption_names_the_converter() {
    for (file, form) in [
        ("$ANSIBLE_VAULT;1.1;AES256\n61", "$ANSIBLE_VAULT"),
        ("gAAAAABlx1", "Fernet"),
    ] {
        let error = HotkeyFile::parse(file.as_bytes(), Some(b"x")).unwrap_err();
        assert_eq!(error, HotkeyError::OldForm { form });
        assert!(error.to_string().contains("btcli"), "{error}");
    }
}

#[test]
fn other_kinds_of_keys_are_refused_by_name() {
    for (crypto_type, expected) in [
        (json!(0), "ed25519"),
        (json!(2), "ecdsa"),
        (json!(7), "7"),
        (json!("ed25519"), "\"ed25519\""),
    ] {
        let error = parse_with(json!({"cryptoType": crypto_type})).unwrap_err();
        let expected = HotkeyError::CryptoType {
            crypto_type: expected.to_owned(),
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn disagreeing_fields_name_both_accounts() {
    for (field, value) in [
        ("publicKey", other().to_hex()),
        ("accountId", format!("0x{}", other().to_hex())),
        ("ss58Address", other().to_ss58()),
    ] {
        let expected = HotkeyError::PublicDiffers {
            field,
            stated: other(),
            derived: keypair().public(),
        };
        let text = expected.to_string();
        assert_eq!(parse_with(json!({ field: value })), Err(expected));
        assert!(text.contains(&other().to_ss58()), "{text}");
        assert!(text.contains(&keypair().public().to_ss58()), "{text}");
    }
    let expected = HotkeyError::SecretsDiffer {
        of_seed: other(),
        of_private_key: keypair().public(),
    };
    let seed = "bb".repeat(32);
    assert_eq!(parse_with(json!({ "secretSeed": seed })), Err(expected));
}

#[test]
fn malformed_fields_are_named() {
    let length = |actual, expected| ParseHexError::Length { actual, expected };
    for (field, expected) in [
        ("secretSeed", 64),
        ("privateKey", 128),
        ("publicKey", 64),
        ("accountId", 64),
    ] {
        let source = length(2, expected);
        let error = parse_with(json!({field: "0xdd"})).unwrap_err();
        assert_eq!(error, HotkeyError::Hex { field, source });
    }
    let error = parse_with(json!({"ss58Address": ""})).unwrap_err();
    assert_eq!(error, HotkeyError::Address(Ss58Error::Empty));
    let out_of_range = json!({"secretSeed": null, "privateKey": "ff".repeat(64)});
    let error = parse_with(out_of_range).unwrap_err();
    assert!(matches!(error, HotkeyError::PrivateKey(_)), "{error:?}");
}

#[test]
fn file_without_a_secret_is_refused() {
    let changes = json!({"secretSeed": null, "privateKey": null});
    assert_eq!(parse_with(changes), Err(HotkeyError::SecretMissing));
    let actual = HOTKEY_BYTES_MAX + 1;
    let error = HotkeyFile::parse(&vec![b' '; actual], None);
    assert_eq!(error, Err(HotkeyError::TooLong { actual }));
    let error = HotkeyFile::parse(b"{\n1}", None);
    assert_eq!(error, Err(HotkeyError::Json { line: 2, column: 1 }));
}

/// serde would quote the value of a field of the wrong type.
#[test]
fn errors_quote_no_secret() {
    let file = json!({"secretSeed": ["5ec2e7"], "cryptoType": 1}).to_string();
    for file in [
        file,
        "5ec2e7".to_owned(),
        r#"{"privateKey": "5ec2e7"}"#.to_owned(),
    ] {
        let error = HotkeyFile::parse(file.as_bytes(), None).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("5ec2e7"),
            "{error:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_key_or_an_error(bytes: Vec<u8>) {
        prop_assert!(HotkeyFile::parse(&bytes, None).is_err());
    }
}
