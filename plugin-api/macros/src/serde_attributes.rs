//! The serde attributes that change the JSON from which a type is read.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Result, Type};

/// The `#[serde(..)]` attributes of a type, field or variant.
#[derive(Default)]
pub(crate) struct Serde {
    pub(crate) rename: Option<String>,
    pub(crate) rename_all: Case,
    pub(crate) aliases: Vec<String>,
    pub(crate) default: bool,
    pub(crate) deny_unknown_fields: bool,
    pub(crate) skip: bool,
    pub(crate) flatten: bool,
    /// The author's own function reads it.
    pub(crate) custom: bool,
    /// An enum whose representation `tag`, `content` or `untagged` changes.
    pub(crate) tagged: bool,
    /// The type that is read first.
    pub(crate) converted_from: Option<Type>,
}

impl Serde {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut serde = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| serde.take(&meta))?;
            }
        }
        Ok(serde)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let Some(ident) = meta.path.get_ident() else {
            return skip_value(meta);
        };
        match ident.to_string().as_str() {
            "rename" => self.rename = for_reading(meta)?.or(self.rename.take()),
            "rename_all" => {
                if let Some(name) = for_reading(meta)? {
                    self.rename_all = Case::parse(&name, meta)?;
                }
            }
            "alias" => self.aliases.push(text(meta)?.value()),
            "default" => {
                self.default = true;
                skip_value(meta)?;
            }
            "deny_unknown_fields" => self.deny_unknown_fields = true,
            "skip" | "skip_deserializing" => self.skip = true,
            "flatten" => self.flatten = true,
            "tag" | "untagged" | "content" => {
                self.tagged = true;
                skip_value(meta)?;
            }
            "with" | "deserialize_with" => {
                self.custom = true;
                skip_value(meta)?;
            }
            "from" | "try_from" => self.converted_from = Some(text(meta)?.parse()?),
            _ => skip_value(meta)?,
        }
        Ok(())
    }
}

fn text(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    meta.value()?.parse()
}

/// The value of `key = ".."` or of `key(deserialize = "..")`; `key(serialize = "..")` says nothing here.
fn for_reading(meta: &ParseNestedMeta<'_>) -> Result<Option<String>> {
    if meta.input.peek(syn::Token![=]) {
        return Ok(Some(text(meta)?.value()));
    }
    let mut found = None;
    meta.parse_nested_meta(|inner| {
        let value = text(&inner)?.value();
        if inner.path.is_ident("deserialize") {
            found = Some(value);
        }
        Ok(())
    })?;
    Ok(found)
}

fn skip_value(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|inner| skip_value(&inner))?;
    }
    Ok(())
}

/// How names are written.
#[derive(Clone, Copy, Default)]
pub(crate) enum Case {
    /// As in the source.
    #[default]
    AsIs,
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    fn parse(name: &str, meta: &ParseNestedMeta<'_>) -> Result<Self> {
        Ok(match name {
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return Err(meta.error("not a case of serde's")),
        })
    }

    /// Joins lower-case words; `None` if names stay as they are.
    pub(crate) fn join(self, words: &[String]) -> Option<String> {
        let capital = |word: &String| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect::<String>())
        };
        let pascal = || words.iter().filter_map(capital).collect::<String>();
        Some(match self {
            Self::AsIs => return None,
            Self::Lower => words.concat(),
            Self::Upper => words.concat().to_uppercase(),
            Self::Pascal => pascal(),
            Self::Camel => {
                let rest: String = words.iter().skip(1).filter_map(capital).collect();
                words.first().cloned().unwrap_or_default() + &rest
            }
            Self::Snake => words.join("_"),
            Self::ScreamingSnake => words.join("_").to_uppercase(),
            Self::Kebab => words.join("-"),
            Self::ScreamingKebab => words.join("-").to_uppercase(),
        })
    }
}

/// The doc comment, its lines joined.
pub(crate) fn doc_text(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}
