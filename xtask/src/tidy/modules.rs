//! The modules of a crate: what each declares, exports again, and names elsewhere in the crate. Code for tests is left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens as _;
use syn::{Item, ItemMod, UseTree};

use super::paths::{self, ModulePath};
use super::rust::is_test_only;
use crate::Result;

/// Exports that lead to further exports are followed so many times.
const EXPORTS_FOLLOWED_MAX: usize = 8;

/// A module of a crate.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Paths that its code names.
    pub(super) names: Vec<ModulePath>,
    /// Names that it imports or exports, with the paths to what they mean.
    exports: BTreeMap<String, ModulePath>,
}

/// The modules of a crate by their paths; that of the root is empty.
#[derive(Debug, Default)]
pub(super) struct Modules(pub(super) BTreeMap<ModulePath, Module>);

impl Modules {
    /// Reads the crate whose root is this file.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut modules = Self::default();
        let folder = root.parent().unwrap_or(Path::new(".")).to_owned();
        modules.read_file(root, &folder, Vec::new())?;
        Ok(modules)
    }

    /// The module in which the item at `path` is defined, as far as it can be known.
    pub(super) fn home(&self, path: &[String]) -> ModulePath {
        self.follow(path, EXPORTS_FOLLOWED_MAX)
    }

    fn follow(&self, path: &[String], exports_left: usize) -> ModulePath {
        let mut home = Vec::new();
        for (at, segment) in path.iter().enumerate() {
            let mut child = home.clone();
            child.push(segment.clone());
            if self.0.contains_key(&child) {
                home = child;
                continue;
            }
            let exported = self.0.get(&home).and_then(|it| it.exports.get(segment));
            return match exported {
                Some(exported) if exports_left > 0 => {
                    let path = [exported, &path[at + 1..]].concat();
                    self.follow(&path, exports_left - 1)
                }
                _ => home,
            };
        }
        home
    }

    fn read_file(&mut self, file: &Path, folder: &Path, path: ModulePath) -> Result<()> {
        let text = fs::read_to_string(file)?;
        let parsed = syn::parse_file(&text)
            .map_err(|error| format!("cannot parse {}: {error}", file.display()))?;
        self.read_items(parsed.items, folder, path)
    }

    fn read_items(&mut self, items: Vec<Item>, folder: &Path, path: ModulePath) -> Result<()> {
        let mut module = Module::default();
        let mut children = Vec::new();
        for item in items {
            match item {
                Item::Mod(child) if !is_test_only(&child.attrs) => children.push(child),
                Item::Mod(_) => {}
                Item::Use(item) if !is_test_only(&item.attrs) => {
                    flatten(&item.tree, &mut Vec::new(), &mut module.exports);
                    let code = item.to_token_stream();
                    module.names.extend(paths::named(code, &path));
                }
                item => module
                    .names
                    .extend(paths::named(item.to_token_stream(), &path)),
            }
        }
        let is_child = |name: &String| children.iter().any(|child| child.ident == name);
        module
            .exports
            .retain(|_, target| absolute(target, &path, is_child));
        self.0.insert(path.clone(), module);
        for child in children {
            self.read_child(child, folder, &path)?;
        }
        Ok(())
    }

    fn read_child(&mut self, child: ItemMod, folder: &Path, parent: &[String]) -> Result<()> {
        let name = child.ident.to_string();
        let mut path = parent.to_vec();
        path.push(name.clone());
        let inner = folder.join(&name);
        if let Some((_, items)) = child.content {
            return self.read_items(items, &inner, path);
        }
        let beside: PathBuf = folder.join(format!("{name}.rs"));
        let file = if beside.is_file() {
            beside
        } else {
            inner.join("mod.rs")
        };
        self.read_file(&file, &inner, path)
    }
}

/// Names that a `use` brings, with the segments of their paths.
fn flatten(tree: &UseTree, prefix: &mut ModulePath, found: &mut BTreeMap<String, ModulePath>) {
    let mut add = |name: String, last: &syn::Ident| {
        let mut path = prefix.clone();
        if last != "self" {
            path.push(last.to_string());
        }
        found.insert(name, path);
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Name(name) => add(name.ident.to_string(), &name.ident),
        UseTree::Rename(rename) => add(rename.rename.to_string(), &rename.ident),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, found);
            }
        }
        UseTree::Glob(_) => {}
    }
}

/// Makes the path of a `use` in `module` one from the root; `false` if it leads out of the crate.
fn absolute(path: &mut ModulePath, module: &[String], is_child: impl Fn(&String) -> bool) -> bool {
    let mut base = match path.first().map(String::as_str) {
        Some("crate") => Vec::new(),
        Some("self" | "super") => module.to_vec(),
        Some(_) if path.first().is_some_and(is_child) => module.to_vec(),
        _ => return false,
    };
    for segment in path.drain(..) {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => drop(base.pop()),
            _ => base.push(segment),
        }
    }
    *path = base;
    true
}
