//! `#[extension]`: turns an `impl` block into a loadable extension. `#[derive(ConfigSchema)]`: describes its config.

mod attribute;
mod expand;
mod parse;
mod schema;
mod serde_attributes;

use proc_macro::TokenStream;

/// Exports the type of an `impl` block as this crate's extension. One extension per crate.
///
/// The host finds functions by their names:
///
/// | function | called |
/// |---|---|
/// | `fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self>` | when the instance is created; `Config` decodes from the extension's section of the config |
/// | `fn on_<event>(&mut self, ctx: &mut Context<'_>[, event: E]) -> Result<()>` | with the arguments of the event, decoded into an `E` |
/// | `fn on_http_response(.., response: HttpResponse) -> Result<()>` | with the answer to a request of the extension |
/// | `fn on_timer(.., tag: String) -> Result<()>` | when a timer is due |
/// | `fn on_ws(.., event: WsEvent) -> Result<()>` | when something has happened to a websocket connection |
/// | `fn on_http_request(.., request: HttpRequest) -> Result<HttpReply>` | for the routes of the attribute |
/// | `fn snapshot(&mut self) -> Result<S>` | at a reload, to hand its state over; the instance may go on afterwards |
/// | `fn restore(&mut self, ctx: &mut Context<'_>, state: S) -> Result<()>` | after `new`, with the state of the predecessor |
/// | `fn migrate(version: u32, state: serde_json::Value) -> Result<S>` | before `restore`, if the state has another version; without it such a predecessor goes on and the new plugin is refused |
/// | `#[command] fn run(&mut self, ctx: &mut Context<'_>[, arguments: T]) -> Result<Started>` | by operators, as the command `run`; its doc comment explains it, and a `T` with `#[derive(ConfigSchema)]` shows its keys |
///
/// `snapshot` and `restore` come as a pair. Other functions in the block stay what they are.
///
/// The attribute takes what only the author knows, and operators are shown:
///
/// | argument | meaning |
/// |---|---|
/// | `routes("GET /jobs", "POST /submit/*")` | routes that `on_http_request` answers; `*` stands for one last segment |
/// | `emits(NewBatch, "custom")` | events that the extension emits, by type or by name |
/// | `state_version = 2` | version of the state that `snapshot` hands over; 1 unless said otherwise |
/// | `identity(account: "Who pays.", url: "Where." = "https://..")` | keys at the top of a config, with meanings and defaults, that say for whom the extension works: the host gives their texts to all extensions, and binds its store to them |
/// | `rates(url = RATES)` | how many requests a minute the API host of such a URL takes: a constant `Rates`, to which the host keeps unless its config states others; it is read at the start and when a config is applied |
///
/// If `Config` has `#[derive(ConfigSchema)]`, the host checks the config section before it loads the extension.
///
/// The documentation of `tig_plugin_api` has a whole extension, and one with `migrate`.
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
