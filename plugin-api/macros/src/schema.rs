//! `#[derive(ConfigSchema)]`: a type's schema, read off its fields, doc comments and serde attributes.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Fields, FieldsNamed, Result, Type};

use crate::serde_attributes::{Case, Serde, doc_text};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new(
            input.generics.span(),
            "a config type has no parameters",
        ));
    }
    let serde = Serde::parse(&input.attrs)?;
    let schema = match (&serde.converted_from, &input.data) {
        (Some(source), _) => schema_of(source),
        (None, Data::Struct(data)) => match &data.fields {
            Fields::Named(fields) => object(input, &serde, fields)?,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                schema_of(&fields.unnamed[0].ty)
            }
            Fields::Unnamed(_) | Fields::Unit => return Err(unsupported(input)),
        },
        (None, Data::Enum(data)) => choice(input, &serde, data)?,
        (None, Data::Union(_)) => return Err(unsupported(input)),
    };
    Ok(quote! {
        impl ::tig_plugin_api::ConfigSchema for #name {
            const SCHEMA: ::tig_plugin_api::Schema = #schema;
        }
    })
}

fn unsupported(input: &DeriveInput) -> syn::Error {
    syn::Error::new(
        input.ident.span(),
        "`ConfigSchema` is derived for structs with named fields, for structs around one value and for enums of plain \
         names; implement it by hand",
    )
}

fn schema_of(ty: &Type) -> TokenStream {
    quote_spanned! { ty.span() => <#ty as ::tig_plugin_api::ConfigSchema>::SCHEMA }
}

fn object(input: &DeriveInput, serde: &Serde, fields: &FieldsNamed) -> Result<TokenStream> {
    let description = doc_text(&input.attrs);
    let closed = serde.deny_unknown_fields;
    let mut entries = Vec::new();
    for field in &fields.named {
        entries.extend(entries_of(field, serde)?);
    }
    Ok(quote! {
        ::tig_plugin_api::Schema::Object {
            description: #description,
            fields: &[#(#entries),*],
            closed: #closed,
        }
    })
}

/// The keys that lead to a field: its name and its aliases.
fn entries_of(field: &syn::Field, container: &Serde) -> Result<Vec<TokenStream>> {
    let serde = Serde::parse(&field.attrs)?;
    if serde.skip {
        return Ok(Vec::new());
    }
    if serde.flatten {
        return Err(syn::Error::new(
            field.span(),
            "a flattened field has no schema; list its keys here",
        ));
    }
    let ty = &field.ty;
    let ident = field.ident.as_ref().map(ToString::to_string);
    let own_name = container
        .rename_all
        .of_field(ident.unwrap_or_default().trim_start_matches("r#"));
    let schema = if serde.custom {
        quote! { ::tig_plugin_api::Schema::Any }
    } else {
        schema_of(ty)
    };
    let has_default = container.default || serde.default || !serde.aliases.is_empty();
    let required = if has_default || serde.custom {
        quote! { false }
    } else {
        quote! { !<#ty as ::tig_plugin_api::ConfigSchema>::OPTIONAL }
    };
    let description = doc_text(&field.attrs);
    let names = std::iter::once(serde.rename.unwrap_or(own_name)).chain(serde.aliases);
    let entry = |name| {
        quote! {
            ::tig_plugin_api::Field {
                name: #name,
                description: #description,
                required: #required,
                schema: &#schema,
            }
        }
    };
    Ok(names.map(entry).collect())
}

fn choice(input: &DeriveInput, serde: &Serde, data: &DataEnum) -> Result<TokenStream> {
    let mut names = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) || serde.tagged {
            return Err(unsupported(input));
        }
        let own = Serde::parse(&variant.attrs)?;
        if own.skip {
            continue;
        }
        let ident = variant.ident.to_string();
        names.push(own.rename.unwrap_or(serde.rename_all.of_variant(&ident)));
        names.extend(own.aliases);
    }
    Ok(quote! { ::tig_plugin_api::Schema::Choice(&[#(#names),*]) })
}

impl Case {
    fn of_field(self, name: &str) -> String {
        self.join(&name.split('_').map(str::to_owned).collect::<Vec<_>>())
            .unwrap_or_else(|| name.to_owned())
    }

    fn of_variant(self, name: &str) -> String {
        let mut words: Vec<String> = Vec::new();
        for letter in name.chars() {
            match words.last_mut() {
                Some(word) if !letter.is_uppercase() => word.push(letter),
                _ => words.push(letter.to_lowercase().collect()),
            }
        }
        self.join(&words).unwrap_or_else(|| name.to_owned())
    }
}
