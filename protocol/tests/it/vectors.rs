//! Running the cases of a golden vector file. A runner takes the parsed file and returns a [`Report`].

use serde::Serialize;
use serde_json::Value;

/// What came of a list of cases.
#[derive(Default)]
pub(crate) struct Report {
    checked: usize,
    failures: Vec<String>,
}

impl Report {
    /// Checks every case of one list of the file.
    pub(crate) fn of(
        file: &Value,
        list: &str,
        check: impl Fn(&Value) -> Result<(), String>,
    ) -> Self {
        let mut report = Self::default();
        for case in file[list].as_array().into_iter().flatten() {
            report.checked += 1;
            if let Err(failure) = check(case) {
                report.failures.push(format!("{}: {failure}", case["id"]));
            }
        }
        report
    }

    /// Panics with the failures, or if there was nothing to check.
    #[track_caller]
    pub(crate) fn assert_conforms(self) {
        assert!(self.checked > 0, "no cases");
        assert!(
            self.failures.is_empty(),
            "{} of {} cases fail:\n{}",
            self.failures.len(),
            self.checked,
            self.failures.join("\n")
        );
    }
}

/// A vector file of the repository.
#[track_caller]
pub(crate) fn read(name: &str) -> Value {
    let path = format!("{}/../vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares one value of a case.
pub(crate) fn equal(what: &str, expected: &Value, actual: impl Serialize) -> Result<(), String> {
    let actual = serde_json::to_value(actual).map_err(|error| error.to_string())?;
    if *expected == actual {
        Ok(())
    } else {
        Err(format!("{what} is {actual}, expected {expected}"))
    }
}

/// Decodes a field of a case.
pub(crate) fn field<T: serde::de::DeserializeOwned>(case: &Value, name: &str) -> Result<T, String> {
    T::deserialize(&case[name]).map_err(|error| format!("field `{name}`: {error}"))
}
