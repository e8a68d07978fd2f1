//! Which extension emits an event and which handle it, from the `#[extension]` attributes that their manifests come from.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::{ImplItem, Item, ItemImpl, Meta};

use super::types::{Types, parse, rust_files};
use crate::Result;
use crate::workspace::Workspace;

/// Extensions by the event that they emit or handle.
#[derive(Debug, Default)]
pub(super) struct Parties {
    emitters: BTreeMap<String, BTreeSet<String>>,
    handlers: BTreeMap<String, BTreeSet<String>>,
}

impl Parties {
    /// Reads the sources of the extensions below `folder`. `types` has the events that they share.
    pub(super) fn read(workspace: &Workspace, folder: &str, types: &Types) -> Result<Self> {
        let mut parties = Self::default();
        for package in &workspace.packages {
            let place = package.relative_folder(&workspace.root);
            let is_below = place
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'));
            if is_below {
                let mut items = Vec::new();
                for file in rust_files(&package.folder().join("src"))? {
                    items.extend(parse(&file)?.items);
                }
                parties.add(&package.name.replace('-', "_"), items, types);
            }
        }
        Ok(parties)
    }

    pub(super) fn emitters(&self, event: &str) -> impl Iterator<Item = &str> {
        self.emitters
            .get(event)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    pub(super) fn handlers(&self, event: &str) -> impl Iterator<Item = &str> {
        self.handlers
            .get(event)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// All events that an extension emits or handles.
    #[cfg(test)]
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.emitters
            .keys()
            .chain(self.handlers.keys())
            .map(String::as_str)
            .collect()
    }

    /// Adds the extension `name` with the items of its sources, among which may be types of its own for shared events.
    fn add(&mut self, name: &str, items: Vec<Item>, types: &Types) {
        let extensions: Vec<_> = items.iter().filter_map(extension).collect();
        let mut handled = BTreeSet::new();
        let mut emitted = BTreeSet::new();
        for (item, arguments) in extensions {
            handled.extend(item.items.iter().filter_map(handled_event));
            emitted.extend(emitted_types(arguments));
        }
        let mut own = Types::default();
        own.add(items);
        for type_name in emitted {
            let event = own.event_of_own(&type_name, types);
            let event = event.unwrap_or(&type_name).to_owned();
            self.emitters
                .entry(event)
                .or_default()
                .insert(name.to_owned());
        }
        for event in handled {
            self.handlers
                .entry(event)
                .or_default()
                .insert(name.to_owned());
        }
    }
}

/// An `impl` with `#[extension(..)]`, and what is in the brackets.
fn extension(item: &Item) -> Option<(&ItemImpl, TokenStream)> {
    let Item::Impl(item) = item else {
        return None;
    };
    item.attrs
        .iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::Path(path) if path.is_ident("extension") => Some((item, TokenStream::new())),
            Meta::List(list) if list.path.is_ident("extension") => {
                Some((item, list.tokens.clone()))
            }
            _ => None,
        })
}

/// The event of a function `on_<event>`; requests are not events.
fn handled_event(item: &ImplItem) -> Option<String> {
    let ImplItem::Fn(function) = item else {
        return None;
    };
    let name = function.sig.ident.to_string();
    match name.strip_prefix("on_")? {
        "http_request" => None,
        "timer" => Some("host.timer".to_owned()),
        "ws" => Some("host.ws".to_owned()),
        event => Some(event.to_owned()),
    }
}

/// The types, or names, in `emits(..)`: the last word before each comma.
fn emitted_types(arguments: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let group = tokens.windows(2).find_map(|two| match two {
        [TokenTree::Ident(word), TokenTree::Group(group)] if word == "emits" => Some(group),
        _ => None,
    });
    let mut types = Vec::new();
    let mut last = None;
    for token in group.into_iter().flat_map(|group| group.stream()) {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == ',' => types.extend(last.take()),
            TokenTree::Ident(word) => last = Some(word.to_string()),
            TokenTree::Literal(name) => last = Some(name.to_string().trim_matches('"').to_owned()),
            _ => {}
        }
    }
    types.extend(last);
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_says_what_is_emitted_and_handled() {
        let source = r#"
            struct Own;
            impl Event for Own { const NAME: &'static str = "own"; }
            struct Snapshot<'a>(&'a str);
            impl Event for Snapshot<'_> { const NAME: &'static str = tig_events::NewBlock::NAME; }
            #[extension(routes("GET /a"), emits(Own, Snapshot, tig_events::Alert, "custom"))]
            impl Fetcher {
                fn new() {}
                fn on_update(&mut self) {}
                fn on_timer(&mut self) {}
                fn on_http_request(&mut self) {}
            }
        "#;
        let mut types = Types::default();
        types.add(
            syn::parse_str::<syn::File>(
                "event!(Alert, \"alert\"); event!(NewBlock, \"new_block\", latest);",
            )
            .unwrap()
            .items,
        );
        let mut parties = Parties::default();
        parties.add("fetcher", syn::parse_file(source).unwrap().items, &types);
        let expected = [
            "alert",
            "custom",
            "host.timer",
            "new_block",
            "own",
            "update",
        ];
        assert_eq!(Vec::from_iter(parties.names()), expected);
        assert!(parties.emitters("new_block").eq(["fetcher"]));
        assert!(parties.handlers("update").eq(["fetcher"]));
        assert_eq!(parties.handlers("alert").count(), 0);
    }
}
