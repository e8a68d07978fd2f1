//! Signing and verifying.

use proptest::prelude::*;
use serde_json::Value;
use tig_keyring::{Keypair, ParseHexError, PublicKey, Signature, VerifyError};

use crate::vectors::{bytes, load, text};

fn keypair() -> Keypair {
    Keypair::from_seed(&[0xbb; 32])
}

/// What was signed: bytes, a hash, or the UTF-8 of a text.
fn message(row: &Value) -> Vec<u8> {
    for field in ["message_hex", "message_blake2b_512_hex"] {
        if row.get(field).is_some() {
            return bytes(row, field);
        }
    }
    text(row, "text").as_bytes().to_vec()
}

#[test]
fn signatures_of_python_verify() {
    let vectors = load("vectors.json");
    let rows = vectors["vectors"].as_array().unwrap();
    assert_eq!(rows.len(), 15);
    for row in rows {
        let signer = PublicKey::from_ss58(text(row, "signer")).unwrap();
        let signature: Signature = text(row, "signature_hex").parse().unwrap();
        let mut message = message(row);
        assert_eq!(signer.verify(&message, &signature), Ok(()), "{row}");
        message[0] ^= 1;
        let changed = signer.verify(&message, &signature);
        assert_eq!(changed, Err(VerifyError::Mismatch), "{row}");
    }
}

/// The earlier signer takes a text that begins with `0x` for hex, and signs the bytes behind it.
#[test]
fn hex_text_is_signed_as_text() {
    let keypair = keypair();
    let signature = keypair.sign(b"0x00ff", &[0; 32]);
    let public = keypair.public();
    assert_eq!(public.verify(b"0x00ff", &signature), Ok(()));
    for verify in [PublicKey::verify, PublicKey::verify_wrapped] {
        assert_eq!(
            verify(&public, &[0x00, 0xff], &signature),
            Err(VerifyError::Mismatch)
        );
    }
}

#[test]
fn wrapped_text_of_a_wallet_verifies_on_request() {
    let keypair = keypair();
    let signature = keypair.sign(b"<Bytes>text</Bytes>", &[0; 32]);
    let public = keypair.public();
    assert_eq!(
        public.verify(b"text", &signature),
        Err(VerifyError::Mismatch)
    );
    assert_eq!(public.verify_wrapped(b"text", &signature), Ok(()));
    let plain = keypair.sign(b"text", &[0; 32]);
    assert_eq!(public.verify_wrapped(b"text", &plain), Ok(()));
    let other = public.verify_wrapped(b"texts", &plain);
    assert_eq!(other, Err(VerifyError::Mismatch));
}

/// An encoding of a point is even, so an odd first byte is not one.
#[test]
fn account_of_another_kind_verifies_nothing() {
    let signature = keypair().sign(b"text", &[0; 32]);
    let account = PublicKey::from_bytes([3; 32]);
    assert_eq!(account.verify(b"text", &signature), Err(VerifyError::Key));
}

#[test]
fn unmarked_signature_is_malformed() {
    let keypair = keypair();
    let mut bytes = *keypair.sign(b"text", &[0; 32]).as_bytes();
    bytes[63] &= 0x7f;
    let unmarked = Signature::from_bytes(bytes);
    let verdict = keypair.public().verify(b"text", &unmarked);
    assert_eq!(verdict, Err(VerifyError::Malformed));
}

#[test]
fn signature_text_comes_back_with_or_without_prefix() {
    let signature = keypair().sign(b"text", &[1; 32]);
    let text = signature.to_string();
    assert!(text.starts_with("0x") && text.len() == 130, "{text}");
    for spelling in [&text, &text[2..]] {
        assert_eq!(spelling.parse(), Ok(signature), "{spelling}");
    }
    let cut_off = ParseHexError::Length {
        actual: 126,
        expected: 128,
    };
    assert_eq!(text[..128].parse::<Signature>(), Err(cut_off));
}

#[test]
fn debug_of_a_keypair_hides_the_secret() {
    let shown = format!("{:?}", keypair());
    let expected = "Keypair(5DiQDBQvjFkmUF3C8a7ape5rpRPoajmMj44Q9CTGPfVBaa6U)";
    assert_eq!(shown, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn own_signature_verifies_and_repeats(seed: [u8; 32], message: Vec<u8>, randomness: [u8; 32]) {
        let keypair = Keypair::from_seed(&seed);
        let signature = keypair.sign(&message, &randomness);
        prop_assert_eq!(keypair.public().verify(&message, &signature), Ok(()));
        prop_assert_eq!(keypair.sign(&message, &randomness), signature);
    }

    /// The first half is the nonce's point, so different halves are different nonces.
    #[test]
    fn same_randomness_never_repeats_a_nonce(one: [u8; 8], other: [u8; 8], randomness: [u8; 32]) {
        prop_assume!(one != other);
        let keypair = keypair();
        let nonce = |message, randomness| keypair.sign(message, randomness).as_bytes()[..32].to_vec();
        prop_assert_ne!(nonce(&one, &randomness), nonce(&other, &randomness));
        let mut others = randomness;
        others[31] ^= 1;
        prop_assert_ne!(nonce(&one, &randomness), nonce(&one, &others));
    }
}
