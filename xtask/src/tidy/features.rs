//! Every selection of programs gives a third-party crate the features that the whole workspace gives it, so that wasmtime and
//! all below it are built once. `workspace-hack/Cargo.toml` evens the features out.

use std::collections::{BTreeMap, BTreeSet};

use crate::Result;
use crate::workspace::{Package, Workspace, read};

/// The crate that evens features out.
const HACK: &str = "tig-workspace-hack";
/// Crates that bring wasmtime along.
const HEAVY: [&str; 2] = ["tig-worker", "wasmtime"];
/// Edges that a build and a test follow: first to the crates of the programs, then also to those of build scripts and macros,
/// which may have other features.
const EDGES: [[&str; 2]; 2] = [
    ["normal,no-proc-macro", "normal,dev,no-proc-macro"],
    ["normal,build", "normal,build,dev"],
];

/// The lists of features that a crate is built with: one, or two if build scripts need it with others.
type Features = BTreeMap<String, BTreeSet<String>>;

/// Every crate that some selection builds with other features than the workspace does.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut complaints = unaligned(&workspace.packages);
    let programs = workspace
        .packages
        .iter()
        .filter(|package| is_aligned(package));
    let programs = programs.map(|package| vec!["-p", package.name.as_str()]);
    let selections: Vec<_> = std::iter::once(vec!["--workspace"])
        .chain(programs)
        .collect();
    for [build, test] in EDGES {
        let whole = features(workspace, &["--workspace"], test)?;
        for selection in &selections {
            for edges in [build, test] {
                let alone = features(workspace, selection, edges)?;
                complaints.extend(differences(&selection.join(" "), &alone, &whole));
            }
        }
    }
    complaints.sort();
    complaints.dedup();
    Ok(complaints)
}

fn is_aligned(package: &Package) -> bool {
    let mut dependencies = package.dependencies.iter();
    dependencies.any(|dependency| dependency.name == HACK)
}

/// Programs that build wasmtime and leave its features to chance.
fn unaligned(packages: &[Package]) -> Vec<String> {
    let unaligned = packages.iter().filter(|package| {
        let mut dependencies = package.dependencies.iter();
        !is_aligned(package)
            && dependencies.any(|dependency| HEAVY.contains(&dependency.name.as_str()))
    });
    unaligned
        .map(|package| format!("{} builds wasmtime: it must depend on {HACK}", package.name))
        .collect()
}

/// What cargo builds for `selection`, but for the crates of the workspace.
fn features(workspace: &Workspace, selection: &[&str], edges: &str) -> Result<Features> {
    let mut command = workspace.cargo("tree --quiet --prefix none --format {p}|{f} --edges");
    Ok(parse(&read(command.arg(edges).args(selection))?))
}

/// Lines such as `memchr v2.8.3|alloc,std`; ` (*)` at the end says that cargo has shown the crate before.
fn parse(tree: &str) -> Features {
    let mut features = Features::new();
    let lines = tree.lines().filter_map(|line| line.split_once('|'));
    for (package, list) in lines.filter(|(package, _)| !package.contains('/')) {
        let list = list.trim_end_matches(" (*)").to_owned();
        features.entry(package.to_owned()).or_default().insert(list);
    }
    features
}

fn differences(selection: &str, alone: &Features, whole: &Features) -> Vec<String> {
    let none = BTreeSet::new();
    let crates = alone.iter().flat_map(|(name, lists)| {
        let known = whole.get(name).unwrap_or(&none);
        lists.difference(known).map(move |list| (name, list, known))
    });
    crates
        .map(|(name, list, known)| {
            let known = Vec::from_iter(known.iter().map(String::as_str)).join("] or [");
            format!(
                "`{selection}` builds {name} with the features [{list}], the workspace with [{known}]: \
                 add the missing ones to workspace-hack/Cargo.toml or workspace-hack/http/Cargo.toml"
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    #[test]
    fn a_missing_feature_is_named() {
        let whole =
            parse("tig-worker v0.1.0 (/repo/worker)|\nmemchr v2.8.3|alloc,std\nserde v1.0.0|std\n");
        let alone = parse("memchr v2.8.3|alloc (*)\nserde v1.0.0|std (*)\n");
        let found = differences("-p tig-worker", &alone, &whole);
        assert_eq!(found.len(), 1, "{found:?}");
        let wanted = "`-p tig-worker` builds memchr v2.8.3 with the features [alloc], the workspace with [alloc,std]: ";
        assert!(found[0].starts_with(wanted), "{found:?}");
    }

    #[test]
    fn features_of_build_scripts_count_apart() {
        let whole = parse("log v0.4.35|std\nlog v0.4.35|\n");
        for list in ["std", ""] {
            let alone = parse(&format!("log v0.4.35|{list}\n"));
            assert!(differences("-p tig-worker", &alone, &whole).is_empty());
        }
        assert_eq!(
            differences("-p tig-worker", &parse("log v0.4.35|serde\n"), &whole).len(),
            1
        );
    }

    #[test]
    fn a_program_with_wasmtime_must_be_aligned() {
        let dependency = |name: &str| Dependency {
            name: name.to_owned(),
            kind: None,
        };
        let package = |dependencies: &[&str]| Package {
            name: "tig-news".to_owned(),
            manifest_path: "news/Cargo.toml".into(),
            dependencies: dependencies.iter().map(|name| dependency(name)).collect(),
            publish: Some(Vec::new()),
        };
        let found = unaligned(&[package(&["tig-worker"])]);
        assert_eq!(
            found,
            ["tig-news builds wasmtime: it must depend on tig-workspace-hack"]
        );
        assert!(unaligned(&[package(&["tig-worker", HACK]), package(&["serde"])]).is_empty());
    }
}
