//! Writes the `Extension` implementation, the manifest and the exported root of an extension.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ImplItem, ItemImpl};

use crate::attribute::{ApiRates, Arguments, Emitted, IdentityKey};
use crate::parse::{CommandHandler, EventHandler, Handlers, is_command};

pub(crate) fn expand(block: &ItemImpl, handlers: &Handlers, arguments: &Arguments) -> TokenStream {
    let implementation = implementation(block, handlers, arguments.state_version);
    let exports = exports(block, handlers, arguments);
    let block = without_marks(block);
    quote! {
        #block
        #implementation
        #exports
    }
}

/// The block without `#[command]`, which the compiler does not know.
fn without_marks(block: &ItemImpl) -> ItemImpl {
    let mut block = block.clone();
    for item in &mut block.items {
        if let ImplItem::Fn(function) = item {
            function.attrs.retain(|attribute| !is_command(attribute));
        }
    }
    block
}

fn implementation(block: &ItemImpl, handlers: &Handlers, state_version: u32) -> TokenStream {
    let extension = &block.self_ty;
    let config = &handlers.config;
    let names = event_names(handlers);
    let arms = handlers.events.iter().map(event_arm);
    let http_response = handlers.http_response.then(|| {
        quote! {
            "http_response" => {
                let response = ::tig_plugin_api::export::HttpResponse::decode(payload)?;
                self.on_http_response(ctx, response)
            }
        }
    });
    let timer = handlers.timer.then(|| {
        quote! {
            ::tig_plugin_api::abi::event::TIMER => {
                self.on_timer(ctx, ::tig_plugin_api::export::decode_timer(payload)?)
            }
        }
    });
    let ws = handlers.ws.then(|| {
        quote! {
            ::tig_plugin_api::abi::event::WS => {
                self.on_ws(ctx, ::tig_plugin_api::export::WsEvent::decode(payload)?)
            }
        }
    });
    let request = handlers.http_request.then(request_method);
    let commands = (!handlers.commands.is_empty()).then(|| command_method(&handlers.commands));
    let state = handlers
        .restore
        .as_ref()
        .map(|state| state_methods(state, state_version, handlers.migrate));
    quote! {
        impl ::tig_plugin_api::Extension for #extension {
            const EVENTS: &'static [&'static str] = &[#(#names),*];

            fn create(
                settings: &::tig_plugin_api::Settings,
                ctx: &mut ::tig_plugin_api::Context<'_>,
            ) -> ::tig_plugin_api::Result<Self> {
                let config: #config = settings.section()?;
                Self::new(config, ctx)
            }

            fn handle(
                &mut self,
                ctx: &mut ::tig_plugin_api::Context<'_>,
                name: &str,
                payload: &[u8],
            ) -> ::tig_plugin_api::Result<()> {
                match name {
                    #(#arms)*
                    #http_response
                    #timer
                    #ws
                    _ => ::core::result::Result::Ok(()),
                }
            }

            #request
            #commands
            #state
        }
    }
}

fn event_arm(handler: &EventHandler) -> TokenStream {
    let EventHandler {
        method,
        event,
        argument,
    } = handler;
    match argument {
        None => quote! { #event => self.#method(ctx), },
        Some(argument) => quote! {
            #event => {
                let event: #argument = ::tig_plugin_api::export::decode_event(#event, payload)?;
                self.#method(ctx, event)
            }
        },
    }
}

fn request_method() -> TokenStream {
    quote! {
        fn request(
            &mut self,
            ctx: &mut ::tig_plugin_api::Context<'_>,
            request: ::tig_plugin_api::HttpRequest,
        ) -> ::tig_plugin_api::Result<::tig_plugin_api::HttpReply> {
            self.on_http_request(ctx, request)
        }
    }
}

