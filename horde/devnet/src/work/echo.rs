//! Echo jobs: the output is the payload of the volume.

use horde_proto::Volume;

use super::outcome::Outcome;
use super::volume::unpack;

/// The file that is echoed.
const PAYLOAD_FILE: &str = "payload.txt";

/// The output of the echo image.
pub(super) fn echo(volume: Option<&Volume>) -> Outcome {
    let Some(volume) = volume else {
        return Outcome::fault("the echo job has no volume");
    };
    match unpack(volume) {
        Err(error) => Outcome::fault(tig_process::error_chain::error_chain(&error)),
        Ok(files) => {
            let payload = files
                .into_iter()
                .find(|file| file.path.ends_with(PAYLOAD_FILE));
            match payload {
                Some(file) => {
                    Outcome::finished(String::from_utf8_lossy(&file.contents).into_owned())
                }
                None => Outcome::fault(format!("the volume has no file {PAYLOAD_FILE}")),
            }
        }
    }
}
