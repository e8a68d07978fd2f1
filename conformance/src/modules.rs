//! The small modules that cases refer to by name.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::vectors::{own_folder, read};

/// The file that holds them.
const FILE_NAME: &str = "wasms.json";

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    mini: Vec<Module>,
}

#[derive(Deserialize)]
struct Module {
    name: String,
    wasm_hex: String,
}

/// Modules by name; those of the folder come before those of this repository.
#[derive(Debug, Default)]
pub(crate) struct Modules(BTreeMap<String, Vec<u8>>);

impl Modules {
    pub(crate) fn load(folder: &Path) -> Result<Self, String> {
        let mut modules = BTreeMap::new();
        for folder in [&own_folder(), folder] {
            let path = folder.join(FILE_NAME);
            if !path.exists() {
                continue;
            }
            let file: File = read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            for Module { name, wasm_hex } in file.mini {
                let wasm = hex::decode(wasm_hex).map_err(|error| format!("{name}: {error}"))?;
                modules.insert(name, wasm);
            }
        }
        Ok(Self(modules))
    }

    /// The bytes of a module, if it is here.
    pub(crate) fn find(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(name, wasm)| (name.as_str(), wasm.as_slice()))
    }
}
