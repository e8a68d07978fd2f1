//! Writes a manifest as JSON while the plugin is compiled.
//!
//! The array's length must be known before it is filled, so everything is written twice: into an array of no bytes, which
//! only counts, and then into one of that length.

use super::rates::RatesText;
use crate::abi::{API_VERSION, DIGEST_DIGITS};
use crate::schema::{Field, Schema};

/// What `#[extension]` knows of an extension.
#[derive(Debug)]
pub struct ManifestText {
    /// Name of the crate's library.
    pub name: &'static str,
    /// Version of the crate.
    pub version: &'static str,
    /// `unwind` or `abort`.
    pub panic: &'static str,
    /// Events handled.
    pub events: &'static [&'static str],
    /// Events emitted.
    pub emits: &'static [&'static str],
    /// Routes answered.
    pub routes: &'static [&'static str],
    /// Version of the state handed over at reload.
    pub state_version: u32,
    /// Schema of the config section, if the extension states one.
    pub config: Option<&'static Schema>,
    /// Keys at the top of a config that say for whom the extension works.
    pub identity: &'static [IdentityText],
    /// Commands taken.
    pub commands: &'static [CommandText],
    /// Rates of API hosts whose URLs are in the identity.
    pub rates: &'static [RatesText],
}

/// [`super::CommandInfo`] before it is text.
#[derive(Clone, Copy, Debug)]
pub struct CommandText {
    /// Its name.
    pub name: &'static str,
    /// Its meaning.
    pub about: &'static str,
    /// Schema of its arguments, if they have one.
    pub arguments: Option<&'static Schema>,
}

/// Schema of the arguments of a command that has none.
pub const NO_ARGUMENTS: Schema = Schema::Object {
    description: "",
    fields: &[],
    closed: true,
};

/// [`super::IdentityKey`] before it is text.
#[derive(Clone, Copy, Debug)]
pub struct IdentityText {
    /// The key.
    pub name: &'static str,
    /// Its meaning.
    pub about: &'static str,
    /// Its text where the config has none.
    pub default: Option<&'static str>,
}

impl ManifestText {
    /// Bytes of the JSON.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.write::<0>().length
    }

    /// The JSON.
    ///
    /// # Panics
    ///
    /// At compile time, if `N` is not [`ManifestText::length`].
    #[must_use]
    pub const fn bytes<const N: usize>(&self) -> [u8; N] {
        let writer = self.write::<N>();
        assert!(
            writer.length == N,
            "the array must be as long as the manifest"
        );
        writer.bytes
    }

    const fn write<const N: usize>(&self) -> Writer<N> {
        let mut writer = Writer::new();
        writer.raw("{\"name\":");
        writer.text(self.name);
        writer.raw(",\"version\":");
        writer.text(self.version);
        writer.raw(",\"api_version\":");
        writer.number(API_VERSION as u64);
        writer.raw(",\"panic\":");
        writer.text(self.panic);
        writer.raw(",\"events\":");
        writer.list(self.events);
        writer.raw(",\"emits\":");
        writer.list(self.emits);
        writer.raw(",\"routes\":");
        writer.list(self.routes);
        writer.raw(",\"state_version\":");
        writer.number(self.state_version as u64);
        if let Some(schema) = self.config {
            writer.raw(",\"config\":");
            writer.schema(schema, "");
        }
        writer.identities(self.identity);
        writer.commands(self.commands);
        writer.all_rates(self.rates);
        writer.raw(",\"digest\":\"");
        let mut digits = 0;
        while digits < DIGEST_DIGITS {
            writer.byte(b'0');
            digits += 1;
        }
        writer.raw("\"}");
        writer
    }
}

/// Bytes of a schema's JSON.
#[must_use]
pub const fn schema_length(schema: &Schema) -> usize {
    let mut writer = Writer::<0>::new();
    writer.schema(schema, "");
    writer.length
}

/// A schema's JSON.
///
/// # Panics
///
/// At compile time, if `N` is not [`schema_length`].
#[must_use]
pub const fn schema_bytes<const N: usize>(schema: &Schema) -> [u8; N] {
    let mut writer = Writer::new();
    writer.schema(schema, "");
    assert!(
        writer.length == N,
        "the array must be as long as the schema"
    );
    writer.bytes
}

/// Counts what is written, and keeps as much of it as has room.
struct Writer<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Writer<N> {
    const fn new() -> Self {
        Self {
            bytes: [0; N],
            length: 0,
        }
    }

    const fn identities(&mut self, keys: &[IdentityText]) {
        if keys.is_empty() {
            return;
        }
        self.raw(",\"identity\":[");
        let mut index = 0;
        while index < keys.len() {
            if index > 0 {
                self.byte(b',');
            }
            self.identity(&keys[index]);
            index += 1;
        }
        self.byte(b']');
    }

    const fn all_rates(&mut self, rates: &[RatesText]) {
        if rates.is_empty() {
            return;
        }
        self.raw(",\"rates\":[");
        let mut index = 0;
        while index < rates.len() {
            if index > 0 {
                self.byte(b',');
            }
            self.rates(&rates[index]);
            index += 1;
        }
        self.byte(b']');
    }

