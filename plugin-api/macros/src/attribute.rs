//! Arguments of `#[extension(..)]`: what the code of the block does not tell.

use syn::{
    Ident, LitInt, LitStr, Path, Result, Token,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

/// `routes("GET /jobs", ..)`, `emits(NewBatch, "custom", ..)` and `state_version = 2`, each at most once.
pub(crate) struct Arguments {
    pub(crate) routes: Vec<LitStr>,
    pub(crate) emits: Vec<Emitted>,
    pub(crate) state_version: u32,
}

/// An event that the extension emits.
pub(crate) enum Emitted {
    /// By its name.
    Name(LitStr),
    /// By its type, which has an `Event` implementation.
    Type(Path),
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self {
            routes: Vec::new(),
            emits: Vec::new(),
            state_version: 1,
        };
        let mut seen = Vec::new();
        while !input.is_empty() {
            let keyword: Ident = input.parse()?;
            if seen.contains(&keyword) {
                return Err(syn::Error::new(keyword.span(), "given twice"));
            }
            arguments.take(&keyword, input)?;
            seen.push(keyword);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn take(&mut self, keyword: &Ident, input: ParseStream<'_>) -> Result<()> {
        match keyword.to_string().as_str() {
            "routes" => {
                self.routes = list::<LitStr>(input)?;
                self.routes.iter().try_for_each(check_route)
            }
            "emits" => {
                self.emits = list(input)?;
                Ok(())
            }
            "state_version" => {
                input.parse::<Token![=]>()?;
                self.state_version = input.parse::<LitInt>()?.base10_parse()?;
                Ok(())
            }
            _ => Err(syn::Error::new(
                keyword.span(),
                "expected `routes(\"GET /path\", ..)`, `emits(EventType, \"name\", ..)` or `state_version = 1`",
            )),
        }
    }
}

fn list<T: Parse>(input: ParseStream<'_>) -> Result<Vec<T>> {
    let content;
    syn::parenthesized!(content in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&content)?
        .into_iter()
        .collect())
}

impl Parse for Emitted {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            input.parse().map(Self::Name)
        } else {
            input.parse().map(Self::Type)
        }
    }
}

fn check_route(route: &LitStr) -> Result<()> {
    let text = route.value();
    let path = text
        .strip_prefix("GET ")
        .or_else(|| text.strip_prefix("POST "));
    let plain = path.map(|path| path.strip_suffix("/*").unwrap_or(path));
    match plain {
        Some(path) if path.starts_with('/') && !path.contains(['*', ' ']) => Ok(()),
        _ => Err(syn::Error::new(
            route.span(),
            "a route is `GET /path` or `POST /path`, with `/*` at most at its end",
        )),
    }
}
