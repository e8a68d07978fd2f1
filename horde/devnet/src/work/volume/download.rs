//! Downloads of the parts of a volume that have a URL.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt as _, TryStreamExt as _};
use horde_proto::volume::SingleVolume;

use super::unpack::Part;
use super::{VOLUME_BYTES_MAX, VOLUME_FILES_COUNT_MAX, VolumeError};
use crate::work::http::{TRANSFERS_COUNT_MAX, TransferError, attempt, client};

/// The parts with all their bytes, in their order.
pub(super) async fn download(parts: Vec<SingleVolume>) -> Result<Vec<Part>, VolumeError> {
    if parts.len() > VOLUME_FILES_COUNT_MAX {
        return Err(VolumeError::Files(parts.len()));
    }
    let room = Arc::new(Room(AtomicU64::new(VOLUME_BYTES_MAX)));
    let parts = futures_util::stream::iter(parts.into_iter().enumerate());
    let downloads = parts.map(|(index, part)| download_part(index, part, room.clone()));
    downloads.buffered(TRANSFERS_COUNT_MAX).try_collect().await
}

async fn download_part(
    index: usize,
    part: SingleVolume,
    room: Arc<Room>,
) -> Result<Part, VolumeError> {
    let failed = |source| VolumeError::Download { index, source };
    let get = async |url: &str| attempt(|| get(url, &room)).await;
    match part {
        SingleVolume::ZipUrl(zip) => Ok(Part::Zip {
            bytes: get(zip.contents.as_str()).await.map_err(failed)?,
            folder: zip.relative_path.unwrap_or_default(),
        }),
        SingleVolume::SingleFile(file) => Ok(Part::File {
            bytes: get(file.url.as_str()).await.map_err(failed)?,
            path: file.relative_path,
        }),
        part @ (SingleVolume::Inline(_) | SingleVolume::Huggingface(_)) => Part::of_message(part),
    }
}

/// The body of an answer with status 200.
async fn get(url: &str, room: &Room) -> Result<Vec<u8>, TransferError> {
    let mut response = client()?.get(url).send().await?;
    let status = response.status();
    if !status.is_success() {
        return Err(TransferError::Status(status));
    }
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if room.take(chunk.len()) => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(TransferError::Size),
            Ok(None) => return Ok(bytes),
            Err(error) => {
                room.release(bytes.len());
                return Err(error.into());
            }
        }
    }
}

/// Bytes that the downloads of a volume may still have.
struct Room(AtomicU64);

impl Room {
    /// Takes so many bytes, if there are as many.
    fn take(&self, count: usize) -> bool {
        let take = |left: u64| left.checked_sub(count as u64);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }

    fn release(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }
}
