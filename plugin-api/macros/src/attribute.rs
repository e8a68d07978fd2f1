//! Arguments of `#[extension(..)]`: what the code of the block does not show.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitInt, LitStr, Path, Result, Token};

/// `routes("GET /jobs", ..)`, `emits(NewBatch, "custom", ..)`, `state_version = 2`,
/// `identity(account: "Who pays.", url: "Where." = "https://..")` and `rates(url = RATES)`, each at most once.
pub(crate) struct Arguments {
    pub(crate) routes: Vec<LitStr>,
    pub(crate) emits: Vec<Emitted>,
    pub(crate) state_version: u32,
    pub(crate) identity: Vec<IdentityKey>,
    pub(crate) rates: Vec<ApiRates>,
}

/// `name: "Meaning." = "default"`, the default being a constant, and optional.
pub(crate) struct IdentityKey {
    pub(crate) name: String,
    pub(crate) about: LitStr,
    pub(crate) default: Option<Expr>,
}

/// `url = RATES`: a key of the identity, and a constant `Rates`.
pub(crate) struct ApiRates {
    pub(crate) identity: Ident,
    pub(crate) rates: Expr,
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
            identity: Vec::new(),
            rates: Vec::new(),
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
        arguments.check_rates()?;
        Ok(arguments)
    }
}

impl Arguments {
    fn check_rates(&self) -> Result<()> {
        for ApiRates { identity, .. } in &self.rates {
            if self.identity.iter().all(|key| identity != &key.name) {
                let text = "rates are those of a URL that `identity` names; name it there too";
                return Err(syn::Error::new(identity.span(), text));
            }
        }
        Ok(())
    }

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
            "identity" => {
                self.identity = list(input)?;
                Ok(())
            }
            "rates" => {
                self.rates = list(input)?;
                Ok(())
            }
            _ => Err(syn::Error::new(
                keyword.span(),
                "expected `routes(\"GET /path\", ..)`, `emits(EventType, \"name\", ..)`, `state_version = 1`, \
                 `identity(key: \"Meaning.\" = \"default\", ..)` or `rates(key = RATES, ..)`",
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

impl Parse for IdentityKey {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: Ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let about = input.parse()?;
        let default = input.parse::<Option<Token![=]>>()?;
        Ok(Self {
            name: name.to_string(),
            about,
            default: default.map(|_| input.parse()).transpose()?,
        })
    }
}

impl Parse for ApiRates {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let identity = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self {
            identity,
            rates: input.parse()?,
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> std::result::Result<Arguments, String> {
        syn::parse_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn rates_need_a_key_of_the_identity() {
        let arguments = read("rates(url = RATES), identity(url: \"Where.\")").unwrap();
        assert_eq!(arguments.rates.len(), 1);
        assert_eq!(arguments.rates[0].identity, "url");
        let error = read("rates(url = RATES), identity(uri: \"Where.\")").err();
        let text = "rates are those of a URL that `identity` names; name it there too";
        assert_eq!(error.as_deref(), Some(text));
    }
}
