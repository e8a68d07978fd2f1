//! The document: a chapter for each event, with a table of its fields, and the types of those fields at the end.

use std::collections::BTreeSet;

use serde_json::Value;
use tig_plugin_api::frame::EventKind;
use tig_plugin_api::testing::EventExample;

use super::json::readable;
use super::json_type::{json_type, names};
use super::parties::Parties;
use super::types::{Described, Member, Types, type_name};
use crate::Result;

/// Heads of tables.
pub(super) const INDEX: [&str; 3] = ["event", "kind", "meaning"];
const FIELDS: [&str; 3] = ["field", "type", "meaning"];
const VALUES: [&str; 3] = ["value", "type", "meaning"];

/// What the document says of an event.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) emitters: &'a [&'a str],
    pub(super) handlers: &'a [&'a str],
    pub(super) about: &'a str,
    /// Name, type and meaning of each field.
    pub(super) rows: &'a [[String; 3]],
    pub(super) example: Option<Value>,
}

/// The chapter of an event.
pub(super) fn entry(entry: &Entry<'_>) -> String {
    let names = |names: &[&str]| match names {
        [] => "extensions of your own".to_owned(),
        ["the host"] => "the host".to_owned(),
        names => names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let mut text = format!("\n### `{}`\n\n{}\n\n", entry.name, entry.about);
    text += "| kind | emitted by | handled by |\n|---|---|---|\n";
    let (emitters, handlers) = (names(entry.emitters), names(entry.handlers));
    text += &format!("| {} | {emitters} | {handlers} |\n", entry.kind);
    text += &table(FIELDS, entry.rows);
    if let Some(example) = &entry.example {
        text += &format!("\n```json\n{}\n```\n", readable(example));
    }
    text
}

/// The part of the document about a system.
pub(super) fn section(
    title: &str,
    about: &str,
    examples: &[EventExample],
    types: &Types,
    parties: &Parties,
) -> Result<String> {
    let mut index = Vec::new();
    let mut text = String::new();
    let mut used = BTreeSet::new();
    for example in examples {
        let described = types
            .get(example.type_name)
            .ok_or_else(|| format!("{} is not found in the sources", example.type_name))?;
        collect_types(described, types, &mut used);
        let kind = match example.kind {
            EventKind::Plain => "plain",
            EventKind::Durable => "durable",
            EventKind::Latest => "latest",
        };
        let about = without_name(&described.about, example.name);
        index.push(index_row(example.name, kind, &about));
        text += &entry(&Entry {
            name: example.name,
            kind,
            emitters: &parties.emitters(example.name).collect::<Vec<_>>(),
            handlers: &parties.handlers(example.name).collect::<Vec<_>>(),
            about: &format!("{about}\n\nType: `{}`.", example.type_name),
            rows: &rows(described, types),
            example: Some(serde_json::from_str(&example.json)?),
        });
    }
    text += &format!("\n### Types of {title}\n");
    for name in used.iter().filter(|name| types.event_of(name).is_none()) {
        if let Some(described) = types.get(name) {
            text += &format!("\n#### {name}\n\n{}\n", described.about);
            let heads = if described.is_enum { VALUES } else { FIELDS };
            text += &table(heads, &rows(described, types));
        }
    }
    Ok(format!(
        "\n## {title}\n\n{about}\n{}{text}",
        table(INDEX, &index)
    ))
}

/// The row of an event in the index: a link, its kind, and the first sentence about it.
pub(super) fn index_row(name: &str, kind: &str, about: &str) -> [String; 3] {
    let anchor: String = name.chars().filter(|char| *char != '.').collect();
    let ends = [". ", ".\n"].into_iter().filter_map(|end| about.find(end));
    let first = ends.min().map_or(about, |end| &about[..end]);
    let sentence = first.trim_end_matches('.');
    [
        format!("[`{name}`](#{anchor})"),
        kind.to_owned(),
        format!("{sentence}."),
    ]
}

/// The documentation of an event's type begins with the name of the event, which is the heading here.
fn without_name(about: &str, name: &str) -> String {
    let rest = about.strip_prefix(&format!("`{name}`: ")).unwrap_or(about);
    let mut chars = rest.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// A table with three columns.
pub(super) fn table(heads: [&str; 3], rows: &[[String; 3]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("\n| {} |\n|---|---|---|\n", heads.join(" | "));
    for row in rows {
        let cells = row
            .each_ref()
            .map(|cell| cell.replace('\n', " ").replace('|', "\\|"));
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

/// A row for each field, with those of flattened types among them, or for each variant and its fields.
fn rows(described: &Described, types: &Types) -> Vec<[String; 3]> {
    let tag = described.tag.as_deref();
    described
        .members
        .iter()
        .flat_map(|member| member_rows(member, tag, types))
        .collect()
}

fn member_rows(member: &Member, tag: Option<&str>, types: &Types) -> Vec<[String; 3]> {
    let Some(value) = &member.value else {
        let name = match tag {
            Some(tag) => format!("`{tag}` = `{}`", member.name),
            None => format!("`{}`", member.name),
        };
        let fields = member
            .fields
            .iter()
            .flat_map(|field| member_rows(field, None, types));
        let of_variant = fields.map(|[name, kind, about]| [format!("- {name}"), kind, about]);
        return std::iter::once([name, String::new(), member.about.clone()])
            .chain(of_variant)
            .collect();
    };
    // The fields of a type that is flattened, or the only one of a tuple, stand in the place of its own.
    let inner = type_name(value).and_then(|name| types.get(&name));
    match inner {
        Some(inner) if member.is_flat || member.name.is_empty() && !inner.members.is_empty() => {
            rows(inner, types)
        }
        _ if member.name.is_empty() => Vec::new(),
        _ => vec![[
            format!("`{}`", member.name),
            json_type(value),
            member.about.clone(),
        ]],
    }
}

/// Adds the types of all fields, and of theirs.
fn collect_types(described: &Described, types: &Types, used: &mut BTreeSet<String>) {
    let members = described.members.iter();
    for member in members.flat_map(|member| std::iter::once(member).chain(&member.fields)) {
        let Some(value) = &member.value else {
            continue;
        };
        for name in names(value) {
            if let Some(inner) = types.get(&name)
                && (member.is_flat || used.insert(name))
            {
                collect_types(inner, types, used);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flattened_fields_stand_among_the_others() {
        let source = "/// `over`: an end.\nstruct Over { /// Id.\n id: String, #[serde(flatten)] end: End }\n\
            #[serde(rename_all = \"snake_case\", tag = \"end\")] enum End { /// All [`Over`].\n AllDone, Failed { /// Why.\n reason: String } }";
        let mut types = Types::default();
        types.add(syn::parse_file(source).unwrap().items);
        let rows = rows(types.get("Over").unwrap(), &types);
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let expected = [
            row(["`id`", "text", "Id."]),
            row(["`end` = `all_done`", "", "All `Over`."]),
            row(["`end` = `failed`", "", ""]),
            row(["- `reason`", "text", "Why."]),
        ];
        assert_eq!(rows, expected);
        assert_eq!(without_name("`over`: an end.", "over"), "An end.");
    }
}