    const fn commands(&mut self, commands: &[CommandText]) {
        if commands.is_empty() {
            return;
        }
        self.raw(",\"commands\":[");
        let mut index = 0;
        while index < commands.len() {
            if index > 0 {
                self.byte(b',');
            }
            self.command(&commands[index]);
            index += 1;
        }
        self.byte(b']');
    }

    const fn command(&mut self, command: &CommandText) {
        self.raw("{\"name\":");
        self.text(command.name);
        self.raw(",\"about\":");
        self.text(command.about);
        if let Some(schema) = command.arguments {
            self.raw(",\"arguments\":");
            self.schema(schema, "");
        }
        self.byte(b'}');
    }

    const fn identity(&mut self, key: &IdentityText) {
        self.raw("{\"name\":");
        self.text(key.name);
        self.raw(",\"about\":");
        self.text(key.about);
        if let Some(default) = key.default {
            self.raw(",\"default\":");
            self.text(default);
        }
        self.byte(b'}');
    }

    const fn rates(&mut self, text: &RatesText) {
        self.raw("{\"identity\":");
        self.text(text.identity);
        self.raw(",\"gets_per_minute\":");
        self.number(text.rates.gets_per_minute as u64);
        self.raw(",\"posts_per_minute\":");
        self.number(text.rates.posts_per_minute as u64);
        self.byte(b'}');
    }

    const fn byte(&mut self, byte: u8) {
        if self.length < N {
            self.bytes[self.length] = byte;
        }
        self.length += 1;
    }

    const fn raw(&mut self, text: &str) {
        let mut index = 0;
        while index < text.len() {
            self.byte(text.as_bytes()[index]);
            index += 1;
        }
    }

    const fn text(&mut self, text: &str) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        self.byte(b'"');
        let mut index = 0;
        while index < text.len() {
            match text.as_bytes()[index] {
                byte @ (b'"' | b'\\') => {
                    self.byte(b'\\');
                    self.byte(byte);
                }
                byte @ 0..0x20 => {
                    self.raw("\\u00");
                    self.byte(HEX[(byte >> 4) as usize]);
                    self.byte(HEX[(byte & 15) as usize]);
                }
                byte => self.byte(byte),
            }
            index += 1;
        }
        self.byte(b'"');
    }

    const fn number(&mut self, number: u64) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8);
    }

    const fn list(&mut self, texts: &[&str]) {
        self.byte(b'[');
        let mut index = 0;
        while index < texts.len() {
            if index > 0 {
                self.byte(b',');
            }
            self.text(texts[index]);
            index += 1;
        }
        self.byte(b']');
    }

    /// One schema, with what its key or else its type says of it.
    const fn schema(&mut self, schema: &Schema, description: &str) {
        self.byte(b'{');
        let own = match schema {
            Schema::Object { description, .. } => description,
            _ => "",
        };
        let before = self.length;
        match (description.is_empty(), own.is_empty()) {
            (false, _) => self.description(description),
            (true, false) => self.description(own),
            (true, true) => {}
        }
        if self.length > before && !matches!(schema, Schema::Any) {
            self.byte(b',');
        }
        self.keywords(schema);
        self.byte(b'}');
    }

    const fn description(&mut self, text: &str) {
        self.raw("\"description\":");
        self.text(text);
    }

    const fn keywords(&mut self, schema: &Schema) {
        match schema {
            Schema::Any => {}
            Schema::Boolean => self.raw("\"type\":\"boolean\""),
            Schema::Number => self.raw("\"type\":\"number\""),
            Schema::Integer { minimum, maximum } => {
                self.raw("\"type\":\"integer\",\"minimum\":");
                if *minimum < 0 {
                    self.byte(b'-');
                }
                self.number(minimum.unsigned_abs());
                self.raw(",\"maximum\":");
                self.number(*maximum);
            }
            Schema::Text => self.raw("\"type\":\"string\""),
            Schema::Choice(choices) => {
                self.raw("\"enum\":");
                self.list(choices);
            }
            Schema::List(items) => {
                self.raw("\"type\":\"array\",\"items\":");
                self.schema(items, "");
            }
            Schema::Map(values) => {
                self.raw("\"type\":\"object\",\"additionalProperties\":");
                self.schema(values, "");
            }
            Schema::Object { fields, closed, .. } => self.object(fields, *closed),
            Schema::Nullable(inner) => {
                self.raw("\"anyOf\":[{\"type\":\"null\"},");
                self.schema(inner, "");
                self.byte(b']');
            }
        }
    }

    const fn object(&mut self, fields: &[Field], closed: bool) {
        self.raw("\"type\":\"object\",\"properties\":{");
        let mut index = 0;
        while index < fields.len() {
            if index > 0 {
                self.byte(b',');
            }
            self.text(fields[index].name);
            self.byte(b':');
            self.schema(fields[index].schema, fields[index].description);
            index += 1;
        }
        self.raw("},\"required\":[");
        let (mut index, mut count) = (0, 0);
        while index < fields.len() {
            if fields[index].required {
                if count > 0 {
                    self.byte(b',');
                }
                self.text(fields[index].name);
                count += 1;
            }
            index += 1;
        }
        self.byte(b']');
        if closed {
            self.raw(",\"additionalProperties\":false");
        }
    }
}
