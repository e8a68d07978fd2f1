//! Modules depend on each other in one direction.
//!
//! At the top of a crate a circle is a breach. Further down, between files of one folder, the ratchet counts the modules
//! that are in circles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::modules::Modules;
use super::ratchet::Breach;
use crate::Result;
use crate::workspace::Package;

/// Crates whose top-level modules may still form circles, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[(
    "tig-plugin-api",
    "the one file with `unsafe` declares the boundary and exports the root module, which is made by `guard`",
)];

/// Files that can be roots of a crate.
const ROOTS: [&str; 2] = ["lib.rs", "main.rs"];

/// For each module below a common parent, those that it depends on.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Every circle between top-level modules, and every exception that is not needed any more.
pub(super) fn at_top(packages: &[Package]) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for package in packages {
        let mut circles = Vec::new();
        for modules in crates(package)? {
            circles.extend(check_crate(&modules).0);
        }
        let name = &package.name;
        let is_excepted = EXCEPTIONS.iter().any(|(excepted, _)| excepted == name);
        if !is_excepted {
            let texts = circles.iter();
            complaints.extend(texts.map(|it| format!("{name}: modules form a circle: {it}")));
        } else if circles.is_empty() {
            complaints.push(format!("{name}: remove its exception in circles.rs"));
        }
    }
    Ok(complaints)
}

/// Every module that is in a circle below the top.
pub(super) fn further_down(packages: &[Package], root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for package in packages {
        let folder = package.relative_folder(root);
        for modules in crates(package)? {
            let circles = check_crate(&modules).1.into_iter();
            breaches.extend(circles.map(|it| Breach::new(&folder, format!("{folder}: {it}"))));
        }
    }
    Ok(breaches)
}

/// The library and the program of a package.
fn crates(package: &Package) -> Result<Vec<Modules>> {
    let files = ROOTS.map(|file| package.folder().join("src").join(file));
    let files = files.iter().filter(|file| file.is_file());
    files.map(|file| Modules::read(file)).collect()
}

/// Circles at the top, and the modules in circles further down.
fn check_crate(modules: &Modules) -> (Vec<String>, Vec<String>) {
    let mut top = Vec::new();
    let mut further = Vec::new();
    for parent in modules.0.keys() {
        let edges = edges(modules, parent);
        for name in edges.keys() {
            let Some(circle) = circle(&edges, name) else {
                continue;
            };
            if !parent.is_empty() {
                further.push(format!("{}: {}", parent.join("::"), circle.join(" -> ")));
            } else if circle.iter().min() == circle.first() {
                top.push(circle.join(" -> "));
            }
        }
    }
    (top, further)
}

/// What the children of `parent`, each with all that is in it, name of each other.
fn edges(modules: &Modules, parent: &[String]) -> Edges {
    let mut edges = Edges::new();
    for (path, module) in &modules.0 {
        let Some([from, ..]) = path.strip_prefix(parent) else {
            continue;
        };
        let targets = edges.entry(from.clone()).or_default();
        for name in &module.names {
            let home = modules.home(name);
            if let Some([to, ..]) = home.strip_prefix(parent)
                && to != from
            {
                targets.insert(to.clone());
            }
        }
    }
    edges
}

/// The shortest way from a module back to itself.
fn circle(edges: &Edges, start: &str) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![start.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        for next in edges.get(last).into_iter().flatten() {
            let mut way = way.clone();
            way.push(next.clone());
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push_back(way);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A crate of two modules; `other` is what the second one holds.
    fn planted(other: &str) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file(
            "lib.rs",
            "mod one;\nmod other;\npub use one::inner::Item;\n",
        );
        file(
            "one/mod.rs",
            "pub(crate) mod inner;\nuse crate::other::f;\n",
        );
        file("one/inner.rs", "pub struct Item;\n");
        file("other.rs", other);
        check_crate(&Modules::read(&folder.path().join("lib.rs")).unwrap())
    }

    #[test]
    fn a_planted_circle_is_found() {
        let (top, _) = planted("pub fn f() { g(format!(\"{:?}\", crate::one::inner::Item)) }");
        assert_eq!(top, ["one -> other -> one"]);
        // The same through a name that the root exports.
        let (top, _) = planted("use crate::Item;\npub fn f() {}\n");
        assert_eq!(top, ["one -> other -> one"]);
    }

    #[test]
    fn one_direction_and_tests_are_no_circle() {
        let tests = "pub fn f() {}\n#[cfg(test)]\nmod tests { use crate::Item; }\n";
        assert_eq!(planted(tests), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_circle_further_down_is_counted() {
        let inner =
            "mod a { use super::b::B; pub struct A; }\nmod b { use super::a::A; pub struct B; }";
        let (top, further) = planted(&format!("pub fn f() {{}}\n{inner}\n"));
        assert!(top.is_empty());
        assert_eq!(further, ["other: a -> b -> a", "other: b -> a -> b"]);
    }
}
