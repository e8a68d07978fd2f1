//! Dependencies point inward (ARCHITECTURE.md): what a crate may use of this workspace.

use std::collections::BTreeSet;
use std::path::Path;

use crate::workspace::Package;

/// For each crate, those of ours that it may depend on. A plugin is found by its folder.
const ALLOWED: &[(&str, &[&str])] = &[
    ("tig-algorithms", &["tig-challenges", "tig-protocol"]),
    (
        "tig-bench-devnet",
        &[
            "tig-bench-report",
            "tig-challenges",
            "tig-devnet",
            "tig-protocol",
        ],
    ),
    (
        "tig-bench-host",
        &["tig-bench-report", "tig-host", "tig-plugin-api"],
    ),
    (
        "tig-bench-master",
        &[
            "tig-bench-report",
            "tig-host",
            "tig-plugin-api",
            "tig-protocol",
        ],
    ),
    ("tig-bench-report", &[]),
    (
        "tig-bench-worker",
        &[
            "tig-algorithms",
            "tig-bench-report",
            "tig-challenges",
            "tig-protocol",
            "tig-worker",
        ],
    ),
    ("tig-challenges", &["tig-protocol"]),
    (
        "tig-conformance",
        &["tig-challenges", "tig-protocol", "tig-worker"],
    ),
    (
        "tig-devnet",
        &[
            "tig-challenges",
            "tig-process",
            "tig-protocol",
            "tig-worker",
        ],
    ),
    ("tig-events", &["tig-plugin-api", "tig-protocol"]),
    ("tig-host", &["tig-plugin-api", "tig-process"]),
    ("tig-plugin-api", &["tig-plugin-macros"]),
    ("tig-plugin-macros", &[]),
    ("tig-process", &[]),
    ("tig-protocol", &[]),
    (
        "tig-simulator",
        &[
            "tig-challenges",
            "tig-devnet",
            "tig-host",
            "tig-plugin-api",
            "tig-protocol",
        ],
    ),
    (
        "tig-slave",
        &[
            "tig-challenges",
            "tig-process",
            "tig-protocol",
            "tig-worker",
        ],
    ),
    ("tig-system-tests", &[]),
    (
        "tig-worker",
        &[
            "tig-bench-report",
            "tig-challenges",
            "tig-process",
            "tig-protocol",
        ],
    ),
    ("xtask", &["tig-process", "tig-system-tests"]),
    (PLUGIN, &["tig-events", "tig-plugin-api", "tig-protocol"]),
];

/// Stands for every plugin.
const PLUGIN: &str = "a plugin";

/// Every dependency that points outward. Tests may use more, but never the host.
pub(super) fn check(packages: &[Package], root: &Path) -> Vec<String> {
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let complaints = packages.iter().flat_map(|package| {
        let role = role(package, root);
        let allowed = ALLOWED
            .iter()
            .find(|(name, _)| *name == role)
            .map(|(_, allowed)| *allowed);
        let unknown = allowed.is_none().then(|| {
            format!(
                "{}: give it a line in the table of xtask/src/tidy/dependencies.rs",
                package.name
            )
        });
        unknown
            .into_iter()
            .chain(outward(package, allowed.unwrap_or_default(), &ours))
    });
    complaints.collect()
}

fn outward(package: &Package, allowed: &[&str], ours: &BTreeSet<&str>) -> Vec<String> {
    let dependencies = package.dependencies.iter().filter(|dependency| {
        let name = dependency.name.as_str();
        let in_tests = dependency.kind.as_deref() == Some("dev") && name != "tig-host";
        ours.contains(name) && !in_tests && !allowed.contains(&name)
    });
    dependencies
        .map(|dependency| format!("{} must not depend on {}", package.name, dependency.name))
        .collect()
}

fn role<'a>(package: &'a Package, root: &Path) -> &'a str {
    let in_plugins = package.manifest_path.starts_with(root.join("plugins"));
    if in_plugins && package.name != "tig-events" {
        PLUGIN
    } else {
        &package.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, path: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
        };
        Package {
            name: name.to_owned(),
            manifest_path: Path::new("/repo").join(path),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    fn complaints(name: &str, path: &str, dependencies: &[(&str, Option<&str>)]) -> Vec<String> {
        let all = [
            package("tig-host", "host/Cargo.toml", &[]),
            package("tig-protocol", "protocol/Cargo.toml", &[]),
            package(name, path, dependencies),
        ];
        check(&all, Path::new("/repo"))
    }

    #[test]
    fn the_host_knows_nothing_of_tig() {
        let found = complaints("tig-host", "host/Cargo.toml", &[("tig-protocol", None)]);
        assert_eq!(found, ["tig-host must not depend on tig-protocol"]);
    }

    #[test]
    fn nothing_depends_on_the_host_not_even_in_tests() {
        let manifest = "plugins/job-manager/Cargo.toml";
        let found = complaints("job-manager", manifest, &[("tig-host", Some("dev"))]);
        assert_eq!(found, ["job-manager must not depend on tig-host"]);
        let inward = [("tig-protocol", None), ("serde", None)];
        assert!(complaints("job-manager", manifest, &inward).is_empty());
    }

    #[test]
    fn a_new_crate_needs_a_line_in_the_table() {
        let found = complaints("tig-news", "news/Cargo.toml", &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("tig-news: "), "{found:?}");
    }
}
