//! Types as their sources state them: documentation, fields, and the events that they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proc_macro2::TokenTree;
use syn::{Expr, Fields, ImplItem, Item, ItemImpl, Type};

use super::attributes::{documentation, has_serde, serde, text};
use crate::Result;
use crate::workspace::Workspace;

/// A field of a type, or a variant of an enum.
pub(super) struct Member {
    /// As in JSON; empty for the only field of a tuple.
    pub(super) name: String,
    /// `None` for a variant.
    pub(super) value: Option<Type>,
    pub(super) about: String,
    /// Its members stand among those of the type around it.
    pub(super) is_flat: bool,
    /// Fields of a variant.
    pub(super) fields: Vec<Member>,
}

/// A struct or an enum.
pub(super) struct Described {
    pub(super) about: String,
    pub(super) members: Vec<Member>,
    pub(super) is_enum: bool,
    /// The key that names the variant of an enum with fields.
    pub(super) tag: Option<String>,
}

/// The types of some crates by name, and the events among them.
#[derive(Default)]
pub(super) struct Types {
    described: BTreeMap<String, Described>,
    /// Event by type.
    events: BTreeMap<String, Name>,
}

/// The name of an event.
enum Name {
    Text(String),
    /// It is that of another type.
    OfType(String),
}

impl Types {
    /// Reads the sources of the crates in `folders`. Of types with the same name that of the first crate counts.
    pub(super) fn read(workspace: &Workspace, folders: &[&str]) -> Result<Self> {
        let mut types = Self::default();
        for folder in folders {
            for file in rust_files(&workspace.root.join(folder).join("src"))? {
                types.add(parse(&file)?.items);
            }
        }
        Ok(types)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Described> {
        self.described.get(name)
    }

    /// The event that is of this type.
    pub(super) fn event_of(&self, type_name: &str) -> Option<&str> {
        match self.events.get(type_name)? {
            Name::Text(name) => Some(name),
            Name::OfType(_) => None,
        }
    }

    /// The same for a type that may have the name of one in `shared`.
    pub(super) fn event_of_own<'a>(&'a self, type_name: &str, shared: &'a Self) -> Option<&'a str> {
        match self.events.get(type_name) {
            Some(Name::Text(name)) => Some(name),
            Some(Name::OfType(other)) => shared.event_of(other),
            None => shared.event_of(type_name),
        }
    }

    #[cfg(test)]
    pub(super) fn event_names(&self) -> impl Iterator<Item = &str> {
        self.events.keys().filter_map(|name| self.event_of(name))
    }

    /// Adds the types and events of a file; a module of tests has none that count.
    pub(super) fn add(&mut self, items: Vec<Item>) {
        for item in items {
            match item {
                Item::Struct(item) => {
                    let described = Described {
                        about: documentation(&item.attrs),
                        members: fields(item.fields),
                        is_enum: false,
                        tag: None,
                    };
                    self.described
                        .entry(item.ident.to_string())
                        .or_insert(described);
                }
                Item::Enum(item) => {
                    let is_snake =
                        serde(&item.attrs, "rename_all").as_deref() == Some("snake_case");
                    let variants = item.variants.into_iter().map(|variant| Member {
                        name: variant_name(&variant.ident.to_string(), is_snake),
                        value: None,
                        about: documentation(&variant.attrs),
                        is_flat: false,
                        fields: fields(variant.fields),
                    });
                    let described = Described {
                        about: documentation(&item.attrs),
                        members: variants.collect(),
                        is_enum: true,
                        tag: serde(&item.attrs, "tag"),
                    };
                    self.described
                        .entry(item.ident.to_string())
                        .or_insert(described);
                }
                Item::Impl(item) => self.events.extend(implemented_event(&item)),
                Item::Macro(item) if item.mac.path.is_ident("event") => {
                    let tokens: Vec<TokenTree> = item.mac.tokens.into_iter().collect();
                    if let [TokenTree::Ident(name), _, TokenTree::Literal(event), ..] = &tokens[..]
                    {
                        let event = event.to_string().trim_matches('"').to_owned();
                        self.events.insert(name.to_string(), Name::Text(event));
                    }
                }
                _ => {}
            }
        }
    }
}

/// All Rust files below a folder, but for tests, in the same order each time.
pub(super) fn rust_files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("tests") {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn parse(path: &Path) -> Result<syn::File> {
    let text = fs::read_to_string(path)?;
    let parsed = syn::parse_file(&text);
    Ok(parsed.map_err(|error| format!("cannot parse {}: {error}", path.display()))?)
}

/// Type of `impl Event for Type`, and its name: a text, or that of another type.
fn implemented_event(item: &ItemImpl) -> Option<(String, Name)> {
    let (_, path, _) = item.trait_.as_ref()?;
    if path.segments.last()?.ident != "Event" {
        return None;
    }
    let name = item.items.iter().find_map(|item| match item {
        ImplItem::Const(item) if item.ident == "NAME" => Some(&item.expr),
        _ => None,
    })?;
    let name = match name {
        Expr::Path(path) => Name::OfType(path.path.segments.iter().nth_back(1)?.ident.to_string()),
        name => Name::Text(text(name)?),
    };
    Some((type_name(&item.self_ty)?, name))
}

/// The last part of a type's path.
pub(super) fn type_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

fn fields(fields: Fields) -> Vec<Member> {
    let fields = fields.into_iter();
    let members = fields.map(|field| Member {
        name: serde(&field.attrs, "rename")
            .or_else(|| field.ident.as_ref().map(ToString::to_string))
            .unwrap_or_default(),
        about: documentation(&field.attrs),
        is_flat: field.ident.is_some() && has_serde(&field.attrs, "flatten"),
        value: Some(field.ty),
        fields: Vec::new(),
    });
    members.collect()
}

fn variant_name(name: &str, is_snake: bool) -> String {
    if !is_snake {
        return name.to_owned();
    }
    let mut snake = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}
