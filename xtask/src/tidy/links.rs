//! Links between documents: each relative one leads to a file, and its anchor to a heading of that file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::sources;
use crate::Result;

/// Beginning and end of a block of code.
const FENCE: &str = "```";

/// Every link that leads nowhere.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for path in sources::files(root)? {
        if !is_document(&path) {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap_or(root).join(file),
            };
            let is_there = target.exists()
                && (anchor.is_empty()
                    || !is_document(&target)
                    || anchors(&fs::read_to_string(&target)?).contains(anchor));
            if !is_there {
                let name = path.strip_prefix(root).unwrap_or(&path).display();
                complaints.push(format!("{name}: the link to {link} leads nowhere"));
            }
        }
    }
    Ok(complaints)
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// Targets of the relative links in a document.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in outside_of_code(text) {
        let mut rest = line;
        while let Some((_, link)) = rest.split_once("](") {
            let (target, after) = link.split_once(')').unwrap_or((link, ""));
            let has_scheme = target.contains(':');
            if !has_scheme && !target.is_empty() {
                found.push(target);
            }
            rest = after;
        }
    }
    found
}

/// Anchors of the headings of a document: lower case, hyphens in place of spaces, no other signs.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = outside_of_code(text).filter(|line| line.starts_with('#'));
    let anchors = headings.map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|char| char.is_alphanumeric() || " -_".contains(*char));
        kept.map(|char| if char == ' ' { '-' } else { char })
            .collect()
    });
    anchors.collect()
}

fn outside_of_code(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with(FENCE);
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# The `host.ws` event\n\nSee [a](a.md#b), [here](#c) and [there](https://example.org).\n\
        ```text\n# no heading [x](y.md)\n```\n## Two words\n";

    #[test]
    fn links_in_code_do_not_count() {
        assert_eq!(links(TEXT), ["a.md#b", "#c"]);
    }

    #[test]
    fn headings_become_anchors() {
        assert!(
            anchors(TEXT)
                .into_iter()
                .eq(["the-hostws-event", "two-words"])
        );
    }

    #[test]
    fn broken_links_are_named() {
        let root = tempfile::tempdir().unwrap();
        let text = "[ok](b.md#there) [file](c.md) [anchor](b.md#gone) [own](#mine)\n# Mine\n";
        fs::write(root.path().join("a.md"), text).unwrap();
        fs::write(root.path().join("b.md"), "# There\n").unwrap();
        let expected = [
            "a.md: the link to c.md leads nowhere",
            "a.md: the link to b.md#gone leads nowhere",
        ];
        assert_eq!(check(root.path()).unwrap(), expected);
    }
}
