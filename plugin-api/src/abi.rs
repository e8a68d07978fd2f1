//! The binary contract, as the crate `tig-plugin-abi` has it, and the header with which a plugin file exports it.
//!
//! The types are in a crate of their own because the layout check compares the version of the crate that a type is from:
//! releases of this crate must not separate plugins from hosts.

#![expect(
    unsafe_code,
    reason = "a header states the type of what its function returns"
)]

use abi_stable::library::{CheckTypeLayout, LibHeader, RootModuleResult};
use abi_stable::prefix_type::PrefixTypeTrait;
pub use tig_plugin_abi::*;

use crate::extension::Extension;
use crate::guard::create;

/// The header that `#[extension]` exports as [`ROOT_SYMBOL`].
#[must_use]
pub const fn header<E: Extension>() -> LibHeader {
    // SAFETY: `load::<E>` returns the module made by `root_module::<E>`, whose type is `ExtensionModuleRef`: the type
    // that this header states and whose layout it carries.
    unsafe { LibHeader::from_constructor::<ExtensionModuleRef>(load::<E>, CheckTypeLayout::Yes) }
}

extern "C" fn load<E: Extension>() -> RootModuleResult {
    abi_stable::library::__call_root_module_loader(root_module::<E>)
}

fn root_module<E: Extension>() -> ExtensionModuleRef {
    ExtensionModule {
        api_version: API_VERSION,
        create: create::<E>,
    }
    .leak_into_prefix()
}
