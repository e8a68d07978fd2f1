//! What a solver prints.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use sha2::{Digest, Sha256};

use super::stage::Stage;

/// URL-safe base 64 of the SHA-256 of all passwords, stage after stage, each stage's in order.
pub(super) fn of(stages: &[Stage]) -> String {
    let mut hasher = Sha256::new();
    for password in stages.iter().flat_map(|stage| &stage.passwords) {
        hasher.update(password);
    }
    URL_SAFE.encode(hasher.finalize())
}
