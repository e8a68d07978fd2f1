//! Hotkey files of Bittensor wallets: one JSON object, plain or encrypted (computehorde.md sections 1.5 and 10.8).

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::hex_text;
use crate::hex_text::ParseHexError;
use crate::keypair::{BadPrivateKey, Keypair};
use crate::public_key::PublicKey;
use crate::sealed_box;
use crate::sealed_box::{OpenError, PASSWORD_BYTES_MAX};
use crate::ss58::Ss58Error;

/// Bytes of a hotkey file; real ones have less than 1 KiB.
pub const HOTKEY_BYTES_MAX: usize = 64 << 10;

/// Beginnings of older encrypted forms.
const OLD_FORMS: [(&[u8], &str); 2] =
    [(b"$ANSIBLE_VAULT", "$ANSIBLE_VAULT"), (b"gAAAAA", "Fernet")];

/// What a hotkey file has, borrowed so that no copy of a secret stays behind. Other fields are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HotkeyFile<'a> {
    secret_seed: Option<&'a str>,
    private_key: Option<&'a str>,
    public_key: Option<&'a str>,
    account_id: Option<&'a str>,
    #[serde(rename = "ss58Address")]
    ss58_address: Option<&'a str>,
    #[serde(borrow)]
    crypto_type: Option<CryptoType<'a>>,
}

/// The kind of key, as a number of the Python client or as a name.
#[derive(Deserialize)]
#[serde(untagged)]
enum CryptoType<'a> {
    Number(i64),
    Name(&'a str),
}

/// Why there is no key pair in a file. Holds nothing that is secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HotkeyError {
    /// More bytes than any hotkey file has.
    #[error("the file has {actual} bytes, expected {HOTKEY_BYTES_MAX} at most; name a hotkey file")]
    TooLong {
        /// Bytes found.
        actual: usize,
    },
    /// Encrypted, and no password was given.
    #[error("the file is encrypted; give its password")]
    PasswordMissing,
    /// Encrypted in the current form, but the password does not open it.
    #[error("the password does not open the file, or the file is damaged")]
    PasswordWrong,
    /// The password has more than [`PASSWORD_BYTES_MAX`].
    #[error(
        "the password has more than {PASSWORD_BYTES_MAX} bytes; give the password, not another file"
    )]
    PasswordTooLong,
    /// Encrypted in the current form, but cut off.
    #[error("the encrypted file is cut off; copy it again")]
    Truncated,
    /// Encrypted in a form that wallets no longer write.
    #[error(
        "the file is encrypted in the old form {form}; open the wallet once with a current btcli, which converts it"
    )]
    OldForm {
        /// Name of the form.
        form: &'static str,
    },
    /// Not a JSON object with these fields as text.
    #[error("the file is not the JSON of a hotkey: line {line}, column {column}")]
    Json {
        /// Counted from 1; within the decrypted text if the file is encrypted.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// A key of another kind than sr25519.
    #[error(
        "the file has a key of type {crypto_type}; subnets take sr25519 hotkeys only, so create one"
    )]
    CryptoType {
        /// Name or number in the file.
        crypto_type: String,
    },
    /// Neither a seed nor a private key.
    #[error(
        "the file has neither secretSeed nor privateKey; it is not the secret half of a hotkey"
    )]
    SecretMissing,
    /// A field that is not hex of the right length.
    #[error("field {field} is malformed")]
    Hex {
        /// The field.
        field: &'static str,
        /// What is wrong.
        source: ParseHexError,
    },
    /// Text in `ss58Address` that is not an address.
    #[error("field ss58Address is malformed")]
    Address(#[from] Ss58Error),
    /// A private key that cannot be one.
    #[error("field privateKey is malformed")]
    PrivateKey(#[from] BadPrivateKey),
    /// Seed and private key belong to two accounts.
    #[error(
        "secretSeed is the secret of {of_seed}, and privateKey that of {of_private_key}; the file is damaged"
    )]
    SecretsDiffer {
        /// Account of the seed.
        of_seed: PublicKey,
        /// Account of the private key.
        of_private_key: PublicKey,
    },
    /// A public field belongs to another account than the secret.
    #[error("{field} says {stated}, but the secret is that of {derived}; the file is damaged")]
    PublicDiffers {
        /// The field.
        field: &'static str,
        /// Account that the field names.
        stated: PublicKey,
        /// Account of the secret.
        derived: PublicKey,
    },
}