fn command_method(commands: &[CommandHandler]) -> TokenStream {
    let arms = commands.iter().map(|handler| {
        let CommandHandler {
            method, arguments, ..
        } = handler;
        let name = method.to_string();
        match arguments {
            None => quote! { #name => self.#method(ctx), },
            Some(arguments) => quote! {
                #name => {
                    let decoded: #arguments =
                        ::tig_plugin_api::export::decode_arguments(#name, arguments)?;
                    self.#method(ctx, decoded)
                }
            },
        }
    });
    quote! {
        fn command(
            &mut self,
            ctx: &mut ::tig_plugin_api::Context<'_>,
            name: &str,
            arguments: &[u8],
        ) -> ::tig_plugin_api::Result<::tig_plugin_api::Started> {
            match name {
                #(#arms)*
                _ => ::tig_plugin_api::bail!("no command `{name}`"),
            }
        }
    }
}

/// The commands as the manifest lists them.
fn command_texts(commands: &[CommandHandler]) -> impl Iterator<Item = TokenStream> {
    commands.iter().map(|handler| {
        let CommandHandler {
            method,
            about,
            arguments,
        } = handler;
        let name = method.to_string();
        let schema = match arguments {
            Some(arguments) => quote! { <::tig_plugin_api::export::SchemaOf<#arguments>>::SCHEMA },
            None => quote! {
                ::core::option::Option::Some(&::tig_plugin_api::export::NO_ARGUMENTS)
            },
        };
        quote! {
            ::tig_plugin_api::export::CommandText { name: #name, about: #about, arguments: #schema }
        }
    })
}

fn state_methods(state: &syn::Type, version: u32, migrate: bool) -> TokenStream {
    let migrate = if migrate {
        quote! { ::core::option::Option::Some(Self::migrate) }
    } else {
        quote! { ::core::option::Option::None }
    };
    quote! {
        fn snapshot(
            &mut self,
        ) -> ::tig_plugin_api::Result<::core::option::Option<::std::vec::Vec<u8>>> {
            let state: #state = Self::snapshot(self)?;
            ::tig_plugin_api::export::encode_state(#version, &state)
        }

        fn restore(
            &mut self,
            ctx: &mut ::tig_plugin_api::Context<'_>,
            state: &[u8],
        ) -> ::tig_plugin_api::Result<()> {
            let migrate: ::core::option::Option<::tig_plugin_api::export::Migrate<#state>> = #migrate;
            let state: #state = ::tig_plugin_api::export::decode_state(state, #version, migrate)?;
            Self::restore(self, ctx, state)
        }
    }
}

/// The root that the host looks up, and the manifest in its section. Both are exported symbols, which is what keeps the
/// linker from dropping them.
fn exports(block: &ItemImpl, handlers: &Handlers, arguments: &Arguments) -> TokenStream {
    let extension = &block.self_ty;
    let config = &handlers.config;
    let events = event_names(handlers);
    let emits = arguments.emits.iter().map(|emitted| match emitted {
        Emitted::Name(name) => quote! { #name },
        Emitted::Type(path) => quote! { <#path as ::tig_plugin_api::Event>::NAME },
    });
    let identity = arguments.identity.iter().map(|key| {
        let IdentityKey {
            name,
            about,
            default,
        } = key;
        let default = match default {
            Some(default) => quote! { ::core::option::Option::Some(#default) },
            None => quote! { ::core::option::Option::None },
        };
        quote! {
            ::tig_plugin_api::export::IdentityText { name: #name, about: #about, default: #default }
        }
    });
    let commands = command_texts(&handlers.commands);
    let rates = arguments.rates.iter().map(|ApiRates { identity, rates }| {
        let identity = identity.to_string();
        quote! {
            ::tig_plugin_api::export::RatesText { identity: #identity, rates: #rates }
        }
    });
    let Arguments {
        routes,
        state_version,
        ..
    } = arguments;
    quote! {
        #[doc(hidden)]
        const _: () = {
            use ::tig_plugin_api::export::NoSchema as _;

            const MANIFEST: ::tig_plugin_api::export::ManifestText = ::tig_plugin_api::export::ManifestText {
                name: ::core::env!("CARGO_CRATE_NAME"),
                version: ::core::env!("CARGO_PKG_VERSION"),
                panic: if ::core::cfg!(panic = "unwind") { "unwind" } else { "abort" },
                events: &[#(#events),*],
                emits: &[#(#emits),*],
                routes: &[#(#routes),*],
                state_version: #state_version,
                config: <::tig_plugin_api::export::SchemaOf<#config>>::SCHEMA,
                identity: &[#(#identity),*],
                commands: &[#(#commands),*],
                rates: &[#(#rates),*],
            };

            #[unsafe(no_mangle)]
            #[unsafe(link_section = ".tigplug")]
            pub static TIG_EXTENSION_MANIFEST: [u8; MANIFEST.length()] = MANIFEST.bytes();

            #[unsafe(no_mangle)]
            pub static TIG_EXTENSION_ROOT: ::tig_plugin_api::export::LibHeader =
                ::tig_plugin_api::export::header::<#extension>();
        };
    }
}

fn event_names(handlers: &Handlers) -> Vec<String> {
    let mut names: Vec<String> = handlers
        .events
        .iter()
        .map(|handler| handler.event.clone())
        .collect();
    if handlers.http_response {
        names.push("http_response".to_owned());
    }
    // As in `tig_plugin_api::abi::event`: a macro cannot read the constants of the crate that it is part of.
    if handlers.timer {
        names.push("host.timer".to_owned());
    }
    if handlers.ws {
        names.push("host.ws".to_owned());
    }
    names
}
