//! Zip files and single files, as files of one volume.

use std::io::{Cursor, Read};
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_proto::volume::{InlineVolume, SingleVolume};
use zip::ZipArchive;

use super::{VOLUME_BYTES_MAX, VOLUME_FILES_COUNT_MAX, VolumeError, VolumeFile};
use crate::work::path::plain_path;

/// A part of a volume, with all its bytes.
#[derive(Debug)]
pub(super) enum Part {
    /// A zip file, in base 64.
    Inline(InlineVolume),
    /// A zip file that was downloaded, and the folder to unpack it into.
    Zip { bytes: Vec<u8>, folder: String },
    /// A file that was downloaded, and its path.
    File { bytes: Vec<u8>, path: String },
}

impl Part {
    /// The part of a volume that is whole in its message.
    pub(super) fn of_message(part: SingleVolume) -> Result<Self, VolumeError> {
        match part {
            SingleVolume::Inline(inline) => Ok(Self::Inline(inline)),
            SingleVolume::Huggingface(_) => Err(VolumeError::Huggingface),
            SingleVolume::ZipUrl(_) | SingleVolume::SingleFile(_) => Err(VolumeError::NoNetwork),
        }
    }
}

/// The files of all parts, in their order.
pub(super) fn unpack(parts: Vec<Part>) -> Result<Vec<VolumeFile>, VolumeError> {
    let mut unpacking = Unpacking {
        files: Vec::new(),
        room: VOLUME_BYTES_MAX,
    };
    for part in parts {
        match part {
            Part::Inline(inline) => {
                let bytes = STANDARD.decode(&inline.contents);
                let bytes = bytes.map_err(VolumeError::Base64)?;
                let folder = inline.relative_path.unwrap_or_default();
                unpacking.add_zip("inline", &bytes, &folder)?;
            }
            Part::Zip { bytes, folder } => unpacking.add_zip("zip_url", &bytes, &folder)?,
            Part::File { bytes, path } => {
                let path = plain_path(&path).ok_or(VolumeError::Name)?;
                if path.as_os_str().is_empty() {
                    return Err(VolumeError::Name);
                }
                unpacking.add_file(path, bytes)?;
            }
        }
    }
    Ok(unpacking.files)
}

/// What is unpacked so far.
struct Unpacking {
    files: Vec<VolumeFile>,
    /// Bytes that all later files may have.
    room: u64,
}

impl Unpacking {
    fn add_file(&mut self, path: PathBuf, contents: Vec<u8>) -> Result<(), VolumeError> {
        if self.files.len() >= VOLUME_FILES_COUNT_MAX {
            return Err(VolumeError::Files(self.files.len() + 1));
        }
        let left = self.room.checked_sub(contents.len() as u64);
        self.room = left.ok_or(VolumeError::Size)?;
        self.files.push(VolumeFile { path, contents });
        Ok(())
    }

    fn add_zip(
        &mut self,
        kind: &'static str,
        bytes: &[u8],
        folder: &str,
    ) -> Result<(), VolumeError> {
        let faulty = |source| VolumeError::Zip { kind, source };
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(faulty)?;
        if archive.len() > VOLUME_FILES_COUNT_MAX {
            return Err(VolumeError::Files(archive.len()));
        }
        let folder = plain_path(folder).ok_or(VolumeError::Name)?;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(faulty)?;
            if entry.is_dir() {
                continue;
            }
            let path = folder.join(entry.enclosed_name().ok_or(VolumeError::Name)?);
            let mut contents = Vec::new();
            let mut limited = (&mut entry).take(self.room + 1);
            let read = limited.read_to_end(&mut contents);
            read.map_err(VolumeError::Read)?;
            self.add_file(path, contents)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn zip(name: &str, contents: &[u8], method: CompressionMethod) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::DEFAULT.compression_method(method);
        archive.start_file(name, options).unwrap();
        archive.write_all(contents).unwrap();
        archive.finish().unwrap().into_inner()
    }

    fn unpacked(name: &str, folder: &str) -> Result<Vec<VolumeFile>, VolumeError> {
        let bytes = zip(name, b"x", CompressionMethod::Stored);
        unpack(vec![Part::Zip {
            bytes,
            folder: folder.to_owned(),
        }])
    }

    #[test]
    fn names_that_lead_out_of_the_volume_are_rejected() {
        for name in ["../payload.txt", "/etc/passwd", "a/../../b"] {
            // A leading slash is left out, as unzip does.
            match unpacked(name, "") {
                Err(error) => assert!(matches!(error, VolumeError::Name), "{name}: {error}"),
                Ok(files) => assert!(files.iter().all(|file| file.path.is_relative()), "{name}"),
            }
        }
        for path in ["../a", "/a", "a/..", ""] {
            let part = Part::File {
                bytes: Vec::new(),
                path: path.to_owned(),
            };
            let error = unpack(vec![part]).unwrap_err();
            assert!(matches!(error, VolumeError::Name), "{path}: {error}");
        }
        assert!(matches!(unpacked("a", "../b"), Err(VolumeError::Name)));
        let files = unpacked("a", "b/c").unwrap();
        assert_eq!(files[0].path, Path::new("b/c/a"));
    }

    #[test]
    fn zip_file_that_unpacks_to_too_much_is_rejected() {
        let mut unpacking = Unpacking {
            files: Vec::new(),
            room: 1_000,
        };
        let bytes = zip("a", &[0; 1_001], CompressionMethod::Deflated);
        assert!(bytes.len() < 500, "{}", bytes.len());
        let error = unpacking.add_zip("zip_url", &bytes, "").unwrap_err();
        assert!(matches!(error, VolumeError::Size), "{error}");
    }
}
