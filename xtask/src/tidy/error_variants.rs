//! Public errors: each variant is named in a test, so that somebody has seen it happen.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, ItemEnum, Visibility};

use super::ratchet::Breach;
use super::rust::{Source, each_level};

/// Name of an enum and of its variant.
type Variant = (String, String);

/// Every variant that no test names.
pub(super) fn check(sources: &[Source]) -> Vec<Breach> {
    let mut named = BTreeSet::new();
    for source in sources {
        each_level(source.tests.clone(), &mut |tokens| {
            named.extend(tokens.windows(4).filter_map(path_of_two));
        });
    }
    let mut breaches = Vec::new();
    for source in sources {
        for (error, variant) in variants(&source.code) {
            if !named.contains(&(error.clone(), variant.clone())) {
                let text = format!("{}: no test names {error}::{variant}", source.name);
                breaches.push(Breach::new(&source.folder, text));
            }
        }
    }
    breaches
}

/// `Error::Variant` in four tokens.
fn path_of_two(tokens: &[TokenTree]) -> Option<Variant> {
    match tokens {
        [
            TokenTree::Ident(one),
            TokenTree::Punct(colon),
            TokenTree::Punct(_),
            TokenTree::Ident(other),
        ] if colon.as_char() == ':' => Some((one.to_string(), other.to_string())),
        _ => None,
    }
}

/// The variants of the public enums that are errors.
fn variants(code: &TokenStream) -> Vec<Variant> {
    let Ok(file) = syn::parse2::<syn::File>(code.clone()) else {
        return Vec::new();
    };
    let enums = file.items.into_iter().filter_map(|item| match item {
        Item::Enum(item) if is_public_error(&item) => Some(item),
        _ => None,
    });
    enums.flat_map(of_enum).collect()
}

fn of_enum(error: ItemEnum) -> Vec<Variant> {
    let name = error.ident.to_string();
    let variants = error.variants.iter();
    variants
        .map(|variant| (name.clone(), variant.ident.to_string()))
        .collect()
}

fn is_public_error(item: &ItemEnum) -> bool {
    let derives_error = item.attrs.iter().any(|attribute| {
        attribute.path().is_ident("derive")
            && attribute
                .meta
                .require_list()
                .is_ok_and(|list| list.tokens.to_string().contains("Error"))
    });
    derives_error && matches!(item.vis, Visibility::Public(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rust::source;

    #[test]
    fn a_variant_that_no_test_names_is_found() {
        let errors = "#[derive(Debug, thiserror::Error)] pub enum E { Seen, Unseen { a: u8 } }
            #[derive(Debug, thiserror::Error)] pub(crate) enum Inner { Unseen }
            #[derive(Debug)] pub enum Other { Unseen }
            fn f() -> E { E::Unseen { a: 1 } }";
        let tests = "fn t() { assert!(matches!(f(), Err(crate::E::Seen))); }";
        let found = check(&[source(errors, "src/lib.rs"), source(tests, "tests/it.rs")]);
        let found: Vec<&str> = found.iter().map(Breach::text).collect();
        assert_eq!(found, ["src/lib.rs: no test names E::Unseen"]);
    }
}
