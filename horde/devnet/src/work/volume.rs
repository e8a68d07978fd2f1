//! Volumes of jobs, as the files that they have below `/volume/`.

mod download;
mod unpack;

use std::path::PathBuf;
use std::time::Duration;

use base64::DecodeError;
use horde_proto::Volume;
use horde_proto::volume::SingleVolume;
use zip::result::ZipError;

use super::http::TransferError;
use download::download;
use unpack::{Part, unpack};

/// Time for all downloads of a volume.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// Bytes that the files of a volume may have together, and its downloads.
const VOLUME_BYTES_MAX: u64 = 256 << 20;
/// Files in a volume.
const VOLUME_FILES_COUNT_MAX: usize = 10_000;

/// Why a job does not get its volume. The texts go to the validator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VolumeError {
    /// The reference's text.
    #[error("Input volume downloading took too long")]
    Timeout,
    #[error("part {index} of the volume cannot be downloaded")]
    Download {
        /// From 0.
        index: usize,
        #[source]
        source: TransferError,
    },
    #[error("this miner has no access to repositories of huggingface.co; give the files by URL")]
    Huggingface,
    #[error("this volume has a URL, and a simulation has no network")]
    NoNetwork,
    #[error("the contents of the inline volume are not base 64")]
    Base64(#[source] DecodeError),
    #[error("the contents of the {kind} volume are not a zip file")]
    Zip {
        kind: &'static str,
        #[source]
        source: ZipError,
    },
    #[error("the volume has {0} files, more than {VOLUME_FILES_COUNT_MAX}")]
    Files(usize),
    #[error("the files of the volume have more than {VOLUME_BYTES_MAX} bytes")]
    Size,
    #[error("the name of a file in the volume leads out of it")]
    Name,
    #[error("a file of the volume cannot be unpacked")]
    Read(#[source] std::io::Error),
    #[error("the volume was not unpacked")]
    Thread(#[source] tokio::task::JoinError),
}

/// A file below `/volume/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VolumeFile {
    /// Its path below the volume; it does not lead out of it.
    pub(crate) path: PathBuf,
    pub(crate) contents: Vec<u8>,
}

/// Whether the volume, if there is one, came with its message.
pub(super) fn is_inline(volume: Option<&Volume>) -> bool {
    let is_inline = |part: &SingleVolume| matches!(part, SingleVolume::Inline(_));
    volume.is_none_or(|volume| volume.parts().iter().all(is_inline))
}

/// The files of a volume, of which what has a URL is downloaded.
pub(super) async fn load(volume: Option<Volume>) -> Result<Vec<VolumeFile>, VolumeError> {
    let parts = match volume {
        None => return Ok(Vec::new()),
        Some(Volume::Single(single)) => vec![single],
        Some(Volume::Multi(multi)) => multi.volumes,
    };
    let downloaded = tokio::time::timeout(DOWNLOAD_TIMEOUT, download(parts)).await;
    let parts = downloaded.map_err(|_| VolumeError::Timeout)??;
    let unpacked = tokio::task::spawn_blocking(move || unpack(parts)).await;
    unpacked.map_err(VolumeError::Thread)?
}

/// The files of a volume that came with its message.
pub(super) fn load_inline(volume: Option<&Volume>) -> Result<Vec<VolumeFile>, VolumeError> {
    let parts = volume.map(Volume::parts).unwrap_or_default();
    let parts = parts.iter().cloned();
    let parts: Vec<Part> = parts.map(Part::of_message).collect::<Result<_, _>>()?;
    unpack(parts)
}

/// Characters of the contents of a volume, as they are in its message.
pub(crate) fn volume_chars(volume: &Volume) -> usize {
    let sizes = volume.parts().iter().map(|part| match part {
        SingleVolume::Inline(inline) => inline.contents.len(),
        _ => 0,
    });
    sizes.sum()
}
