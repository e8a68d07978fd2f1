//! Paths that come from validators.

use std::path::{Component, PathBuf};

/// A path below a folder, without `..` and the like.
pub(super) fn plain_path(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    let is_plain = |part| matches!(part, Component::Normal(_));
    path.components().all(is_plain).then_some(path)
}
