//! Paths within a crate that tokens name: those that begin with `crate`, `super` or `self`.
//!
//! Tokens in place of syntax, because paths also stand in the arguments of macros.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Segments of a path below the root of its crate.
pub(super) type ModulePath = Vec<String>;

/// All paths that the code of `module` names.
pub(super) fn named(code: TokenStream, module: &[String]) -> Vec<ModulePath> {
    let mut found = Vec::new();
    scan(code, module, &mut found);
    found
}

fn scan(code: TokenStream, module: &[String], found: &mut Vec<ModulePath>) {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            TokenTree::Group(group) => {
                scan(group.stream(), module, found);
                at + 1
            }
            TokenTree::Ident(word) if is_separator(&tokens, at + 1) => {
                match start(&word.to_string(), module) {
                    Some(base) => follow(&tokens, at + 1, base, found),
                    None => at + 1,
                }
            }
            _ => at + 1,
        };
    }
}

/// The module that the first segment of a path means; `None` for a path to somewhere else.
fn start(word: &str, module: &[String]) -> Option<ModulePath> {
    match word {
        "crate" => Some(Vec::new()),
        "self" => Some(module.to_vec()),
        "super" => Some(module[..module.len().saturating_sub(1)].to_vec()),
        _ => None,
    }
}

/// Reads the rest of a path from `at` on, and returns where the next token behind it is.
fn follow(
    tokens: &[TokenTree],
    mut at: usize,
    mut path: ModulePath,
    found: &mut Vec<ModulePath>,
) -> usize {
    while is_separator(tokens, at) {
        at += 2;
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => extend(&mut path, &word.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                branches(group.stream(), &path, found);
                return at + 1;
            }
            _ => break,
        }
        at += 1;
    }
    found.push(path);
    at
}

/// The paths of `{a, b::c}` behind `path`.
fn branches(code: TokenStream, path: &[String], found: &mut Vec<ModulePath>) {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    for branch in tokens.split(is_comma) {
        if let Some(TokenTree::Ident(word)) = branch.first() {
            let mut path = path.to_vec();
            extend(&mut path, &word.to_string());
            follow(branch, 1, path, found);
        }
    }
}

fn extend(path: &mut ModulePath, segment: &str) {
    match segment {
        "super" => drop(path.pop()),
        "self" => {}
        name => path.push(name.to_owned()),
    }
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_uses_code_and_macros() {
        let code = "use crate::{a::B, c::{self, D}}; use super::e::F; use std::fs;
            fn f(x: super::super::G) { println!(\"{}\", self::h::i::<u8>()); x.self_test }";
        let module = ["m".to_owned(), "n".to_owned()];
        let found = named(code.parse().unwrap(), &module);
        let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
        assert_eq!(found, ["a::B", "c", "c::D", "m::e::F", "G", "m::n::h::i"]);
    }
}
