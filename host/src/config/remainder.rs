//! What of a config can be checked although keys of it have faults.

use serde_json::Value;

use super::Fault;

/// A key at the top of the file; for those in `config`, the name of the section too.
type Part<'a> = (&'a str, Option<&'a str>);

/// The part that is given up for a fault at `path`.
fn part(path: &str) -> Part<'_> {
    let mut keys = path.split(['.', '[']);
    let top = keys.next().unwrap_or_default();
    (top, keys.next().filter(|_| top == "config"))
}

/// Removes each part of `file` that has a fault, as if it were not there.
pub(super) fn remove_faulty(file: &mut Value, faults: &[Fault]) {
    for fault in faults {
        let removed = match part(&fault.path) {
            (top, Some(section)) => file
                .get_mut(top)
                .and_then(Value::as_object_mut)
                .map(|sections| sections.remove(section)),
            (top, None) => file.as_object_mut().map(|keys| keys.remove(top)),
        };
        drop(removed);
    }
}

/// Whether `fault` may only be there because the parts of `earlier` faults were removed.
pub(crate) fn is_in_removed(fault: &Fault, earlier: &[Fault]) -> bool {
    let (top, section) = part(&fault.path);
    earlier.iter().any(|other| {
        let (other_top, other_section) = part(&other.path);
        top == other_top && (other_section.is_none() || section == other_section)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(paths: &[&str]) -> Vec<Fault> {
        paths.iter().map(|path| Fault::new(path, "no")).collect()
    }

    #[test]
    fn faulty_parts_are_removed_alone() {
        let mut file = json!({
            "port": 70_000, "tls": { "key_file": "k" }, "bind": "::",
            "config": { "a": { "x": 1 }, "ab": { "x": 1 } },
        });
        remove_faulty(&mut file, &faults(&["port", "tls.key_file", "config.a.x"]));
        let left = json!({ "bind": "::", "config": { "ab": { "x": 1 } } });
        assert_eq!(file, left);
        remove_faulty(&mut file, &faults(&["config", ""]));
        assert_eq!(file, json!({ "bind": "::" }));
    }

    #[test]
    fn faults_of_removed_parts_are_known() {
        let earlier = faults(&["keys.hot.file", "config.a[2]"]);
        let is_known = |path| is_in_removed(&Fault::new(path, "no"), &earlier);
        assert!(is_known("keys.cold") && is_known("config.a.x"));
        assert!(!is_known("config.ab") && !is_known("extensions[0]"));
    }
}
