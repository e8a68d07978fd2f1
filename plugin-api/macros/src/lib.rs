//! `#[extension]`: turns an `impl` block into a loadable extension.

mod expand;
mod parse;

use proc_macro::TokenStream;

/// Exports the type of an `impl` block as this crate's extension.
///
/// The block has `fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self>` and handlers found by name:
/// `on_<event>(&mut self, ctx: &mut Context<'_>[, event: E]) -> Result<()>`, where `E` decodes from the event's
/// arguments; `on_http_response(.., response: HttpResponse)`; `on_http_request(.., request: HttpRequest) ->
/// Result<HttpReply>` for the routes named in `#[extension(routes("GET /jobs", "POST /submit/*"))]`; and the pair
/// `snapshot(&mut self) -> Result<S>`, `restore(&mut self, ctx: &mut Context<'_>, state: S) -> Result<()>`.
/// Other functions in the block stay what they are. One extension per crate.
#[proc_macro_attribute]
pub fn extension(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let routes = syn::parse_macro_input!(attribute as parse::Routes);
    let block = syn::parse_macro_input!(item as syn::ItemImpl);
    match parse::Handlers::find(&block) {
        Ok(handlers) => expand::expand(&block, &handlers, &routes).into(),
        Err(error) => error.to_compile_error().into(),
    }
}
