//! `cargo xtask events-reference`: writes `docs/events.md` from the types of the events, their examples, and the
//! `#[extension]` attributes of the stock extensions.

mod attributes;
mod host;
mod json;
mod json_type;
mod parties;
mod render;
mod types;

use std::fs;

use tig_plugin_api::testing::EventExample;

use self::parties::Parties;
use self::types::Types;
use crate::Result;
use crate::workspace::Workspace;

/// The document, from the root of the repository.
const FILE: &str = "docs/events.md";

/// Text before the events.
const HEAD: &str = "\
# Events

Every event that an extension can handle: its name, who emits and who handles it, its fields and an example. A handler is a function
`on_<name>` whose last parameter is the event's type, or a type of the extension's own with just the fields that it reads: unknown fields
are ignored.

| kind | meaning |
|---|---|
| plain | Each handler gets it once, in order. It is gone with the host: what still matters is emitted again after a restart. |
| durable | Kept on disk until each handler has handled it. It may come again after a crash, so handlers must be idempotent. |
| latest | States all there is to know: while a handler is busy, a newer one replaces it. |

The kind is that of the type's `Event` implementation. Examples are made from values of the types. This file is written by
`cargo xtask events-reference`.
";

/// The events of a system: its title, the folders of the crates with its types, the folders of its extensions.
struct System {
    title: &'static str,
    about: &'static str,
    crates: &'static [&'static str],
    extensions: &'static str,
    examples: fn() -> Vec<EventExample>,
}

const SYSTEMS: [System; 2] = [
    System {
        title: "TIG",
        about: "Their types are those of the crate `tig_events`. At the end are the types of their fields, of which some are of `tig_protocol`.",
        crates: &["plugins/events", "protocol"],
        extensions: "plugins",
        examples: tig_events::examples,
    },
    System {
        title: "ComputeHorde",
        about: "Their types are those of the crate `horde_events`, but for `DynamicConfig` of `horde_dynamic`. At the end are the types of their fields.",
        crates: &["horde/events", "horde/dynamic"],
        extensions: "horde/plugins",
        examples: horde_examples,
    },
];

/// The dynamic config has its type in a crate of its own.
fn horde_examples() -> Vec<EventExample> {
    let mut examples = horde_events::examples();
    let config = horde_dynamic::Profile::MainnetNovember2024.config();
    examples.push(EventExample::of(&config));
    examples
}

/// Writes the document.
pub(crate) fn write() -> Result<()> {
    let workspace = Workspace::load()?;
    let text = document(&workspace)?;
    Ok(fs::write(workspace.root.join(FILE), text)?)
}

fn document(workspace: &Workspace) -> Result<String> {
    let mut text = HEAD.to_owned();
    let mut all = Vec::new();
    for system in &SYSTEMS {
        let types = Types::read(workspace, system.crates)?;
        let parties = Parties::read(workspace, system.extensions, &types)?;
        all.push((system, types, parties));
    }
    let parties: Vec<&Parties> = all.iter().map(|(.., parties)| parties).collect();
    text += &host::section(&parties);
    for (system, types, parties) in &all {
        text += &render::section(
            system.title,
            system.about,
            &(system.examples)(),
            types,
            parties,
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn events_reference_is_up_to_date() {
        let workspace = Workspace::load().unwrap();
        let written = fs::read_to_string(workspace.root.join(FILE)).unwrap();
        assert!(
            written == document(&workspace).unwrap(),
            "{FILE} is old: run `cargo xtask events-reference`"
        );
    }

    #[test]
    fn every_event_has_an_example() {
        let workspace = Workspace::load().unwrap();
        for system in &SYSTEMS {
            let types = Types::read(&workspace, system.crates).unwrap();
            let examples = (system.examples)();
            let shown: BTreeSet<&str> = examples.iter().map(|example| example.name).collect();
            let known: BTreeSet<&str> = types.event_names().collect();
            assert_eq!(
                shown, known,
                "add the missing ones to `examples` of the crate"
            );
            assert_eq!(shown.len(), examples.len(), "one example of each");
        }
    }

    #[test]
    fn events_of_extensions_are_described() {
        let workspace = Workspace::load().unwrap();
        for system in &SYSTEMS {
            let types = Types::read(&workspace, system.crates).unwrap();
            let parties = Parties::read(&workspace, system.extensions, &types).unwrap();
            let names = parties.names();
            assert!(names.len() > 10, "{names:?}");
            for name in names {
                let is_known = types.event_names().any(|known| known == name);
                assert!(is_known || host::is_described(name), "{name}");
            }
        }
    }
}
