//! The files of the page, as they were when the extension was built.

use std::hash::{DefaultHasher, Hash, Hasher};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// A file of the page.
#[derive(Debug)]
pub(crate) struct File {
    /// Path of its URL.
    pub(crate) path: &'static str,
    /// Value of its `Content-Type`.
    pub(crate) content_type: &'static str,
    /// What is in it.
    pub(crate) content: &'static [u8],
}

impl File {
    /// Differs whenever the content does: the value of `ETag`.
    pub(crate) fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.content.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }
}

/// The file at a path of a URL.
pub(crate) fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

/// A file below `/operator/assets/`.
macro_rules! asset {
    ($name:literal, $from:literal, $content_type:expr) => {
        File {
            path: concat!("/operator/assets/", $name),
            content_type: $content_type,
            content: include_bytes!(concat!("../", $from, "/", $name)),
        }
    };
}

/// All files.
pub(crate) const FILES: &[File] = &[
    File {
        path: "/operator/",
        content_type: HTML,
        content: include_bytes!("../page/index.html"),
    },
    asset!("style.css", "page", STYLE),
    asset!("icon.svg", "page", IMAGE),
    asset!("uPlot.esm.js", "vendor/uplot", SCRIPT),
    asset!("uPlot.min.css", "vendor/uplot", STYLE),
    asset!("api.js", "page", SCRIPT),
    asset!("conditions.js", "page", SCRIPT),
    asset!("control.js", "page", SCRIPT),
    asset!("dom.js", "page", SCRIPT),
    asset!("events.js", "page", SCRIPT),
    asset!("format.js", "page", SCRIPT),
    asset!("heatmap.js", "page", SCRIPT),
    asset!("history.js", "page", SCRIPT),
    asset!("main.js", "page", SCRIPT),
    asset!("plot.js", "page", SCRIPT),
    asset!("table.js", "page", SCRIPT),
    asset!("theme.js", "page", SCRIPT),
    asset!("timeline.js", "page", SCRIPT),
    asset!("tone.js", "page", SCRIPT),
    asset!("view-conditions.js", "page", SCRIPT),
    asset!("view-events.js", "page", SCRIPT),
    asset!("view-extensions.js", "page", SCRIPT),
    asset!("view-history.js", "page", SCRIPT),
    asset!("view-overview.js", "page", SCRIPT),
    asset!("view-panel.js", "page", SCRIPT),
    asset!("widgets.js", "page", SCRIPT),
];
