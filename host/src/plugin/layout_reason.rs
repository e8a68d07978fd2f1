//! Why a binary interface is refused, in one line.

/// Characters of a layout error that are shown; abi_stable's report runs to hundreds of lines.
const LAYOUT_ERROR_CHARS_MAX: usize = 600;
/// How each error of the report begins.
const ERROR: &str = "Error:";

/// The remedy, and the part of abi_stable's report that names the difference.
pub(super) fn layout_reason(report: &str) -> String {
    let lines = report.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    // The last error is about the innermost type: the difference proper.
    let start = lines
        .iter()
        .rposition(|line| line.starts_with(ERROR))
        .unwrap_or(0);
    let difference = lines[start..].join(" ");
    let difference = difference.strip_prefix(ERROR).unwrap_or(&difference);
    let difference = difference
        .replacen(" Expected: ", ": expected ", 1)
        .replacen(" Found: ", ", found ", 1);
    let shown: String = difference.chars().take(LAYOUT_ERROR_CHARS_MAX).collect();
    format!(
        "its binary interface differs from the host's ({shown}); rebuild it with the host's tig-plugin-api"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn innermost_difference_is_shown_in_one_line() {
        let report = "Compared <this>:\n    --- Type Layout ---\n\n0 error(s).\n\n\
            1 error(s)inside:\n    <other>\n\n    Error:too few fields\n    Expected:\n        4\n    Found:\n        3\n\
            Error:incompatible package versions\nExpected:\n    1.0.0\nFound:\n    2.0.0\n\n";
        assert_eq!(
            layout_reason(report),
            "its binary interface differs from the host's (incompatible package versions: expected 1.0.0, found 2.0.0); \
             rebuild it with the host's tig-plugin-api"
        );
    }

    #[test]
    fn long_report_of_another_form_is_cut() {
        let reason = layout_reason(&"x".repeat(10_000));
        assert!(reason.len() < LAYOUT_ERROR_CHARS_MAX + 150, "{reason}");
        assert!(reason.ends_with("tig-plugin-api"), "{reason}");
    }
}
