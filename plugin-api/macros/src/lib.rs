//! `#[extension]`: turns an `impl` block into a loadable extension. `#[derive(ConfigSchema)]`: describes its config.

mod attribute;
mod expand;
mod parse;
mod schema;
mod serde_attributes;

use proc_macro::TokenStream;

/// Exports the type of an `impl` block as this crate's extension.
///
/// The block has `fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self>` and handlers found by name:
/// `on_<event>(&mut self, ctx: &mut Context<'_>[, event: E]) -> Result<()>`, where `E` decodes from the event's
/// arguments; `on_http_response(.., response: HttpResponse)`; `on_timer(.., tag: String)`; `on_ws(.., event: WsEvent)`;
/// `on_http_request(.., request: HttpRequest) ->
/// Result<HttpReply>` for the routes named in `#[extension(routes("GET /jobs", "POST /submit/*"))]`; and the pair
/// `snapshot(&mut self) -> Result<S>`, `restore(&mut self, ctx: &mut Context<'_>, state: S) -> Result<()>`, with
/// `migrate(version: u32, state: serde_json::Value) -> Result<S>` for a predecessor whose state had another version; without
/// it such a predecessor goes on and the new plugin is refused.
/// A function with `#[command]`, `run(&mut self, ctx: &mut Context<'_>[, arguments: T]) -> Result<Started>`, is a command of its
/// name for operators, with its doc comment as explanation; if `T` has `#[derive(ConfigSchema)]`, operators are shown its keys.
/// Other functions in the block stay what they are. One extension per crate.
///
/// Besides `routes`, the attribute takes what only the author knows: `emits(NewBatch, "custom")` names the events that
/// the extension emits, by type or by name, and `state_version = 2` the version of the state that `snapshot` hands over
/// (1 unless said otherwise). Both are shown to operators. `identity(account: "Who pays.", url: "Where." = "https://..")` names
/// keys at the top of a config, with their meanings and defaults, that say for whom the extension works: the host gives their
/// texts to all extensions, and binds its store to them. `rates(url = RATES)` says how many requests a minute the API host of
/// such a URL takes: a constant `Rates`, to which the host keeps unless its config states others. It is read at the start and
/// when a config is applied. If `Config` has `#[derive(ConfigSchema)]`, the host checks the config section before it loads the
/// extension.
#[proc_macro_attribute]
pub fn extension(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(attribute as attribute::Arguments);
    let block = syn::parse_macro_input!(item as syn::ItemImpl);
    match parse::Handlers::find(&block) {
        Ok(handlers) => expand::expand(&block, &handlers, &arguments).into(),
        Err(error) => error.to_compile_error().into(),
    }
}

/// Describes the JSON of a config type to the host and to operators: keys, types, which must be there, and doc comments.
///
/// Reads the type's serde attributes. For structs with named fields, structs around one value, and enums of plain names.
#[proc_macro_derive(ConfigSchema, attributes(serde))]
pub fn config_schema(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    match schema::expand(&input) {
        Ok(tokens) => tokens.into(),
        Err(error) => error.to_compile_error().into(),
    }
}
