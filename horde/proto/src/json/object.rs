//! Macros that make the type, its reader and its writer from one list of fields, in the order of the wire.

use serde_json::{Map, Value};

use super::fields::Fields;
use crate::error::{FieldError, Reason, quote};

/// A type whose JSON object names it in a field.
pub(crate) trait Tagged {
    /// The text of that field; empty if there is no such field.
    const TAG: &'static str;
}

/// The text by which a union knows a type: that of its last tag.
pub(crate) const fn last_tag(tags: &[&'static str]) -> &'static str {
    match tags {
        [.., last] => last,
        [] => "",
    }
}

impl<T: Tagged> Tagged for Box<T> {
    const TAG: &'static str = T::TAG;
}

/// An object whose fields the schema lists.
pub(crate) trait Listed {
    /// The names of all fields.
    const FIELDS: &'static [&'static str];
}

/// The text by which the member of a union is chosen.
pub(crate) fn read_tag(
    object: &Map<String, Value>,
    name: &'static str,
    expected: &'static [&'static str],
) -> Result<&'static str, FieldError> {
    let tag = match object.get(name) {
        Some(Value::String(tag)) => tag,
        Some(other) => return Err(super::value::wrong_type("a string", other).within(name)),
        None => return Err(FieldError::of(name, Reason::Missing)),
    };
    let known = expected.iter().find(|known| *known == tag);
    known.copied().ok_or_else(|| {
        let found = quote(tag);
        FieldError::of(name, Reason::NotListed { found, expected })
    })
}

/// The object of a value whose type a tag says.
pub(crate) fn tagged_object(value: Value) -> Result<Map<String, Value>, FieldError> {
    Fields::new(value).map(Fields::into_rest)
}

/// Makes serde read and write a type by its schema.
macro_rules! impl_serde {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::json::ToJson::to_json(self).serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                $crate::json::FromJson::from_json(value).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Defines an object of the wire: `open` if it ignores unknown fields, `closed` if it rejects them.
///
/// `tag name = "text"` is a field with one possible text. `check` is a function that finds fields which are not valid
/// together.
macro_rules! wire_object {
    (
        $(#[$meta:meta])*
        pub $kind:ident struct $name:ident {
            $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)*
            $(
                tag $tag:ident = $text:literal,
                $($(#[$after_meta:meta])* pub $after:ident: $after_type:ty,)*
            )*
        }
        $(check $check:expr;)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            $($($(#[$after_meta])* pub $after: $after_type,)*)*
        }

        impl $crate::json::object::Listed for $name {
            const FIELDS: &'static [&'static str] = &[
                $(stringify!($field),)*
                $(stringify!($tag), $(stringify!($after),)*)*
            ];
        }

        impl $crate::json::object::Tagged for $name {
            const TAG: &'static str = $crate::json::object::last_tag(&[$($text,)*]);
        }

        impl $crate::json::FromJson for $name {
            fn from_json(value: serde_json::Value) -> Result<Self, $crate::error::FieldError> {
                let mut fields = $crate::json::Fields::new(value)?;
                $(fields.take_tag(stringify!($tag), &[$text])?;)*
                let read = Self {
                    $($field: fields.take(stringify!($field))?,)*
                    $($($after: fields.take(stringify!($after))?,)*)*
                };
                fields.finish($crate::json::object::wire_object!(@extra $kind))?;
                $({
                    let check: fn(&Self) -> Result<(), $crate::error::FieldError> = $check;
                    check(&read)?;
                })?
                Ok(read)
            }
        }

        impl $crate::json::ToJson for $name {
            fn to_json(&self) -> serde_json::Value {
                let mut object = serde_json::Map::new();
                let mut put = |name: &str, value| object.insert(name.to_owned(), value);
                $(put(stringify!($field), $crate::json::ToJson::to_json(&self.$field));)*
                $(
                    put(stringify!($tag), serde_json::Value::from($text));
                    $(put(stringify!($after), $crate::json::ToJson::to_json(&self.$after));)*
                )*
                serde_json::Value::Object(object)
            }
        }

        $crate::json::object::impl_serde!($name);
    };
    (@extra open) => { $crate::json::Extra::Ignored };
    (@extra closed) => { $crate::json::Extra::Rejected };
}

/// Defines a set of texts.
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
        }

        impl $name {
            /// Every value, in the order of the schema.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            const TEXTS: &'static [&'static str] = &[$($text,)*];

            /// The text of the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::Reason;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    other => Err($crate::error::Reason::NotListed {
                        found: $crate::error::quote(other),
                        expected: Self::TEXTS,
                    }),
                }
            }
        }

        impl $crate::json::FromJson for $name {
            fn from_json(value: serde_json::Value) -> Result<Self, $crate::error::FieldError> {
                let text = <String as $crate::json::FromJson>::from_json(value)?;
                text.parse().map_err($crate::error::FieldError::new)
            }
        }

        impl $crate::json::ToJson for $name {
            fn to_json(&self) -> serde_json::Value {
                serde_json::Value::from(self.as_str())
            }
        }

        $crate::json::object::impl_serde!($name);
    };
}

/// Defines a union of objects that a field of theirs tells apart.
macro_rules! wire_union {
    (
        $(#[$meta:meta])*
        pub enum $name:ident by $tag:literal {
            $($(#[$variant_meta:meta])* $variant:ident($type:ty),)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant($type),)*
        }

        impl $name {
            pub(crate) const TAGS: &'static [&'static str] =
                &[$(<$type as $crate::json::object::Tagged>::TAG,)*];

            /// The text by which the wire knows this member.
            pub fn tag(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => <$type as $crate::json::object::Tagged>::TAG,)*
                }
            }

            pub(crate) fn from_object(
                tag: &str,
                object: serde_json::Map<String, serde_json::Value>,
            ) -> Result<Self, $crate::error::FieldError> {
                let value = serde_json::Value::Object(object);
                $(if tag == <$type as $crate::json::object::Tagged>::TAG {
                    return <$type as $crate::json::FromJson>::from_json(value).map(Self::$variant);
                })*
                Err($crate::error::FieldError::of($tag, $crate::error::Reason::NotListed {
                    found: $crate::error::quote(tag),
                    expected: Self::TAGS,
                }))
            }
        }

        impl $crate::json::FromJson for $name {
            fn from_json(value: serde_json::Value) -> Result<Self, $crate::error::FieldError> {
                let object = $crate::json::object::tagged_object(value)?;
                let tag = $crate::json::object::read_tag(&object, $tag, Self::TAGS)?;
                Self::from_object(tag, object)
            }
        }

        impl $crate::json::ToJson for $name {
            fn to_json(&self) -> serde_json::Value {
                match self {
                    $(Self::$variant(member) => $crate::json::ToJson::to_json(member),)*
                }
            }
        }

        $(impl From<$type> for $name {
            fn from(member: $type) -> Self {
                Self::$variant(member)
            }
        })*

        $crate::json::object::impl_serde!($name);
    };
}

pub(crate) use {impl_serde, wire_enum, wire_object, wire_union};
