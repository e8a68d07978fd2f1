//! Keys with which the host signs for extensions.
//!
//! Invariant: a secret leaves this module in no form but signatures.

use std::collections::{BTreeMap, BTreeSet};

use tig_keyring::{Keypair, RANDOMNESS_BYTES, SEED_BYTES};

/// No randomness from outside: a signature as secure as Ed25519's, and the same for the same bytes, so that a document which is
/// signed again after a crash is the same document.
const RANDOMNESS: [u8; RANDOMNESS_BYTES] = [0; RANDOMNESS_BYTES];

/// A key and who may use it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SigningKey {
    /// The key pair; its `Debug` shows the public half.
    pub keypair: Keypair,
    /// Names of the extensions that may use it.
    pub extensions: BTreeSet<String>,
}

/// Names of the extensions that may use each key, by the key's name.
pub(crate) type KeyUsers = BTreeMap<String, BTreeSet<String>>;

/// The keys of a config, by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Keys(BTreeMap<String, SigningKey>);

/// Why an extension cannot use a key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// The config has no such key.
    #[error("the config has no key `{name}`; add it to `keys`")]
    Unknown {
        /// Name of the key.
        name: String,
    },
    /// The config does not name the extension.
    #[error(
        "extension `{extension}` may not use the key `{name}`; add it to `keys.{name}.extensions` if it should"
    )]
    NotAllowed {
        /// Name of the key.
        name: String,
        /// Name of the extension.
        extension: String,
    },
}

impl Keys {
    /// These keys, by name.
    #[must_use]
    pub(crate) fn new(keys: BTreeMap<String, SigningKey>) -> Self {
        Self(keys)
    }

    /// Throwaway keys in place of those of a config: what is signed with them is worth nothing.
    #[must_use]
    pub(crate) fn throwaway(users: KeyUsers) -> Self {
        let key = |extensions| SigningKey {
            keypair: Keypair::from_seed(&[0; SEED_BYTES]),
            extensions,
        };
        let keys = users.into_iter();
        Self(keys.map(|(name, users)| (name, key(users))).collect())
    }

    /// Who may use which key.
    #[must_use]
    pub(crate) fn users(&self) -> KeyUsers {
        let keys = self.0.iter();
        keys.map(|(name, key)| (name.clone(), key.extensions.clone()))
            .collect()
    }

    /// Bytes of the public key of the key `name`.
    ///
    /// # Errors
    ///
    /// See [`KeyError`].
    pub(crate) fn public_key(&self, extension: &str, name: &str) -> Result<Vec<u8>, KeyError> {
        let keypair = self.find(extension, name)?;
        Ok(keypair.public().as_bytes().to_vec())
    }

    /// Signature of `bytes` with the key `name`.
    ///
    /// # Errors
    ///
    /// See [`KeyError`].
    pub(crate) fn sign(
        &self,
        extension: &str,
        name: &str,
        bytes: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let keypair = self.find(extension, name)?;
        Ok(keypair.sign(bytes, &RANDOMNESS).as_bytes().to_vec())
    }

    fn find(&self, extension: &str, name: &str) -> Result<&Keypair, KeyError> {
        let Some(key) = self.0.get(name) else {
            let name = name.to_owned();
            return Err(KeyError::Unknown { name });
        };
        if key.extensions.contains(extension) {
            return Ok(&key.keypair);
        }
        Err(KeyError::NotAllowed {
            name: name.to_owned(),
            extension: extension.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use tig_keyring::Signature;

    use super::*;

    const SEED: [u8; 32] = [7; 32];

    fn keys() -> Keys {
        let key = SigningKey {
            keypair: Keypair::from_seed(&SEED),
            extensions: BTreeSet::from(["a".to_owned()]),
        };
        Keys::new(BTreeMap::from([("hotkey".to_owned(), key)]))
    }

    #[test]
    fn signature_is_repeatable_and_verifies() {
        let signature = keys().sign("a", "hotkey", b"text").unwrap();
        assert_eq!(keys().sign("a", "hotkey", b"text").unwrap(), signature);
        let signature = Signature::from_bytes(signature.try_into().unwrap());
        let public = Keypair::from_seed(&SEED).public();
        assert_eq!(public.verify(b"text", &signature), Ok(()));
        assert_eq!(keys().public_key("a", "hotkey").unwrap(), public.as_bytes());
    }

    #[test]
    fn key_serves_only_whom_the_config_names() {
        let error = keys().sign("b", "hotkey", b"text").unwrap_err();
        assert!(matches!(error, KeyError::NotAllowed { .. }), "{error}");
        let error = keys().public_key("a", "coldkey").unwrap_err();
        assert!(matches!(error, KeyError::Unknown { .. }), "{error}");
    }

    #[test]
    fn debug_of_keys_shows_no_secret() {
        let shown = format!("{:?}", keys()).to_lowercase();
        assert!(shown.contains("hotkey"), "{shown}");
        assert!(!shown.contains("07070707"), "{shown}");
    }

    #[test]
    fn throwaway_keys_serve_the_same_with_other_secrets() {
        let throwaway = Keys::throwaway(keys().users());
        let public = throwaway.public_key("a", "hotkey").unwrap();
        assert_ne!(public, keys().public_key("a", "hotkey").unwrap());
        let error = throwaway.public_key("b", "hotkey").unwrap_err();
        assert!(matches!(error, KeyError::NotAllowed { .. }), "{error}");
    }
}
