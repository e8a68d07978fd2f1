//! Finds the handlers of an `impl` block and checks their shapes, so that a mistake is reported at its own line.

use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, Result, Type};

use crate::serde_attributes::doc_text;

/// A handler of one event.
pub(crate) struct EventHandler {
    pub(crate) method: Ident,
    pub(crate) event: String,
    /// Type of the arguments; `None` for an event without.
    pub(crate) argument: Option<Type>,
}

/// A handler of a command.
pub(crate) struct CommandHandler {
    pub(crate) method: Ident,
    /// What its doc comment says.
    pub(crate) about: String,
    /// Type of the arguments; `None` for a command without.
    pub(crate) arguments: Option<Type>,
}

/// What the block offers.
pub(crate) struct Handlers {
    pub(crate) config: Type,
    pub(crate) events: Vec<EventHandler>,
    pub(crate) commands: Vec<CommandHandler>,
    pub(crate) timer: bool,
    pub(crate) ws: bool,
    pub(crate) http_response: bool,
    pub(crate) http_request: bool,
    pub(crate) snapshot: bool,
    pub(crate) restore: Option<Type>,
    pub(crate) migrate: bool,
}

impl Handlers {
    pub(crate) fn find(block: &ItemImpl) -> Result<Self> {
        let mut config = None;
        let mut handlers = Self {
            config: Type::Verbatim(proc_macro2::TokenStream::new()),
            events: Vec::new(),
            commands: Vec::new(),
            timer: false,
            ws: false,
            http_response: false,
            http_request: false,
            snapshot: false,
            restore: None,
            migrate: false,
        };
        for item in &block.items {
            let ImplItem::Fn(function) = item else {
                continue;
            };
            if function.attrs.iter().any(is_command) {
                handlers.commands.push(command_handler(function)?);
                continue;
            }
            match function.sig.ident.to_string().as_str() {
                "new" => config = Some(first_of_two(function)?),
                name => handlers.take(name, function)?,
            }
        }
        let Some(config) = config else {
            return Err(syn::Error::new(
                block.self_ty.span(),
                "an extension needs `fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self>`",
            ));
        };
        if handlers.snapshot != handlers.restore.is_some() {
            return Err(syn::Error::new(
                block.self_ty.span(),
                "`snapshot` and `restore` come as a pair: what one hands over the other must take",
            ));
        }
        if handlers.migrate && handlers.restore.is_none() {
            return Err(syn::Error::new(
                block.self_ty.span(),
                "`migrate` makes a state for `restore`, which is missing",
            ));
        }
        Ok(Self { config, ..handlers })
    }

    fn take(&mut self, name: &str, function: &ImplItemFn) -> Result<()> {
        match name {
            "snapshot" => {
                arguments(function, 0)?;
                self.snapshot = true;
            }
            "migrate" => {
                version_and_state(function)?;
                self.migrate = true;
            }
            "restore" => self.restore = Some(argument_after_context(function)?),
            "on_timer" => {
                argument_after_context(function)?;
                self.timer = true;
            }
            "on_ws" => {
                argument_after_context(function)?;
                self.ws = true;
            }
            "on_http_response" => {
                argument_after_context(function)?;
                self.http_response = true;
            }
            "on_http_request" => {
                argument_after_context(function)?;
                self.http_request = true;
            }
            _ => {
                if let Some(event) = name.strip_prefix("on_") {
                    self.events.push(event_handler(event, function)?);
                }
            }
        }
        Ok(())
    }
}

/// Whether this is `#[command]`, which marks the handler of a command.
pub(crate) fn is_command(attribute: &Attribute) -> bool {
    attribute.path().is_ident("command")
}

fn command_handler(function: &ImplItemFn) -> Result<CommandHandler> {
    let arguments = match function.sig.inputs.len() {
        2 => None,
        _ => Some(argument_after_context(function)?),
    };
    Ok(CommandHandler {
        method: function.sig.ident.clone(),
        about: doc_text(&function.attrs),
        arguments,
    })
}

fn event_handler(event: &str, function: &ImplItemFn) -> Result<EventHandler> {
    let argument = match function.sig.inputs.len() {
        2 => None,
        _ => Some(argument_after_context(function)?),
    };
    Ok(EventHandler {
        method: function.sig.ident.clone(),
        event: event.to_owned(),
        argument,
    })
}

/// The type of `new`'s first argument.
fn first_of_two(function: &ImplItemFn) -> Result<Type> {
    match function.sig.inputs.iter().collect::<Vec<_>>()[..] {
        [FnArg::Typed(config), FnArg::Typed(_)] => Ok((*config.ty).clone()),
        _ => Err(wrong_shape(
            function,
            "fn new(config: Config, ctx: &mut Context<'_>)",
        )),
    }
}

fn version_and_state(function: &ImplItemFn) -> Result<()> {
    match function.sig.inputs.iter().collect::<Vec<_>>()[..] {
        [FnArg::Typed(_), FnArg::Typed(_)] => Ok(()),
        _ => Err(wrong_shape(
            function,
            "fn migrate(version: u32, state: serde_json::Value)",
        )),
    }
}

fn argument_after_context(function: &ImplItemFn) -> Result<Type> {
    let types = arguments(function, 2)?;
    Ok(types[1].clone())
}

/// The types after `&mut self`, which must be `count`.
fn arguments(function: &ImplItemFn, count: usize) -> Result<Vec<Type>> {
    let mut inputs = function.sig.inputs.iter();
    let by_reference =
        matches!(inputs.next(), Some(FnArg::Receiver(receiver)) if receiver.reference.is_some());
    let types: Vec<Type> = inputs
        .filter_map(|input| match input {
            FnArg::Typed(typed) => Some((*typed.ty).clone()),
            FnArg::Receiver(_) => None,
        })
        .collect();
    if by_reference && types.len() == count {
        return Ok(types);
    }
    let name = &function.sig.ident;
    let expected = match count {
        0 => format!("fn {name}(&mut self)"),
        _ => format!("fn {name}(&mut self, ctx: &mut Context<'_>, argument: T)"),
    };
    Err(wrong_shape(function, &expected))
}

fn wrong_shape(function: &ImplItemFn, expected: &str) -> syn::Error {
    syn::Error::new(
        function.sig.span(),
        format!("expected `{expected} -> Result<..>`"),
    )
}
