//! The loader proper: one of the few places of the workspace with unsafe code.

#![expect(
    unsafe_code,
    reason = "mapping a library runs its code: this module argues why that may be done"
)]

use std::path::Path;
use std::sync::Arc;

use abi_stable::library::AbiHeaderRef;
use abi_stable::std_types::{ROption, RResult, RSlice};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use tig_plugin_api::Manifest;
use tig_plugin_api::abi::{ExtensionModuleRef, Failure, HostRef, InstanceBox, ROOT_SYMBOL};

use super::PluginError;
use super::layout_reason::layout_reason;

/// A loaded plugin. Its code stays mapped until the process ends.
#[derive(Clone)]
pub struct Plugin {
    /// Its manifest.
    pub manifest: Arc<Manifest>,
    /// BLAKE3 of its file, in hex.
    pub hash: String,
    /// Length of its file, about the size of the mapping.
    pub code_bytes: u64,
    module: ExtensionModuleRef,
}

impl Plugin {
    /// Creates an instance.
    ///
    /// # Errors
    ///
    /// The config section is wrong, `new` or `restore` fails, or either panics.
    pub fn create(
        &self,
        host: HostRef<'_>,
        settings: &[u8],
        snapshot: Option<&[u8]>,
    ) -> Result<InstanceBox, Failure> {
        let snapshot: ROption<RSlice<'_, u8>> = snapshot.map(RSlice::from_slice).into();
        match self.module.create()(host, RSlice::from_slice(settings), snapshot) {
            RResult::ROk(instance) => Ok(instance),
            RResult::RErr(failure) => Err(failure),
        }
    }
}

/// Maps the copy of a plugin file and checks its layout; `original` is the operator's file, for errors.
///
/// # Errors
///
/// The file cannot be mapped, has no root module, or one of another layout.
pub(crate) fn open(
    copy: &Path,
    original: &Path,
    manifest: Manifest,
) -> Result<Plugin, PluginError> {
    let refused = |reason: String| PluginError::Load {
        path: original.to_owned(),
        reason,
    };
    // SAFETY: mapping a library runs its initialisers, and nothing can make foreign code safe: the operator who lists a
    // plugin trusts its author. What can be excluded is: the bytes were read whole, are kept in a file that nobody
    // writes, and (but in the probe's own process) were mapped before by a child without harm.
    let library = unsafe { Library::open(Some(copy), RTLD_NOW | RTLD_LOCAL) }
        .map_err(|error| refused(linker_reason(&error.to_string())))?;
    // SAFETY: `#[extension]` exports the symbol as a `LibHeader`, which begins with the `AbiHeader` that `AbiHeaderRef`
    // points to; `upgrade` below compares the header's magic bytes and version before anything else is read. A file
    // that exports the name with something else inside is a foreign plugin and falls under the trust above.
    let header: AbiHeaderRef = unsafe {
        *library
            .get::<AbiHeaderRef>(ROOT_SYMBOL.as_bytes())
            .map_err(|error| refused(format!("it has no root module ({error})")))?
    };
    // The header is `'static`: the library must stay mapped. Thread-locals of the plugin would make unmapping unsound anyway.
    std::mem::forget(library);
    let module = header
        .upgrade()
        .and_then(|header| header.init_root_module::<ExtensionModuleRef>())
        .map_err(|error| refused(layout_reason(&error.to_string())))?;
    Ok(Plugin {
        manifest: Arc::new(manifest),
        hash: String::new(),
        code_bytes: 0,
        module,
    })
}

/// The dynamic linker's text, with a remedy if a library is missing.
fn linker_reason(text: &str) -> String {
    const MISSING: &str = ": cannot open shared object file: No such file or directory";
    match text.strip_suffix(MISSING) {
        Some(library) if !library.contains('/') => format!(
            "it needs the library {library}, which is neither in the system's folders nor where its RUNPATH says; install it, \
             or link the plugin with the RUNPATH $ORIGIN and put {library} beside it"
        ),
        _ => text.to_owned(),
    }
}
