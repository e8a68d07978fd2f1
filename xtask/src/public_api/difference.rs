//! What has changed between two lists of public items, and what that asks of whoever has changed it.

use std::collections::BTreeMap;

/// Where the rules of versions stand.
const POLICY: &str = "docs/compatibility.md";

/// The changes and what to do; `None` if there are none.
pub(super) fn describe(file: &str, recorded: &str, current: &str) -> Option<String> {
    let mut counts = BTreeMap::<&str, i32>::new();
    for line in recorded.lines() {
        *counts.entry(line).or_default() -= 1;
    }
    for line in current.lines() {
        *counts.entry(line).or_default() += 1;
    }
    // Sorted by item, so that both forms of a changed one stand together.
    counts.retain(|_, count| *count != 0);
    let changes: Vec<String> = counts
        .iter()
        .map(|(line, count)| format!("{} {line}", if *count < 0 { '-' } else { '+' }))
        .collect();
    if changes.is_empty() {
        return None;
    }
    let removed = counts.values().any(|count| *count < 0);
    let kind = match removed {
        true => "items are removed or changed, which may break extensions",
        false => "items are added",
    };
    Some(format!(
        "the public API is not the one of {file}: {kind}\n{}\n\
         Restore it, or accept it: `cargo xtask public-api` writes the list, {POLICY} says which version comes next.",
        changes.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "pub mod api\npub fn api::a()\npub fn api::b()\n";

    #[test]
    fn same_lists_have_no_difference() {
        assert_eq!(describe("list.txt", LIST, LIST), None);
    }

    #[test]
    fn added_item_breaks_nothing() {
        let current = LIST.to_owned() + "pub fn api::c()\n";
        let text = describe("list.txt", LIST, &current).unwrap();
        assert!(
            text.contains("list.txt: items are added\n+ pub fn api::c()\n"),
            "{text}"
        );
    }

    #[test]
    fn changed_item_shows_both_forms() {
        let current = LIST.replace("b()", "b(u8)");
        let text = describe("list.txt", LIST, &current).unwrap();
        assert!(
            text.contains("may break extensions\n- pub fn api::b()\n+ pub fn api::b(u8)\n"),
            "{text}"
        );
        assert!(text.contains("`cargo xtask public-api`"), "{text}");
    }
}
