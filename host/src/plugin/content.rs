//! Compares a file with bytes in memory, piece by piece, so that no second copy of a plugin file is in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 64 << 10;

/// Whether the file at `path` holds `bytes` and nothing else; one that cannot be read does not.
pub(super) fn is_same(path: &Path, bytes: &[u8]) -> bool {
    compare(path, bytes).unwrap_or(false)
}

fn compare(path: &Path, mut bytes: &[u8]) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(bytes.is_empty());
        }
        match bytes.strip_prefix(&piece[..count]) {
            Some(rest) => bytes = rest,
            None => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0..3 * PIECE_BYTES + 5)
            .map(|at| (at % 251) as u8)
            .collect();
        std::fs::write(&path, &bytes).unwrap();
        assert!(is_same(&path, &bytes));
        assert!(!is_same(&path, &bytes[..bytes.len() - 1]));
        assert!(!is_same(&path, &[&bytes[..], b"x"].concat()));
        let mut other = bytes.clone();
        other[2 * PIECE_BYTES + 1] ^= 1;
        assert!(!is_same(&path, &other));
        assert!(!is_same(&folder.path().join("none"), b""));
    }
}
