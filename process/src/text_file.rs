//! Text files as people and their editors write them.
//!
//! Invariants: reading ends, whatever lies in the place of the file, and after a bounded number of bytes; an error holds
//! nothing of the text, which may be a secret.

use std::fs::{self, File, FileType};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use crate::place::Place;

/// Windows editors put it before a text in UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Why a file cannot be read as text. The file's name is for the caller to say.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// The operating system's reason.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Something else lies in the place of the file.
    #[error("it is {0}, not a file; give the path of a file")]
    NotAFile(&'static str),
    /// Longer than such a file ever is.
    #[error("it is longer than {bytes_max} bytes; give the path of another file")]
    TooLong {
        /// The longest that is read.
        bytes_max: u64,
    },
    /// A text in another encoding.
    #[error(
        "it is {encoding} text; save it as UTF-8 in the editor, or convert it with `iconv -f {encoding} -t UTF-8 OLD > NEW`"
    )]
    OtherEncoding {
        /// Name of the encoding for `iconv`.
        encoding: &'static str,
    },
    /// Bytes that are not UTF-8.
    #[error("it is not UTF-8 at {place}; save it as UTF-8 in the editor")]
    NotUtf8 {
        /// The first of them.
        place: Place,
    },
    /// A byte that no text has, as after a power failure or in a program.
    #[error("it is not a text: there is a zero byte at {place}; write the file again")]
    ZeroByte {
        /// The first of them.
        place: Place,
    },
}

/// The text of the file at `path`, without a byte order mark.
///
/// # Errors
///
/// See [`TextError`].
pub fn read(path: &Path, bytes_max: u64) -> Result<String, TextError> {
    decode(read_bytes(path, bytes_max)?)
}

/// Like [`read`], for a format such as PEM in which nothing but ASCII has a meaning: other bytes are replaced.
///
/// # Errors
///
/// See [`TextError`].
pub fn read_lossy(path: &Path, bytes_max: u64) -> Result<String, TextError> {
    let bytes = read_bytes(path, bytes_max)?;
    decode(String::from_utf8_lossy(&bytes).into_owned().into_bytes())
}

/// Opens the file at `path` for reading, and never waits for it.
///
/// # Errors
///
/// [`TextError::NotAFile`] and [`TextError::Read`].
pub fn open(path: &Path) -> Result<File, TextError> {
    if let Some(kind) = not_a_file(fs::metadata(path)?.file_type()) {
        return Err(TextError::NotAFile(kind));
    }
    // Without waiting for a writer, should a FIFO have taken the file's place since.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    Ok(opened?)
}

fn read_bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, TextError> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(TextError::TooLong { bytes_max });
    }
    if let Some(encoding) = other_encoding(&bytes) {
        return Err(TextError::OtherEncoding { encoding });
    }
    Ok(bytes)
}

/// The text that `bytes` are, without a byte order mark.
fn decode(bytes: Vec<u8>) -> Result<String, TextError> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        TextError::NotUtf8 {
            place: Place::behind(&before),
        }
    })?;
    if let Some((before, _)) = text.split_once('\0') {
        let place = Place::behind(before);
        return Err(TextError::ZeroByte { place });
    }
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(text)
}

/// Encoding by the byte order mark, or by the zero bytes of the first two letters.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [1..=255, 0, 1..=255, 0, ..] => Some("UTF-16LE"),
        [0, 1..=255, 0, 1..=255, ..] => Some("UTF-16BE"),
        _ => None,
    }
}

fn not_a_file(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a folder")
    } else if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<String, String> {
        decode(bytes.to_vec()).map_err(|error| error.to_string())
    }

    #[test]
    fn byte_order_mark_is_skipped_once() {
        assert_eq!(decoded(b"\xef\xbb\xbf{}\r\n").unwrap(), "{}\r\n");
        assert_eq!(decoded(b"").unwrap(), "");
    }

    #[test]
    fn utf_16_is_named_with_and_without_mark() {
        let little: Vec<u8> = "{ }".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "{ }".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, bytes, name) in [
            (&b"\xff\xfe"[..], &little, "UTF-16"),
            (b"\xfe\xff", &big, "UTF-16"),
            (b"", &little, "UTF-16LE"),
            (b"", &big, "UTF-16BE"),
        ] {
            assert_eq!(other_encoding(&[mark, bytes].concat()), Some(name));
        }
        assert_eq!(other_encoding(b"{}"), None);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, &little).unwrap();
        let error = read(&path, 10).unwrap_err();
        assert!(matches!(error, TextError::OtherEncoding { .. }));
        let remedy = "`iconv -f UTF-16LE -t UTF-8 OLD > NEW`";
        assert!(error.to_string().contains(remedy), "{error}");
    }

    #[test]
    fn pem_may_have_remarks_in_any_encoding() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pem");
        fs::write(&path, b"\xef\xbb\xbffriendlyName: stra\xdfe\n-----BEGIN").unwrap();
        let text = read_lossy(&path, 100).unwrap();
        assert_eq!(text, "friendlyName: stra\u{fffd}e\n-----BEGIN");
        assert!(matches!(read(&path, 100), Err(TextError::NotUtf8 { .. })));
    }

    #[test]
    fn bad_bytes_are_placed_and_not_shown() {
        let latin = decoded(b"{\n  \"stra\xdfe\"").unwrap_err();
        assert!(latin.contains("line 2, column 8"), "{latin}");
        assert!(!latin.contains("stra"), "{latin}");
        let zero = decode("ä\nb\0".into()).unwrap_err();
        assert!(matches!(zero, TextError::ZeroByte { .. }), "{zero:?}");
        let zero = zero.to_string();
        assert!(zero.contains("line 2, column 2"), "{zero}");
    }

    #[test]
    fn other_things_than_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
        for (path, name) in [
            (folder.path(), "a folder"),
            (&pipe, "a pipe"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            let error = read(path, 10).unwrap_err();
            let named = matches!(error, TextError::NotAFile(kind) if kind == name);
            assert!(named, "{error:?}");
            assert!(error.to_string().contains(name), "{error}");
        }
        let missing = read(&folder.path().join("missing"), 10);
        assert!(matches!(missing, Err(TextError::Read(_))), "{missing:?}");
    }

    #[test]
    fn longer_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "0123456789").unwrap();
        assert_eq!(read(&path, 10).unwrap(), "0123456789");
        assert!(matches!(
            read(&path, 9),
            Err(TextError::TooLong { bytes_max: 9 })
        ));
    }
}
