//! Builds the plugin, and passes on what the compiler says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::time::timeout;

use super::child::{Lines, Program};
use super::error::DevError;
use super::package::{Package, Target, cargo};
use super::screen::Screen;

/// Time for a build; the first one builds all dependencies.
const BUILD_TIMEOUT: Duration = Duration::from_secs(3_600);
/// Lines of one build on screen.
const BUILD_LINES_MAX: usize = 400;
/// Ending of a dynamic library's name.
const LIBRARY_SUFFIX: &str = std::env::consts::DLL_SUFFIX;

/// How cargo is called.
#[derive(Clone, Debug)]
pub(super) struct Cargo {
    /// File of this program.
    pub(super) guard: PathBuf,
    /// Whether the plugin is optimised.
    pub(super) is_release: bool,
    /// Whether the compiler's words have colours.
    pub(super) has_colours: bool,
}

/// What a build came to.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Built {
    /// The plugin's file.
    Plugin(PathBuf),
    /// The compiler has said why not.
    Failed,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl Cargo {
    /// The program that runs `command` for a package.
    pub(super) fn program<'a>(
        &self,
        file: &'a OsString,
        package: &'a Package,
        command: &[&str],
    ) -> Program<'a> {
        let mut arguments: Vec<OsString> = command.iter().map(OsString::from).collect();
        if self.is_release {
            arguments.push("--release".into());
        }
        let colours = if self.has_colours { "always" } else { "never" };
        arguments.extend(["--color".into(), colours.into()]);
        Program {
            file: Path::new(file),
            arguments,
            folder: &package.folder,
            is_local: false,
        }
    }

    /// Builds the plugin; the first build shows its progress.
    pub(super) async fn build(
        &self,
        package: &Package,
        is_first: bool,
        screen: &Screen,
    ) -> Result<Built, DevError> {
        let file = cargo();
        let mut command = vec!["build", "--lib", "--message-format=json-render-diagnostics"];
        if !is_first {
            command.push("--quiet");
        }
        let program = self.program(&file, package, &command);
        let started = program.start(&self.guard);
        let (mut child, outputs) = started.map_err(DevError::start("cargo"))?;
        let manifest = package.folder.join(super::package::MANIFEST);
        let run = async {
            let (file, ()) = tokio::join!(
                find_plugin(outputs.output, &manifest),
                pass_on(outputs.errors, screen)
            );
            (file, child.wait().await)
        };
        let Ok((file, status)) = timeout(BUILD_TIMEOUT, run).await else {
            return Err(DevError::Slow {
                what: "the build",
                seconds: BUILD_TIMEOUT.as_secs(),
            });
        };
        let status = status.map_err(DevError::start("cargo"))?;
        match file {
            _ if !status.success() => Ok(Built::Failed),
            Some(file) => Ok(Built::Plugin(file)),
            None => Err(DevError::NoArtifact { manifest }),
        }
    }
}

/// The plugin's file among cargo's messages.
async fn find_plugin(mut messages: Lines, manifest: &Path) -> Option<PathBuf> {
    let mut found = None;
    while let Some(line) = messages.next().await {
        found = plugin_file(&line, manifest).or(found);
    }
    found
}

fn plugin_file(message: &str, manifest: &Path) -> Option<PathBuf> {
    // What a build script prints is not a message.
    let message: Message = serde_json::from_str(message).ok()?;
    let is_plugin = message.reason == "compiler-artifact"
        && message.manifest_path.as_deref() == Some(manifest)
        && message.target.is_some_and(|target| target.is_plugin());
    let is_library = |file: &PathBuf| file.to_string_lossy().ends_with(LIBRARY_SUFFIX);
    let mut files = message.filenames.into_iter();
    files.find(is_library).filter(|_| is_plugin)
}

async fn pass_on(mut lines: Lines, screen: &Screen) {
    let mut count = 0;
    while let Some(line) = lines.next().await {
        count += 1;
        if count <= BUILD_LINES_MAX {
            screen.pass_on(&line);
        }
    }
    if count > BUILD_LINES_MAX {
        let more = count - BUILD_LINES_MAX;
        screen.show("build", &format!("{more} more lines are left out"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plugin_file_is_found_among_messages() {
        let message = |manifest: &str, kind: &str| {
            json!({ "reason": "compiler-artifact", "manifest_path": manifest,
                "target": { "name": "a", "kind": [kind] },
                "filenames": ["/t/liba.d", format!("/t/liba{LIBRARY_SUFFIX}")] })
            .to_string()
        };
        let own = Path::new("/p/Cargo.toml");
        let found = |text: &str| plugin_file(text, own);
        let file = PathBuf::from(format!("/t/liba{LIBRARY_SUFFIX}"));
        assert_eq!(found(&message("/p/Cargo.toml", "cdylib")), Some(file));
        assert_eq!(found(&message("/p/Cargo.toml", "lib")), None);
        assert_eq!(found(&message("/other/Cargo.toml", "cdylib")), None);
        assert_eq!(found("warning: not a message"), None);
    }
}
