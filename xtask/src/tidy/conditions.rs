//! Codes of conditions: each that an extension's own documentation lists, or that its source makes by name, has a row in a document for
//! operators.

use std::fs;
use std::path::Path;

use super::sources;
use crate::Result;

/// Documents with a table of codes.
const DOCUMENTS: [&str; 2] = ["docs/operating.md", "docs/computehorde.md"];
/// Beginning of the line of an extension's `lib.rs` that lists its codes.
const LISTED: &str = "//! | conditions |";
/// What comes before a code in the source.
const MADE: &str = "Condition::new(";

/// Every code without a row.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut tables = String::new();
    for document in DOCUMENTS {
        tables.push_str(&fs::read_to_string(root.join(document))?);
    }
    let mut complaints = Vec::new();
    for path in sources::files(root)? {
        let name = path.strip_prefix(root).unwrap_or(&path);
        let has = |wanted: &str| name.iter().any(|part| part == wanted);
        if has("plugins") && has("src") && !has("tests") && !has("tests.rs") {
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
    let made = source.split(MADE).skip(1);
    let made = made.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
    let codes = quoted.chain(made).filter(|word| {
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
        let listed = "//! | conditions | `known` (see `reason.rs`), `unknown_2` |\n//! | emits | `other` |\n";
        let made =
            "Condition::new(\n    \"unlisted\", severity); Condition::new(code, severity);\n";
        let source = [listed, made].concat();
        let tables = "| code |\n| `known` | host |\n";
        assert_eq!(without_row(&source, tables), ["unknown_2", "unlisted"]);
        let whole = format!("{tables}| `unknown_2` | host |\n| `unlisted` | host |\n");
        assert!(without_row(&source, &whole).is_empty());
    }
}