impl HotkeyFile<'_> {
    /// The key pair in a hotkey file with these bytes.
    ///
    /// An encrypted file takes 512 MiB of memory and some seconds to open. A password for a plain file is ignored.
    ///
    /// # Errors
    ///
    /// [`HotkeyError`] if the bytes are not a hotkey file, the password does not open it, or its fields disagree.
    pub fn parse(bytes: &[u8], password: Option<&[u8]>) -> Result<Keypair, HotkeyError> {
        let actual = bytes.len();
        if actual > HOTKEY_BYTES_MAX {
            return Err(HotkeyError::TooLong { actual });
        }
        if let Some((_, form)) = OLD_FORMS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
            return Err(HotkeyError::OldForm { form });
        }
        match bytes.strip_prefix(sealed_box::MAGIC) {
            Some(sealed) => {
                let password = password.ok_or(HotkeyError::PasswordMissing)?;
                keypair(&sealed_box::open(sealed, password)?)
            }
            None => keypair(bytes),
        }
    }

    /// Whether [`HotkeyFile::parse`] needs a password for a file with these bytes.
    pub fn is_encrypted(bytes: &[u8]) -> bool {
        bytes.starts_with(sealed_box::MAGIC)
    }

    fn check_crypto_type(&self) -> Result<(), HotkeyError> {
        let crypto_type = match self.crypto_type {
            None | Some(CryptoType::Number(1) | CryptoType::Name("sr25519")) => return Ok(()),
            Some(CryptoType::Number(0)) => "ed25519".to_owned(),
            Some(CryptoType::Number(2)) => "ecdsa".to_owned(),
            Some(CryptoType::Number(number)) => number.to_string(),
            Some(CryptoType::Name(name)) => format!("{name:?}"),
        };
        Err(HotkeyError::CryptoType { crypto_type })
    }

    fn secret(&self) -> Result<Keypair, HotkeyError> {
        let of_seed = match self.secret_seed {
            Some(text) => Some(Keypair::from_seed(&*decode("secretSeed", text)?)),
            None => None,
        };
        let of_private_key = match self.private_key {
            Some(text) => Some(Keypair::from_private_key(&*decode("privateKey", text)?)?),
            None => None,
        };
        match (of_seed, of_private_key) {
            (Some(of_seed), Some(of_private_key)) if of_seed != of_private_key => {
                Err(HotkeyError::SecretsDiffer {
                    of_seed: of_seed.public(),
                    of_private_key: of_private_key.public(),
                })
            }
            (Some(keypair), _) | (None, Some(keypair)) => Ok(keypair),
            (None, None) => Err(HotkeyError::SecretMissing),
        }
    }

    fn check_public(&self, derived: PublicKey) -> Result<(), HotkeyError> {
        for (field, text) in [
            ("publicKey", self.public_key),
            ("accountId", self.account_id),
        ] {
            if let Some(text) = text {
                check_same(field, PublicKey::from_bytes(*decode(field, text)?), derived)?;
            }
        }
        match self.ss58_address {
            Some(text) => check_same("ss58Address", PublicKey::from_any_ss58(text)?.0, derived),
            None => Ok(()),
        }
    }
}

fn check_same(
    field: &'static str,
    stated: PublicKey,
    derived: PublicKey,
) -> Result<(), HotkeyError> {
    if stated == derived {
        return Ok(());
    }
    Err(HotkeyError::PublicDiffers {
        field,
        stated,
        derived,
    })
}

impl From<OpenError> for HotkeyError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Truncated => Self::Truncated,
            OpenError::Authentication => Self::PasswordWrong,
            OpenError::Password => Self::PasswordTooLong,
        }
    }
}

fn keypair(json: &[u8]) -> Result<Keypair, HotkeyError> {
    // The text of serde's errors may quote a secret, so only the place is kept.
    let file: HotkeyFile<'_> = serde_json::from_slice(json).map_err(|error| HotkeyError::Json {
        line: error.line(),
        column: error.column(),
    })?;
    file.check_crypto_type()?;
    let keypair = file.secret()?;
    file.check_public(keypair.public())?;
    Ok(keypair)
}

fn decode<const N: usize>(
    field: &'static str,
    text: &str,
) -> Result<Zeroizing<[u8; N]>, HotkeyError> {
    hex_text::decode(text).map_err(|source| HotkeyError::Hex { field, source })
}
