//! A case of a vector file, and the comparisons that all files share.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a case does not count as passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The difference, or the fault of the case itself.
    Differs(String),
    /// A missing requirement of the case.
    Missing(String),
}

impl<T: Into<String>> From<T> for Fault {
    fn from(text: T) -> Self {
        Self::Differs(text.into())
    }
}

/// The outcome of a check.
pub(crate) type Checked = Result<(), Fault>;

/// Behaviour of the original program in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Original {
    /// An answer.
    Ok,
    /// A refusal.
    Err,
    /// A panic.
    Panic,
    /// A run without end.
    Timeout,
}

/// One case of one list of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    list: &'static str,
    place: usize,
    value: &'a Value,
}

impl<'a> Case<'a> {
    /// A case at this place, from 0, of a list.
    pub(crate) fn new(list: &'static str, place: usize, value: &'a Value) -> Self {
        Self { list, place, value }
    }

    /// Name in reports.
    pub(crate) fn id(&self) -> String {
        match self.value["id"].as_str() {
            Some(id) => id.to_owned(),
            None => format!("case {} without id", self.place + 1),
        }
    }

    /// Group of the case: its own, or its list.
    pub(crate) fn kind(&self) -> &'a str {
        self.value["kind"].as_str().unwrap_or(self.list)
    }

    /// The case as it stands.
    pub(crate) fn whole(&self) -> &'a Value {
        self.value
    }

    /// A field as it stands; null if there is none.
    pub(crate) fn get(&self, name: &str) -> &'a Value {
        &self.value[name]
    }

    /// A field decoded.
    pub(crate) fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        field(self.value, name)
    }

    /// Either the status of its result, or how the process ended that it describes.
    pub(crate) fn original(&self) -> Original {
        let panicked = |stderr: &str| stderr.contains("panicked at");
        match self.value["result"]["status"].as_str() {
            Some("ok") => Original::Ok,
            Some("panic") => Original::Panic,
            Some(_) => Original::Err,
            None if self.value["exit_code"] == "timeout" => Original::Timeout,
            None if self.value["stderr"].as_str().is_some_and(panicked) => Original::Panic,
            None if self.value["exit_code"].as_i64().unwrap_or(0) == 0 => Original::Ok,
            None => Original::Err,
        }
    }

    /// Compares values with the fields of the case that have their names.
    pub(crate) fn same_fields(&self, actual: &Value) -> Checked {
        same_fields(self.value, actual)
    }

    /// Compares an answer with the case's `result`: errors must be errors, but their text is our own.
    pub(crate) fn same_result(&self, actual: Result<Value, String>) -> Checked {
        let expected = self.get("result");
        match (self.original(), actual) {
            (Original::Ok, Ok(actual)) => equal("result", &expected["value"], actual),
            (Original::Ok, Err(error)) => {
                Err(format!("error `{error}`, expected {}", expected["value"]).into())
            }
            (Original::Err, Err(_)) => Ok(()),
            (Original::Err, Ok(actual)) => {
                Err(format!("result is {actual}, expected {expected}").into())
            }
            (Original::Panic | Original::Timeout, _) => Err(self.gave_up()),
        }
    }

    /// The fault of a case in which there is nothing to agree with.
    pub(crate) fn gave_up(&self) -> Fault {
        format!("the original gave no answer ({:?})", self.original()).into()
    }
}

/// Decodes a field of an object.
pub(crate) fn field<T: DeserializeOwned>(object: &Value, name: &str) -> Result<T, String> {
    T::deserialize(&object[name]).map_err(|error| format!("field `{name}`: {error}"))
}

/// Compares one value.
pub(crate) fn equal(what: &str, expected: &Value, actual: impl Serialize) -> Checked {
    let actual = serde_json::to_value(actual).map_err(|error| error.to_string())?;
    if *expected == actual {
        Ok(())
    } else {
        Err(format!("{what} is {}, expected {}", short(&actual), short(expected)).into())
    }
}

/// Compares values with the fields of `expected` that have their names.
pub(crate) fn same_fields(expected: &Value, actual: &Value) -> Checked {
    let fields = actual.as_object().into_iter().flatten();
    fields
        .into_iter()
        .try_for_each(|(name, actual)| equal(name, &expected[name], actual))
}

/// Text of a value in a report; a whole instance would bury everything else.
fn short(value: &Value) -> String {
    const CHARS_MAX: usize = 200;
    let text = value.to_string();
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

/// An error of a library as text.
pub(crate) fn text(error: impl ToString) -> String {
    error.to_string()
}
