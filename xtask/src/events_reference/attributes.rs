//! What the attributes of an item say: its documentation, and its form in JSON.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::{Attribute, Expr, Lit, Meta};

/// The lines of the documentation, one paragraph each.
pub(super) fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("doc") => text(&meta.value),
            _ => None,
        });
    let lines: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    without_links(lines.join("\n").trim())
}

pub(super) fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(expression) => match &expression.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Links of rustdoc lead nowhere outside of it: the text of each is left, in the form of code that it has.
fn without_links(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((name, after)) = link.split_once("`]") else {
            break;
        };
        plain += &format!("{before}`{name}`");
        let target = after
            .strip_prefix('(')
            .and_then(|target| target.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
    }
    plain + rest
}

/// The value of `key = "value"` in a `#[serde(..)]`.
pub(super) fn serde(attributes: &[Attribute], key: &str) -> Option<String> {
    let tokens = serde_tokens(attributes);
    let found = tokens.windows(3).find(|three| {
        matches!(&three[0], TokenTree::Ident(word) if word == key)
            && matches!(&three[1], TokenTree::Punct(sign) if sign.as_char() == '=')
    })?;
    Some(found[2].to_string().trim_matches('"').to_owned())
}

pub(super) fn has_serde(attributes: &[Attribute], key: &str) -> bool {
    let is_key = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == key);
    serde_tokens(attributes).iter().any(is_key)
}

fn serde_tokens(attributes: &[Attribute]) -> Vec<TokenTree> {
    let lists = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("serde") => Some(list.tokens.to_token_stream()),
            _ => None,
        });
    lists.flatten().collect()
}
