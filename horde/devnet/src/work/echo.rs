//! Echo jobs: the output is the payload of the volume.

use super::outcome::Outcome;
use super::volume::VolumeFile;

/// The file that is echoed.
const PAYLOAD_FILE: &str = "payload.txt";

/// The output of the echo image.
pub(super) fn echo(files: &[VolumeFile]) -> Outcome {
    let mut files = files.iter();
    match files.find(|file| file.path.ends_with(PAYLOAD_FILE)) {
        Some(file) => Outcome::finished(String::from_utf8_lossy(&file.contents).into_owned()),
        None => Outcome::fault(format!(
            "the volume of the echo job has no file {PAYLOAD_FILE}"
        )),
    }
}
