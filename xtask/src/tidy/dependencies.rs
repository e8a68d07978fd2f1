//! Dependencies point inward: the table of ARCHITECTURE.md says what a crate may use of this workspace, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::architecture::{self, DOCUMENT, Row};
use crate::workspace::Package;

/// Every crate may use what is in this folder: it has no code.
const WITHOUT_CODE: &str = "workspace-hack";
/// Nothing else depends on it, not even in tests.
const HOST: &str = "tig-host";

/// Every difference between the table and what cargo says. Tests may use more, but never the host.
pub(super) fn check(text: &str, packages: &[Package], root: &Path) -> Vec<String> {
    let rows = architecture::rows(text);
    let folders: BTreeMap<&str, String> = packages
        .iter()
        .map(|package| (package.name.as_str(), package.relative_folder(root)))
        .collect();
    let mut complaints = Vec::new();
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let folder = &folders[package.name.as_str()];
        if is_without_code(folder) {
            continue;
        }
        let Some(row) = architecture::row_of(&rows, folder) else {
            complaints.push(format!(
                "{}: give `{folder}/` a row in the table of {DOCUMENT}",
                package.name
            ));
            continue;
        };
        let used = used.entry(&row.folder).or_default();
        for (dependency, is_allowed) in dependencies(package, row, &folders) {
            used.insert(dependency);
            if !is_allowed {
                complaints.push(format!("{} must not depend on {dependency}", package.name));
            }
        }
    }
    complaints.extend(rows.iter().flat_map(|row| unused(row, &used)));
    complaints
}

/// Last parts of the folders of those that a crate depends on, and whether it may.
fn dependencies<'a>(
    package: &Package,
    row: &Row,
    folders: &'a BTreeMap<&str, String>,
) -> Vec<(&'a str, bool)> {
    let dependencies = package.dependencies.iter().filter(|dependency| {
        let in_tests = dependency.kind.as_deref() == Some("dev") && dependency.name != HOST;
        !in_tests
    });
    let ours = dependencies.filter_map(|dependency| folders.get(dependency.name.as_str()));
    let with_code = ours.filter(|folder| !is_without_code(folder));
    let names = with_code.map(|folder| folder.rsplit('/').next().unwrap_or(folder));
    names
        .map(|name| {
            (
                name,
                row.may_depend_on.iter().any(|allowed| allowed == name),
            )
        })
        .collect()
}

fn is_without_code(folder: &str) -> bool {
    folder.split('/').next() == Some(WITHOUT_CODE)
}

/// What a row allows and no crate of it uses.
fn unused(row: &Row, used: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    // A folder that is not of the workspace cannot be compared.
    let Some(used) = used.get(row.folder.as_str()) else {
        return Vec::new();
    };
    let names = row.may_depend_on.iter();
    names
        .filter(|name| !used.contains(name.as_str()))
        .map(|name| {
            format!(
                "{DOCUMENT}: `{}` does not depend on {name}: remove it from the table",
                row.folder
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sources;
    use crate::workspace::Dependency;

    const TABLE: &str = "| folder | what | may depend on |\n|---|---|---|\n\
        | `host/` | the host | - |\n| `protocol/` | the types | - |\n| `plugins/*` | the rest | protocol |\n";

    fn package(name: &str, folder: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
        };
        Package {
            name: name.to_owned(),
            manifest_path: Path::new("/repo").join(folder).join("Cargo.toml"),
            dependencies: dependencies.iter().map(dependency).collect(),
            publish: Some(Vec::new()),
        }
    }

    fn complaints(name: &str, folder: &str, dependencies: &[(&str, Option<&str>)]) -> Vec<String> {
        let mut all = vec![package(name, folder, dependencies)];
        for (other, folder) in [("tig-host", "host"), ("tig-protocol", "protocol")] {
            if name != other {
                all.push(package(other, folder, &[]));
            }
        }
        check(TABLE, &all, Path::new("/repo"))
    }

    #[test]
    fn the_host_knows_nothing_of_tig() {
        let found = complaints("tig-host", "host", &[("tig-protocol", None)]);
        assert_eq!(found, ["tig-host must not depend on protocol"]);
        let rows = architecture::rows(include_str!("../../../ARCHITECTURE.md"));
        let host = architecture::row_of(&rows, "host").unwrap();
        let of_any_system = [
            "http-client",
            "keyring",
            "plugin-api",
            "process",
            "recording",
            "scaffold",
        ];
        let mut allowed = host.may_depend_on.iter();
        assert!(allowed.all(|name| of_any_system.contains(&name.as_str())));
    }

    /// Words of the systems that run on the host: the benchmarker's, then the validator's. A hotkey is not among them: the host
    /// reads the hotkey files of any Substrate chain, by the crate `keyring`.
    const WORDS_OF_SYSTEMS: [&str; 25] = [
        "innovation",
        "player",
        "players",
        "benchmark",
        "benchmarker",
        "nonce",
        "nonces",
        "precommit",
        "slave",
        "slaves",
        "challenge",
        "mainnet",
        "horde",
        "miner",
        "miners",
        "validator",
        "validators",
        "executor",
        "executors",
        "facilitator",
        "facilitators",
        "receipt",
        "receipts",
        "subnet",
        "metagraph",
    ];

    #[test]
    fn host_sources_have_no_word_of_a_system() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src");
        let mut found = Vec::new();
        for path in sources::files(&root).unwrap() {
            let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
            // Names in the crate with which `init` asks.
            let text = text
                .replace("with_validator", "")
                .replace("inquire::validator", "");
            let words = text.split(|letter: char| !letter.is_ascii_alphabetic());
            let of_systems = words.filter(|word| WORDS_OF_SYSTEMS.contains(word));
            let place = path.strip_prefix(&root).unwrap().display().to_string();
            found.extend(of_systems.map(|word| format!("{place}: {word}")));
        }
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn nothing_depends_on_the_host_not_even_in_tests() {
        let inward = [("tig-protocol", None), ("serde", None)];
        let outward = [("tig-protocol", None), ("tig-host", Some("dev"))];
        let folder = "plugins/job-manager";
        let found = complaints("job-manager", folder, &outward);
        assert_eq!(found, ["job-manager must not depend on host"]);
        assert!(complaints("job-manager", folder, &inward).is_empty());
    }

    #[test]
    fn a_folder_without_code_needs_no_row() {
        let mut all = vec![package("hack-http", "workspace-hack/http", &[])];
        all.push(package("tig-host", "host", &[("hack-http", None)]));
        assert_eq!(check(TABLE, &all, Path::new("/repo")), [""; 0]);
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        let found = complaints("tig-news", "news", &[]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("tig-news: give `news/` a row"),
            "{found:?}"
        );
    }

    #[test]
    fn a_dependency_that_is_gone_leaves_the_table() {
        let found = complaints("job-manager", "plugins/job-manager", &[]);
        assert_eq!(
            found,
            ["ARCHITECTURE.md: `plugins/*` does not depend on protocol: remove it from the table"]
        );
    }
}
