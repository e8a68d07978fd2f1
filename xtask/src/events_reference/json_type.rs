//! Types of Rust as readers of JSON know them.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

use super::types::type_name;

/// What a type is in JSON, in words.
pub(super) fn json_type(of: &Type) -> String {
    let Some(name) = type_name(of) else {
        return of.to_token_stream().to_string();
    };
    let inner = arguments(of);
    let word = |index: usize| {
        inner
            .get(index)
            .map_or_else(|| "JSON".to_owned(), |of| json_type(of))
    };
    match name.as_str() {
        "String" => "text".to_owned(),
        "bool" => "true or false".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "i32" | "i64" => "integer".to_owned(),
        "f64" => "number".to_owned(),
        "Value" | "RawValue" => "JSON".to_owned(),
        "Option" => format!("{} or null", word(0)),
        "Vec" | "BTreeSet" | "HashSet" => format!("list of {}", word(0)),
        "BTreeMap" | "HashMap" => format!("{} by name", word(1)),
        "Box" => word(0),
        _ => format!("`{name}`"),
    }
}

fn arguments(of: &Type) -> Vec<&Type> {
    let Type::Path(path) = of else {
        return Vec::new();
    };
    let last = path.path.segments.last().map(|segment| &segment.arguments);
    let Some(PathArguments::AngleBracketed(list)) = last else {
        return Vec::new();
    };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(of) => Some(of),
        _ => None,
    });
    types.collect()
}

/// Names of all types in a type.
pub(super) fn names(of: &Type) -> Vec<String> {
    let inner = arguments(of).into_iter().flat_map(names);
    type_name(of).into_iter().chain(inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_become_words() {
        for (of, expected) in [
            ("Option<Vec<u64>>", "list of integer or null"),
            ("BTreeMap<String, Option<f64>>", "number or null by name"),
            ("Box<RawValue>", "JSON"),
            ("api::Block", "`Block`"),
        ] {
            assert_eq!(json_type(&syn::parse_str(of).unwrap()), expected);
        }
    }
}
