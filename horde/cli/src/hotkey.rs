//! The validator's hotkey in its file, for what this program checks or signs by itself. No secret is in an error.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use tig_keyring::{HOTKEY_BYTES_MAX, HotkeyError, HotkeyFile, Keypair};
use tig_process::secret_file::{self, SecretError};
use tig_process::text_file::{self, TextError};

use crate::environment::exposed_mode;
use crate::settings::Settings;

/// Why a hotkey cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HotkeyFault {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: TextError,
    },
    /// Others can read it.
    #[error("{} can be read by others than its owner (mode {mode:o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is encrypted, and no file has its password.
    #[error("the hotkey is encrypted, and HOTKEY_PASSWORD_FILE is not set")]
    NoPassword,
    /// The file with the password cannot be read.
    #[error("the password in {} cannot be read", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: SecretError,
    },
    /// It is not the file of a hotkey, or the password does not open it.
    #[error("{}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: HotkeyError,
    },
}

impl HotkeyFault {
    /// What to do about it.
    pub(crate) fn remedy(&self) -> String {
        let text = match self {
            Self::Read { .. } => {
                "copy the hotkey file there, or correct BITTENSOR_WALLET_DIRECTORY, _NAME and _HOTKEY_NAME"
            }
            Self::Exposed { path, .. } => return format!("`chmod 600 {}`", path.display()),
            Self::NoPassword => {
                "write the password into a file of mode 600 and name it in HOTKEY_PASSWORD_FILE"
            }
            Self::Password { .. } => "write the password into that file, on one line, mode 600",
            Self::Key { source, .. } => match source {
                HotkeyError::OldForm { .. } => {
                    "convert it with `btcli`, or take the key from its mnemonic again"
                }
                HotkeyError::PasswordWrong => {
                    "correct the password in the file that HOTKEY_PASSWORD_FILE names"
                }
                _ => {
                    "take the file of the hotkey itself (not `coldkey`, not `...pub.txt`), from your backup if it is damaged"
                }
            },
        };
        text.to_owned()
    }
}

/// A hotkey file that was read.
pub(crate) enum Hotkey {
    /// It was not encrypted.
    Plain(Box<Keypair>),
    /// It is encrypted; to open it takes half a gigabyte and some seconds.
    Encrypted(Sealed),
}

/// An encrypted file with its password.
pub(crate) struct Sealed {
    path: PathBuf,
    bytes: Vec<u8>,
    password: String,
}

impl Hotkey {
    /// Reads the file that the variables name, whose relative path starts from `folder`.
    ///
    /// # Errors
    ///
    /// See [`HotkeyFault`].
    pub(crate) fn read(settings: &Settings, folder: &Path) -> Result<Self, HotkeyFault> {
        let path = folder.join(&settings.hotkey_file);
        let bytes = match read_bytes(&path) {
            Ok(bytes) => bytes,
            Err(source) => return Err(HotkeyFault::Read { path, source }),
        };
        if let Some(mode) = exposed_mode(&path) {
            return Err(HotkeyFault::Exposed { path, mode });
        }
        if !HotkeyFile::is_encrypted(&bytes) {
            return match HotkeyFile::parse(&bytes, None) {
                Ok(keypair) => Ok(Self::Plain(Box::new(keypair))),
                Err(source) => Err(HotkeyFault::Key { path, source }),
            };
        }
        let file = settings.password_file.as_ref();
        let file = folder.join(file.ok_or(HotkeyFault::NoPassword)?);
        match secret_file::read(&file) {
            Ok(password) => Ok(Self::Encrypted(Sealed {
                path,
                bytes,
                password,
            })),
            Err(source) => Err(HotkeyFault::Password { path: file, source }),
        }
    }

    /// The key pair; an encrypted file is opened.
    ///
    /// # Errors
    ///
    /// See [`HotkeyFault`].
    pub(crate) fn open(self) -> Result<Keypair, HotkeyFault> {
        match self {
            Self::Plain(keypair) => Ok(*keypair),
            Self::Encrypted(Sealed {
                path,
                bytes,
                password,
            }) => HotkeyFile::parse(&bytes, Some(password.as_bytes()))
                .map_err(|source| HotkeyFault::Key { path, source }),
        }
    }
}

/// What a hotkey file can hold, and one byte of a longer one. An encrypted file is not a text.
fn read_bytes(path: &Path) -> Result<Vec<u8>, TextError> {
    let mut bytes = Vec::new();
    let bytes_max = HOTKEY_BYTES_MAX as u64 + 1;
    text_file::open(path)?
        .take(bytes_max)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    use super::*;

    fn fault(folder: &Path) -> HotkeyFault {
        let settings = Settings {
            hotkey_file: "hotkey".into(),
            password_file: None,
            weights_version: 1,
        };
        Hotkey::read(&settings, folder).err().unwrap()
    }

    /// Nothing writes into the FIFO, so a plain read would not end.
    #[test]
    fn hotkey_file_is_read_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hotkey");
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let error = fault(folder.path());
        assert!(error.to_string().contains("not a file"), "{error}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, vec![b' '; 2 * HOTKEY_BYTES_MAX]).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let error = fault(folder.path());
        let HotkeyFault::Key {
            source: HotkeyError::TooLong { actual },
            ..
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(actual, HOTKEY_BYTES_MAX + 1);
    }
}
