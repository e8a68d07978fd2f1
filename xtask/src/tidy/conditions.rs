//! Codes of conditions: what an extension's own documentation lists has a row in a document for operators.

use std::fs;
use std::path::Path;

use super::sources;
use crate::Result;

/// Documents with a table of codes.
const DOCUMENTS: [&str; 2] = ["docs/operating.md", "docs/computehorde.md"];
/// Beginning of the line of an extension's `lib.rs` that lists its codes.
const LISTED: &str = "//! | conditions |";

/// Every code without a row.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut tables = String::new();
    for document in DOCUMENTS {
        tables.push_str(&fs::read_to_string(root.join(document))?);
    }
    let mut complaints = Vec::new();
    for path in sources::files(root)? {
        let name = path.strip_prefix(root).unwrap_or(&path);
        if name.ends_with("src/lib.rs") && name.iter().any(|part| part == "plugins") {
            let missing = without_row(&fs::read_to_string(&path)?, &tables);
            let name = name.display();
            complaints.extend(missing.iter().map(|code| {
                format!(
                    "{name}: condition `{code}` has no row in {}",
                    DOCUMENTS.join(" or ")
                )
            }));
        }
    }
    Ok(complaints)
}

fn without_row(source: &str, tables: &str) -> Vec<String> {
    let listed = source.lines().filter_map(|line| line.strip_prefix(LISTED));
    // Every other part is between backticks.
    let quoted = listed.flat_map(|line| line.split('`').skip(1).step_by(2));
    let codes = quoted.filter(|word| {
        let mut chars = word.chars();
        chars.all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
    });
    let has_row = |code: &str| tables.contains(&format!("\n| `{code}` |"));
    let missing = codes.filter(|code| !has_row(code));
    missing.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_without_a_row_is_found() {
        let source = "//! | conditions | `known` (see `reason.rs`), `unknown_2` |\n//! | emits | `other` |\n";
        let tables = "| code |\n| `known` | host |\n";
        assert_eq!(without_row(source, tables), ["unknown_2"]);
        let whole = format!("{tables}| `unknown_2` | host |\n");
        assert!(without_row(source, &whole).is_empty());
    }
}
