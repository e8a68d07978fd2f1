//! Rules of jobs that go from validator to miner and from miner to executor.

use crate::error::{FieldError, Reason};
use crate::volume::{Volume, VolumeType};

/// A volume comes at once, or its kind is announced.
pub(crate) fn volume_rule(
    volume: Option<&Volume>,
    volume_type: Option<VolumeType>,
) -> Result<(), FieldError> {
    match (volume, volume_type) {
        (Some(_), Some(_)) => Err(FieldError::new(Reason::Rule(
            "has both `volume` and `volume_type`; a volume that comes at once needs no type",
        ))),
        _ => Ok(()),
    }
}

/// A job runs an image or a script.
pub(crate) fn program_rule(
    image: &Option<String>,
    script: &Option<String>,
) -> Result<(), FieldError> {
    let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if is_given(image) || is_given(script) {
        return Ok(());
    }
    Err(FieldError::new(Reason::Rule(
        "has neither `docker_image_name` nor `raw_script`; a job needs one of them",
    )))
}
