//! Files of inline volumes.

use std::io::{Cursor, Read};
use std::path::{Component, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_proto::Volume;
use horde_proto::volume::SingleVolume;
use zip::ZipArchive;
use zip::result::ZipError;

/// Bytes that the files of a volume may have together.
const UNPACKED_BYTES_MAX: u64 = 256 << 20;
/// Files in a volume.
const FILES_COUNT_MAX: usize = 10_000;

/// Why a volume cannot be unpacked. The texts go to the validator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VolumeError {
    #[error("this miner unpacks inline volumes only, not {0}")]
    Kind(&'static str),
    #[error("the contents of the inline volume are not base 64")]
    Base64(#[source] base64::DecodeError),
    #[error("the contents of the inline volume are not a zip file")]
    Zip(#[source] ZipError),
    #[error("the volume has {0} files, more than {FILES_COUNT_MAX}")]
    Files(usize),
    #[error("the files of the volume have more than {UNPACKED_BYTES_MAX} bytes")]
    Size,
    #[error("the name of a file in the volume leads out of it")]
    Name,
    #[error("a file of the volume cannot be unpacked")]
    Read(#[source] std::io::Error),
}

/// A file below `/volume/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VolumeFile {
    /// Its path below the volume; it does not lead out of it.
    pub(crate) path: PathBuf,
    pub(crate) contents: Vec<u8>,
}

/// The files of a volume.
pub(crate) fn unpack(volume: &Volume) -> Result<Vec<VolumeFile>, VolumeError> {
    let mut files = Vec::new();
    for part in volume.parts() {
        let SingleVolume::Inline(inline) = part else {
            return Err(VolumeError::Kind(part.tag()));
        };
        let zip = STANDARD
            .decode(&inline.contents)
            .map_err(VolumeError::Base64)?;
        let folder = inline.relative_path.as_deref().unwrap_or_default();
        unpack_zip(&zip, folder, &mut files)?;
    }
    Ok(files)
}

fn unpack_zip(zip: &[u8], folder: &str, files: &mut Vec<VolumeFile>) -> Result<(), VolumeError> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(VolumeError::Zip)?;
    if archive.len() > FILES_COUNT_MAX {
        return Err(VolumeError::Files(archive.len()));
    }
    let folder = plain_path(folder)?;
    let mut room = UNPACKED_BYTES_MAX;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(VolumeError::Zip)?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.enclosed_name().ok_or(VolumeError::Name)?;
        let mut contents = Vec::new();
        let read = (&mut entry)
            .take(room + 1)
            .read_to_end(&mut contents)
            .map_err(VolumeError::Read)?;
        room = room.checked_sub(read as u64).ok_or(VolumeError::Size)?;
        files.push(VolumeFile {
            path: folder.join(name),
            contents,
        });
    }
    Ok(())
}

/// A path below the volume, without `..` and the like.
fn plain_path(text: &str) -> Result<PathBuf, VolumeError> {
    let path = PathBuf::from(text);
    let is_plain = |part| matches!(part, Component::Normal(_));
    match path.components().all(is_plain) {
        true => Ok(path),
        false => Err(VolumeError::Name),
    }
}

/// Characters of the contents of a volume, as they are in its message.
pub(crate) fn volume_chars(volume: &Volume) -> usize {
    let sizes = volume.parts().iter().map(|part| match part {
        SingleVolume::Inline(inline) => inline.contents.len(),
        _ => 0,
    });
    sizes.sum()
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use horde_proto::volume::InlineVolume;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    /// An inline volume with one file.
    pub(in crate::work) fn inline(name: &str, contents: &[u8]) -> Volume {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Stored);
        archive.start_file(name, stored).unwrap();
        archive.write_all(contents).unwrap();
        let zip = archive.finish().unwrap().into_inner();
        InlineVolume {
            contents: STANDARD.encode(zip),
            relative_path: None,
        }
        .into()
    }

    #[test]
    fn names_that_lead_out_of_the_volume_are_rejected() {
        for name in ["../payload.txt", "/etc/passwd", "a/../../b"] {
            let unpacked = unpack(&inline(name, b"x"));
            // A leading slash is left out, as unzip does.
            match unpacked {
                Err(error) => assert!(matches!(error, VolumeError::Name), "{name}: {error}"),
                Ok(files) => assert!(files.iter().all(|file| file.path.is_relative()), "{name}"),
            }
        }
    }
}
