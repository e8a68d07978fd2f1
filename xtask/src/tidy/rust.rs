//! The Rust sources of the repository, parsed once, with the part of them that is for tests told apart.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Attribute, Item, Meta};

use super::sources;
use crate::Result;
use crate::workspace::Package;

/// A file.
pub(super) struct Source {
    /// Folder of its crate, or the first folder of its path if it belongs to no crate of the workspace.
    pub(super) folder: String,
    /// Path from the root.
    pub(super) name: String,
    /// What is compiled for tests only.
    pub(super) tests: TokenStream,
    /// The rest.
    pub(super) code: TokenStream,
}

/// All Rust files below `root`.
pub(super) fn sources(packages: &[Package], root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in sources::files(root)? {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
            let source = parse(&text, &folder(packages, root, &name), &name)?;
            sources.push(source);
        }
    }
    Ok(sources)
}

fn parse(text: &str, folder: &str, name: &Path) -> Result<Source> {
    let file = syn::parse_file(text)
        .map_err(|error| format!("cannot parse {}: {error}", name.display()))?;
    let for_tests = is_test_only(&file.attrs)
        || name
            .iter()
            .any(|part| part == "tests" || part == "tests.rs");
    let (mut tests, mut code) = Default::default();
    split(file.items, for_tests, &mut tests, &mut code);
    Ok(Source {
        folder: folder.to_owned(),
        name: name.display().to_string(),
        tests,
        code,
    })
}

/// The folder of the innermost crate around a file.
pub(super) fn folder(packages: &[Package], root: &Path, file: &Path) -> String {
    let crates = packages.iter().map(|package| package.relative_folder(root));
    let around = crates.filter(|folder| file.starts_with(folder));
    let outside = || {
        let parts: Vec<_> = file.iter().collect();
        let first = PathBuf::from(if parts.len() > 1 {
            parts[0]
        } else {
            ".".as_ref()
        });
        first.display().to_string()
    };
    around.max_by_key(String::len).unwrap_or_else(outside)
}

fn split(items: Vec<Item>, for_tests: bool, tests: &mut TokenStream, code: &mut TokenStream) {
    for item in items {
        match item {
            Item::Mod(mut module) if !for_tests && !is_test_only(&module.attrs) => {
                if let Some((_, items)) = module.content.take() {
                    split(items, false, tests, code);
                }
            }
            item if for_tests || is_test(&item) => tests.extend(item.into_token_stream()),
            item => code.extend(item.into_token_stream()),
        }
    }
}

fn is_test(item: &Item) -> bool {
    let attributes = match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    is_test_only(attributes)
}

/// Whether `#[cfg(test)]` or `#[test]` is among these.
pub(super) fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        _ => false,
    })
}

/// Calls `look` with the tokens of every group, and those of `code` itself.
pub(super) fn each_level(code: TokenStream, look: &mut impl FnMut(&[TokenTree])) {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    look(&tokens);
    for token in tokens {
        if let TokenTree::Group(group) = token {
            each_level(group.stream(), look);
        }
    }
}

/// A group between brackets.
pub(super) fn bracketed(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some(group),
        _ => None,
    }
}

#[cfg(test)]
pub(super) fn source(text: &str, name: &str) -> Source {
    parse(text, "crate", Path::new(name)).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_for_tests_is_set_apart() {
        let text = "fn a() {}\n#[test]\nfn b() {}\n#[cfg(test)]\nmod tests { fn c() {} }\nmod d { #[test] fn e() {} fn f() {} }";
        let source = source(text, "src/lib.rs");
        assert_eq!(source.code.to_string(), "fn a () { } fn f () { }");
        assert!(source.tests.to_string().contains("fn c"));
        assert!(source.tests.to_string().contains("fn e"));
        let whole = super::source("fn a() {}", "tests/it/main.rs");
        assert!(whole.code.is_empty());
    }
}
