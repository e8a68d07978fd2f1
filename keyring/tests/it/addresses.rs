//! SS58 addresses.

use proptest::prelude::*;
use tig_keyring::{Keypair, PublicKey, Ss58Error, Ss58Prefix};

use crate::vectors::{bytes, load, text};

const DIGITS: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const ADDRESS: &str = "5DiQDBQvjFkmUF3C8a7ape5rpRPoajmMj44Q9CTGPfVBaa6U";

#[test]
fn seeds_give_the_keys_and_addresses_of_python() {
    for row in load("vectors.json")["keys"].as_array().unwrap() {
        let seed: [u8; 32] = bytes(row, "seed_hex").try_into().unwrap();
        let public = Keypair::from_seed(&seed).public();
        assert_eq!(public.to_hex(), text(row, "public_key_hex"));
        assert_eq!(public.to_ss58(), text(row, "ss58"));
        assert_eq!(PublicKey::from_ss58(text(row, "ss58")), Ok(public));
        assert_eq!(PublicKey::from_hex(&public.to_hex()), Ok(public));
    }
}

/// Alice of Substrate's documentation; addresses by the Python package scalecodec, from 64 on with a prefix of two bytes.
#[test]
fn other_networks_have_other_addresses_of_a_key() {
    let alice =
        PublicKey::from_hex("0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d")
            .unwrap();
    for (number, address) in [
        (0, "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"),
        (2, "HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F"),
        (42, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"),
        (63, "7NPoMQbiA6trJKkjB35uk96MeJD4PGWkLQLH7k7hXEkZpiba"),
        (64, "cEaNSpz4PxFcZ7nT1VEKrKewH67rfx6MfcM6yKojyyPz7qaqp"),
        (255, "yGHXkYLYqxijLKKfd9Q2CB9shRVu8rPNBS53wvwGTutYg4zTg"),
        (1284, "VdvKmYJfD4VXA9fzz1SbmCo2eYHSzUFbaDCZSuaNKJAe8YNg6"),
        (16383, "yNa8JpqfFB3q8A29rCwSgxvdU94ufJw2yKKxDgznS5m1PoFvn"),
    ] {
        let prefix = Ss58Prefix::new(number).unwrap();
        assert_eq!(alice.to_ss58_of(prefix), address);
        assert_eq!(PublicKey::from_any_ss58(address), Ok((alice, prefix)));
    }
    let polkadot = alice.to_ss58_of(Ss58Prefix::new(0).unwrap());
    let expected = Ss58Error::Network {
        actual: 0,
        expected: 42,
    };
    assert_eq!(PublicKey::from_ss58(&polkadot), Err(expected));
}

#[test]
fn malformed_addresses_are_refused_with_the_reason() {
    let error = |text: &str| PublicKey::from_ss58(text).unwrap_err();
    let digit = |place, character| Ss58Error::Digit { place, character };
    assert_eq!(error(""), Ss58Error::Empty);
    assert_eq!(error(&"1".repeat(51)), Ss58Error::TooLong { actual: 51 });
    assert_eq!(error(&ADDRESS.replace("Di", "Dl")), digit(3, 'l'));
    assert_eq!(error("5Dié"), digit(4, 'é'));
    let cut_off = Ss58Error::Length {
        actual: 34,
        expected: 35,
    };
    let shorter = bs58::encode([42; 34]).into_string();
    assert_eq!(error(&shorter), cut_off);
    assert_eq!(error(&ADDRESS.replace("kmUF", "kmUG")), Ss58Error::Checksum);
    let reserved = bs58::encode([200; 35]).into_string();
    assert_eq!(error(&reserved), Ss58Error::Reserved { first: 200 });
    // 42 in two bytes.
    let mut long = vec![0b0100_1010, 0b1000_0000];
    long.extend([0; 34]);
    let long = bs58::encode(long).into_string();
    assert_eq!(error(&long), Ss58Error::LongPrefix { number: 42 });
}

/// A checksum of two bytes misses one fault in 65,536: none of these.
#[test]
fn every_mistyped_character_is_noticed() {
    for at in 0..ADDRESS.len() {
        for digit in DIGITS.chars() {
            let mut mistyped = ADDRESS.to_owned();
            mistyped.replace_range(at..=at, digit.encode_utf8(&mut [0; 4]));
            let is_accepted = PublicKey::from_ss58(&mistyped).is_ok();
            assert_eq!(is_accepted, mistyped == ADDRESS, "{mistyped}");
        }
    }
}

proptest! {
    #[test]
    fn every_account_and_prefix_comes_back(account: [u8; 32], number in 0u16..1 << 14) {
        let prefix = Ss58Prefix::new(number).unwrap();
        let key = PublicKey::from_bytes(account);
        let address = key.to_ss58_of(prefix);
        prop_assert_eq!(PublicKey::from_any_ss58(&address), Ok((key, prefix)));
    }

    #[test]
    fn any_text_is_an_address_or_an_error(text in ".{0,60}") {
        if let Ok(key) = PublicKey::from_ss58(&text) {
            prop_assert_eq!(key.to_ss58(), text);
        }
    }
}
