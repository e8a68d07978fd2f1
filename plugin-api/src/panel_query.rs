//! What the query of a panel's route asks for, and the reply to it.

use serde::Deserialize;

use crate::panel::{Panel, ROWS_COUNT_DEFAULT};
use crate::{Error, HttpReply, HttpRequest, Result, bail};

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
    /// Reads [`HttpRequest::query`](crate::HttpRequest::query); [`HttpReply::panel`] does so for the route of a panel.
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

    /// The rows of the page that the query asks for, each made of one of the items, and the number of all items, for
    /// [`Table::rows_total`](crate::panel::Table::rows_total). The items are those found, in the order in which they are shown; of
    /// those that are on another page no row is made.
    pub fn page<T, R>(
        &self,
        items: impl IntoIterator<Item = T>,
        row: impl FnMut(T) -> R,
    ) -> (Vec<R>, u64) {
        let mut items = items.into_iter();
        let before = items.by_ref().take(self.offset).count();
        let rows: Vec<R> = items.by_ref().take(self.limit).map(row).collect();
        let total = before + rows.len() + items.count();
        (rows, total as u64)
    }
}

impl HttpReply {
    /// Replies to a request of a [`panel`](crate::panel)'s route: 200 with the panel that `make` returns, 404 with the text that it
    /// returns in place of a panel, such as for an unknown [`PanelQuery::id`], or 400 with the reason why the query cannot be read. The
    /// texts are those of an [`HttpReply::error`].
    ///
    /// # Errors
    ///
    /// The panel has no JSON form; does not happen for values of this type.
    pub fn panel(
        request: &HttpRequest,
        make: impl FnOnce(&PanelQuery) -> std::result::Result<Panel, &'static str>,
    ) -> Result<Self> {
        let query = match PanelQuery::parse(&request.query) {
            Ok(query) => query,
            Err(error) => return Ok(Self::error(400, &error.to_string())),
        };
        match make(&query) {
            Ok(panel) => Self::json(200, &panel),
            Err(text) => Ok(Self::error(404, text)),
        }
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

    #[test]
    fn page_has_its_rows_and_the_total_of_all() {
        let mut made = 0;
        let mut page = |query: &str| {
            let query = PanelQuery::parse(query).unwrap();
            query.page(1..=5, |item| {
                made += 1;
                item * 10
            })
        };
        assert_eq!(page("offset=1&limit=2"), (vec![20, 30], 5));
        assert_eq!(page("offset=4&limit=2"), (vec![50], 5));
        assert_eq!(page("offset=6"), (vec![], 5));
        assert_eq!(page("limit=0"), (vec![], 5));
        assert_eq!(made, 3, "rows of other pages are not made");
    }

    #[test]
    fn panel_or_the_reason_for_none_is_replied() {
        let reply = |query: &str| {
            let request = HttpRequest {
                method: "GET".to_owned(),
                path: "/operator/panel/stock".to_owned(),
                query: query.to_owned(),
                headers: Vec::new(),
                peer: String::new(),
                body: Vec::new(),
            };
            let make = |query: &PanelQuery| match &query.id {
                None => Ok(Panel::default()),
                Some(_) => Err("no such thing"),
            };
            let reply = HttpReply::panel(&request, make).unwrap();
            let body = String::from_utf8(reply.body).unwrap();
            (reply.status, reply.content_type, body)
        };
        let (status, kind, body) = reply("find=x");
        assert_eq!((status, kind.as_str()), (200, "application/json"));
        let panel: Panel = serde_json::from_str(&body).unwrap();
        assert_eq!(panel, Panel::default());
        let (status, kind, body) = reply("id=a");
        assert_eq!((status, kind.as_str()), (404, "application/json"));
        assert_eq!(body, r#"{"error":"no such thing"}"#);
        let (status, _, body) = reply("limit=x");
        assert_eq!(status, 400);
        assert!(body.starts_with(r#"{"error":"the query: "#), "{body}");
    }
}
