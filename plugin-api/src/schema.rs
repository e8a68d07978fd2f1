//! The schema of a config section, known at compile time: it becomes the JSON Schema in a plugin's manifest.
//!
//! A schema is a constant, because the manifest lies in a section of the plugin file that is built by the compiler.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use crate::Secret;

/// A type whose JSON form is described by a schema. `#[derive(ConfigSchema)]` reads it off the type and its serde
/// attributes.
pub trait ConfigSchema {
    /// What the type's JSON looks like.
    const SCHEMA: Schema;
    /// A missing key counts as a value, as for `Option`.
    const OPTIONAL: bool = false;
}

/// The part of JSON Schema (2020-12) that Rust types need.
#[derive(Clone, Copy, Debug)]
pub enum Schema {
    /// Any JSON.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A whole number between two bounds.
    Integer {
        /// Least value.
        minimum: i64,
        /// Greatest value.
        maximum: u64,
    },
    /// A text.
    Text,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A list.
    List(&'static Schema),
    /// An object whose keys are free.
    Map(&'static Schema),
    /// An object whose keys are known.
    Object {
        /// What it is for; empty if nothing is said.
        description: &'static str,
        /// Its keys.
        fields: &'static [Field],
        /// Other keys are refused.
        closed: bool,
    },
    /// `null`, or what is inside.
    Nullable(&'static Schema),
}

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it is for; empty if nothing is said.
    pub description: &'static str,
    /// It must be there.
    pub required: bool,
    /// Its value.
    pub schema: &'static Schema,
}

macro_rules! schema_of {
    ($($type:ty => $schema:expr),+ $(,)?) => {
        $(impl ConfigSchema for $type {
            const SCHEMA: Schema = $schema;
        })+
    };
}

macro_rules! schema_of_integers {
    ($($type:ty),+) => {
        $(impl ConfigSchema for $type {
            const SCHEMA: Schema = Schema::Integer {
                minimum: <$type>::MIN as i64,
                maximum: <$type>::MAX as u64,
            };
        })+
    };
}

schema_of! {
    bool => Schema::Boolean,
    f32 => Schema::Number,
    f64 => Schema::Number,
    String => Schema::Text,
    PathBuf => Schema::Text,
    Secret => Schema::Text,
    serde_json::Value => Schema::Any,
    serde_json::Map<String, serde_json::Value> => Schema::Map(&Schema::Any),
}
schema_of_integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl<T: ConfigSchema> ConfigSchema for Option<T> {
    const SCHEMA: Schema = Schema::Nullable(&T::SCHEMA);
    const OPTIONAL: bool = true;
}

impl<T: ConfigSchema> ConfigSchema for Box<T> {
    const SCHEMA: Schema = T::SCHEMA;
    const OPTIONAL: bool = T::OPTIONAL;
}

impl<T: ConfigSchema> ConfigSchema for Vec<T> {
    const SCHEMA: Schema = Schema::List(&T::SCHEMA);
}

impl<T: ConfigSchema> ConfigSchema for BTreeSet<T> {
    const SCHEMA: Schema = Schema::List(&T::SCHEMA);
}

impl<K, T: ConfigSchema> ConfigSchema for BTreeMap<K, T> {
    const SCHEMA: Schema = Schema::Map(&T::SCHEMA);
}

impl<K, T: ConfigSchema, S> ConfigSchema for HashMap<K, T, S> {
    const SCHEMA: Schema = Schema::Map(&T::SCHEMA);
}

/// Finds the schema of a type that may have none: the constant of the type's own takes precedence over the trait's.
#[doc(hidden)]
#[derive(Debug)]
pub struct SchemaOf<T>(std::marker::PhantomData<T>);

#[doc(hidden)]
pub trait NoSchema {
    const SCHEMA: Option<&'static Schema> = None;
}

impl<T> NoSchema for SchemaOf<T> {}

impl<T: ConfigSchema> SchemaOf<T> {
    #[doc(hidden)]
    pub const SCHEMA: Option<&'static Schema> = Some(&T::SCHEMA);
}
