//! What has changed between two lists of public items, and what that asks of whoever has changed it.

use std::collections::BTreeMap;

/// Where the rules of versions stand.
const POLICY: &str = "docs/compatibility.md";

/// Items that only one of the lists has, sorted, so that both forms of a changed one stand together.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Difference<'a> {
    /// `false` for an item that is gone.
    items: BTreeMap<&'a str, bool>,
}

impl<'a> Difference<'a> {
    /// Compares the lists line by line.
    pub(super) fn between(recorded: &'a str, current: &'a str) -> Self {
        let mut counts = BTreeMap::<&str, i32>::new();
        for line in recorded.lines() {
            *counts.entry(line).or_default() -= 1;
        }
        for line in current.lines() {
            *counts.entry(line).or_default() += 1;
        }
        let changed = counts.into_iter().filter(|(_, count)| *count != 0);
        let items = changed.map(|(line, count)| (line, count > 0)).collect();
        Self { items }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// A line for each item, with its sign.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let sign = |is_new: bool| if is_new { '+' } else { '-' };
        self.items
            .iter()
            .map(move |(item, is_new)| format!("{} {item}", sign(*is_new)))
    }

    /// What the change means, and what to do.
    pub(super) fn advice(&self, file: &str) -> String {
        let what = match self.items.values().all(|is_new| *is_new) {
            true => "items are added",
            false => "items are removed or changed, which may break extensions",
        };
        format!(
            "the public API is not the one of {file}: {what}. Restore the items above, or accept the change: \
             `cargo xtask public-api` writes the list, and {POLICY} says which version comes next"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "pub mod api\npub fn api::a()\npub fn api::b()\n";

    #[test]
    fn same_lists_have_no_difference() {
        assert!(Difference::between(LIST, LIST).is_empty());
    }

    #[test]
    fn added_item_breaks_nothing() {
        let current = LIST.to_owned() + "pub fn api::c()\n";
        let difference = Difference::between(LIST, &current);
        assert_eq!(Vec::from_iter(difference.lines()), ["+ pub fn api::c()"]);
        assert!(
            difference
                .advice("list.txt")
                .contains("list.txt: items are added.")
        );
    }

    #[test]
    fn changed_item_shows_both_forms() {
        let current = LIST.replace("b()", "b(u8)");
        let difference = Difference::between(LIST, &current);
        let expected = ["- pub fn api::b()", "+ pub fn api::b(u8)"];
        assert_eq!(Vec::from_iter(difference.lines()), expected);
        assert!(
            difference
                .advice("list.txt")
                .contains("may break extensions")
        );
    }
}
