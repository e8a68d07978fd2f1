//! Requests to the routes of an extension.

use super::Harness;
#[cfg(doc)]
use crate::Context;
use crate::panel::{PANEL_PATH, Panel};
use crate::{Error, Extension, HttpReply, HttpRequest, Result, bail};

impl<E: Extension> Harness<E> {
    /// Calls a route.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Result<HttpReply> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = HttpRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            peer: "127.0.0.1:50000".to_owned(),
            body: body.into(),
        };
        let extension = &mut self.extension;
        let handled = self
            .host
            .transaction(&self.settings, |ctx| extension.request(ctx, request));
        self.restore_failed(handled)
    }

    /// Calls the route of the panel of this name ([`crate::panel`]), with a query such as `limit=10&find=ann`, or an empty one.
    ///
    /// ```
    /// # use tig_plugin_api::{panel::Panel, prelude::*, testing::Harness};
    /// # struct Stock;
    /// # #[extension(routes("GET /operator/panel/stock"))]
    /// # impl Stock {
    /// #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
    /// #     fn on_http_request(&mut self, _ctx: &mut Context<'_>, _request: HttpRequest) -> Result<HttpReply> {
    /// #         HttpReply::json(200, &Panel { title: "Stock".into(), ..Panel::default() })
    /// #     }
    /// # }
    /// # fn main() {
    /// let mut stock = Harness::<Stock>::start(serde_json::json!({ "name": "stock" }));
    /// assert_eq!(stock.panel("stock", "limit=10").unwrap().title, "Stock");
    /// let reply = stock.request("GET", "/operator/panel/stock", &[], "").unwrap();
    /// assert_eq!(reply.status, 200);
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The handler fails, its status is not 200, or its reply is not a panel.
    pub fn panel(&mut self, name: &str, query: &str) -> Result<Panel> {
        let path = format!("{PANEL_PATH}{name}?{query}");
        let reply = self.request("GET", &path, &[], "")?;
        if reply.status != 200 {
            let text = String::from_utf8_lossy(&reply.body);
            bail!("panel `{name}`: status {}: {text}", reply.status);
        }
        let panel = serde_json::from_slice(&reply.body).map_err(Error::from);
        panel.map_err(|error| error.context(format_args!("panel `{name}`")))
    }

    /// Number of parked requests that were woken since the last call ([`Context::wake`]).
    pub fn woken(&mut self) -> u64 {
        std::mem::take(&mut self.host.woken)
    }
}
