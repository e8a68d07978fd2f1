//! Names of tests: subject, condition and result in at most so many characters.

use proc_macro2::TokenTree;

use super::ratchet::Breach;
use super::rust::{Source, bracketed, each_level};

/// Characters of a name.
const NAME_CHARS_MAX: usize = 50;

/// Every name that is too long.
pub(super) fn check(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        for name in names(source)
            .iter()
            .filter(|name| name.len() > NAME_CHARS_MAX)
        {
            let text = format!("{}: {name} has {} characters", source.name, name.len());
            breaches.push(Breach::new(&source.folder, text));
        }
    }
    breaches
}

/// Functions behind `#[test]`, in macros too.
fn names(source: &Source) -> Vec<String> {
    let mut names = Vec::new();
    each_level(source.tests.clone(), &mut |tokens| {
        let mut is_test = false;
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(word) if word == "fn" && is_test => {
                    is_test = false;
                    names.extend(tokens.get(at + 1).map(TokenTree::to_string));
                }
                token => is_test |= bracketed(token).is_some_and(is_test_attribute),
            }
        }
    });
    names
}

/// `test`, `tokio::test` and the like, with or without arguments.
fn is_test_attribute(attribute: &proc_macro2::Group) -> bool {
    let path = attribute.stream().into_iter();
    let path = path.take_while(|token| !matches!(token, TokenTree::Group(_)));
    path.last()
        .is_some_and(|last| matches!(last, TokenTree::Ident(word) if word == "test"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rust::source;

    #[test]
    fn names_that_are_too_long_are_found() {
        let long = "a".repeat(NAME_CHARS_MAX + 1);
        let fits = "b".repeat(NAME_CHARS_MAX);
        let text = format!(
            "#[tokio::test(start_paused = true)]\nasync fn {long}() {{}}\n#[test]\nfn {fits}() {{}}
            fn helper_{long}() {{}}\nproptest! {{ #[test] fn x{long}(a in 0..1) {{}} }}"
        );
        let found = check(&[source(&text, "tests/it.rs")]);
        let found: Vec<&str> = found.iter().map(Breach::text).collect();
        assert_eq!(
            found,
            [
                format!("tests/it.rs: {long} has 51 characters"),
                format!("tests/it.rs: x{long} has 52 characters")
            ]
        );
    }
}
