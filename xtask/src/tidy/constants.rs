//! Bounds: a name that ends in `_MAX` means one thing in its crate.

use std::collections::BTreeMap;

use proc_macro2::TokenTree;

use super::ratchet::Breach;
use super::rust::{Source, each_level};

/// Every constant whose name another one of its crate has, but for the first.
pub(super) fn check(sources: &[Source]) -> Vec<Breach> {
    let mut first: BTreeMap<(&str, String), &str> = BTreeMap::new();
    let mut breaches = Vec::new();
    for source in sources {
        for name in bounds(source) {
            let known = first.insert((&source.folder, name.clone()), &source.name);
            if let Some(other) = known {
                let text = format!("{}: {name} is a bound of {other}, too", source.name);
                breaches.push(Breach::new(&source.folder, text));
            }
        }
    }
    breaches
}

fn bounds(source: &Source) -> Vec<String> {
    let mut names = Vec::new();
    each_level(source.code.clone(), &mut |tokens| {
        for pair in tokens.windows(2) {
            if let [TokenTree::Ident(word), TokenTree::Ident(name)] = pair
                && word == "const"
                && name.to_string().ends_with("_MAX")
            {
                names.push(name.to_string());
            }
        }
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rust::source;

    #[test]
    fn a_bound_of_two_meanings_is_found() {
        let one = source(
            "const A_MAX: usize = 1;\nconst B_MAX: usize = 1;",
            "src/one.rs",
        );
        let other = source(
            "impl X { pub(crate) const A_MAX: u64 = 2; }",
            "src/other.rs",
        );
        let found = check(&[one, other]);
        let found: Vec<&str> = found.iter().map(Breach::text).collect();
        assert_eq!(found, ["src/other.rs: A_MAX is a bound of src/one.rs, too"]);
    }
}
