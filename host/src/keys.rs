//! Keys with which the host signs for extensions.
//!
//! Invariant: a secret leaves this module in no form but signatures.

mod secret;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub(crate) use self::secret::{KeyKind, Secret, SharedSecret};

/// A key and who may use it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SigningKey {
    /// Its secret.
    pub secret: Secret,
    /// Names of the extensions that may use it.
    pub extensions: BTreeSet<String>,
}

/// What is known of a key without its secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct KeyUse {
    /// Its kind.
    kind: KeyKind,
    /// Names of the extensions that may use it.
    extensions: BTreeSet<String>,
}

/// Kind and users of each key, by the key's name.
pub(crate) type KeyUsers = BTreeMap<String, KeyUse>;

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
    /// The key has no public half.
    #[error("the key `{name}` is a shared secret and has no public key")]
    NoPublicKey {
        /// Name of the key.
        name: String,
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
        let key = |users: KeyUse| SigningKey {
            secret: Secret::throwaway(users.kind),
            extensions: users.extensions,
        };
        let keys = users.into_iter();
        Self(keys.map(|(name, users)| (name, key(users))).collect())
    }

    /// Who may use which key.
    #[must_use]
    pub(crate) fn users(&self) -> KeyUsers {
        let users = |key: &SigningKey| KeyUse {
            kind: key.secret.kind(),
            extensions: key.extensions.clone(),
        };
        let keys = self.0.iter();
        keys.map(|(name, key)| (name.clone(), users(key))).collect()
    }

    /// Bytes of the public key of the key `name`.
    ///
    /// # Errors
    ///
    /// See [`KeyError`].
    pub(crate) fn public_key(&self, extension: &str, name: &str) -> Result<Vec<u8>, KeyError> {
        let public_key = self.find(extension, name)?.public_key();
        public_key.ok_or_else(|| KeyError::NoPublicKey {
            name: name.to_owned(),
        })
    }

    /// Signature or authentication code of `bytes` with the key `name`.
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
        Ok(self.find(extension, name)?.sign(bytes))
    }

    /// Whether what is signed with the key `name` is secret itself: a code made by a shared secret is a key for a while.
    #[must_use]
    pub(crate) fn has_secret_codes(&self, name: &str) -> bool {
        let key = self.0.get(name);
        key.is_some_and(|key| matches!(key.secret, Secret::HmacSha256(_)))
    }

    fn find(&self, extension: &str, name: &str) -> Result<&Secret, KeyError> {
        let Some(key) = self.0.get(name) else {
            let name = name.to_owned();
            return Err(KeyError::Unknown { name });
        };
        if key.extensions.contains(extension) {
            return Ok(&key.secret);
        }
        Err(KeyError::NotAllowed {
            name: name.to_owned(),
            extension: extension.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use tig_keyring::{Keypair, Signature};
    use zeroize::Zeroizing;

    use super::*;

    const SEED: [u8; 32] = [7; 32];

    fn keys() -> Keys {
        let key = |secret| SigningKey {
            secret,
            extensions: BTreeSet::from(["a".to_owned()]),
        };
        let shared = SharedSecret::new(Zeroizing::new(SEED.to_vec()));
        Keys::new(BTreeMap::from([
            (
                "hotkey".to_owned(),
                key(Secret::Sr25519(Box::new(Keypair::from_seed(&SEED)))),
            ),
            ("storage".to_owned(), key(Secret::HmacSha256(shared))),
        ]))
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
    fn shared_secret_has_no_public_key() {
        let code = keys().sign("a", "storage", b"text").unwrap();
        assert_eq!(keys().sign("a", "storage", b"text").unwrap(), code);
        let error = keys().public_key("a", "storage").unwrap_err();
        assert!(matches!(error, KeyError::NoPublicKey { .. }), "{error}");
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
        let code = throwaway.sign("a", "storage", b"text").unwrap();
        assert_eq!(code.len(), 32);
        assert_ne!(code, keys().sign("a", "storage", b"text").unwrap());
        let error = throwaway.public_key("b", "hotkey").unwrap_err();
        assert!(matches!(error, KeyError::NotAllowed { .. }), "{error}");
    }
}
