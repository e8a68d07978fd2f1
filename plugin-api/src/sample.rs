//! A value that an extension counts or measures.

use serde::{Deserialize, Serialize};

/// Labels and value of a metric, as they cross the boundary.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Sample {
    /// Names and values, in a fixed order.
    pub labels: Vec<(String, String)>,
    /// What is added or set.
    pub value: f64,
}

impl Sample {
    /// A sample from borrowed labels.
    #[must_use]
    pub fn new(labels: &[(&str, &str)], value: f64) -> Self {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            labels: labels.iter().map(own).collect(),
            value,
        }
    }
}
