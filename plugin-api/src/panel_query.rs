//! What the query of a panel's route asks for.

use serde::Deserialize;

use crate::panel::ROWS_COUNT_DEFAULT;
use crate::{Error, Result, bail};

/// Rows of a table at a time, whatever the query asks for.
pub const ROWS_COUNT_MAX: usize = 1_000;

/// Bytes of an id or of a text to find.
const TEXT_BYTES_MAX: usize = 1_024;

/// The query of a [`panel`](crate::panel)'s route. Keys that it does not know are ignored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct PanelQuery {
    /// The row whose details are asked for.
    pub id: Option<String>,
    /// Rows are shown that have this text in them, which [`PanelQuery::parse`] turns into lower case; empty for all.
    pub find: String,
    /// Rows that are left out before the first one.
    pub offset: usize,
    /// Rows at most; [`ROWS_COUNT_MAX`] if more are asked for.
    pub limit: usize,
}

impl Default for PanelQuery {
    fn default() -> Self {
        Self {
            id: None,
            find: String::new(),
            offset: 0,
            limit: ROWS_COUNT_DEFAULT,
        }
    }
}

impl PanelQuery {
    /// Reads [`HttpRequest::query`](crate::HttpRequest::query).
    ///
    /// # Errors
    ///
    /// A number is not one, or a text is longer than 1,024 bytes: the reply is a 400 with the error's text.
    pub fn parse(query: &str) -> Result<Self> {
        let read = serde_urlencoded::from_str(query);
        let mut query: Self = read.map_err(|error| Error::from(error).context("the query"))?;
        let length = query
            .find
            .len()
            .max(query.id.as_ref().map_or(0, String::len));
        if length > TEXT_BYTES_MAX {
            bail!("the query: a text of {length} bytes is longer than {TEXT_BYTES_MAX}");
        }
        query.limit = query.limit.min(ROWS_COUNT_MAX);
        query.find = query.find.to_lowercase();
        Ok(query)
    }

    /// Whether a row with these texts is to be shown; upper and lower case are alike.
    pub fn finds<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let mut texts = texts.into_iter();
        self.find.is_empty() || texts.any(|text| text.to_lowercase().contains(&self.find))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_of_a_panel_is_decoded_and_bounded() {
        let query = PanelQuery::parse("id=a%20b%2Fc&find=ANN+1&offset=5&limit=100000&other=1");
        let query = query.unwrap();
        assert_eq!(query.id.as_deref(), Some("a b/c"));
        assert_eq!((query.find.as_str(), query.offset), ("ann 1", 5));
        assert_eq!(query.limit, ROWS_COUNT_MAX);
        assert!(query.finds(["bob", "x ann 12"]) && !query.finds(["ann2"]));
        assert_eq!(PanelQuery::parse("").unwrap(), PanelQuery::default());
    }

    #[test]
    fn query_that_cannot_be_meant_is_refused() {
        let long = format!("find={}", "x".repeat(TEXT_BYTES_MAX + 1));
        for query in ["limit=-1", "offset=x", "id=a&id=b", &long] {
            let error = PanelQuery::parse(query).unwrap_err().to_string();
            assert!(error.starts_with("the query: "), "{error}");
        }
    }
}
