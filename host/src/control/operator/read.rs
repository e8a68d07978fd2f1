//! What runs, what is wrong, and what can be shown.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tig_plugin_api::Route;
use tig_plugin_api::panel::PANEL_PATH;

use super::{Api, json_text};
use crate::control::report::{CommandsReport, ConditionsReport, PanelInfo, PanelsReport};

/// Description of the API and of the routes of the stock extensions.
const OPENAPI: &str = include_str!("../../../../docs/openapi.json");

pub(super) async fn status(State(api): State<Api>) -> Response {
    Json(api.control.status()).into_response()
}

pub(super) async fn conditions(State(api): State<Api>) -> Response {
    Json(ConditionsReport {
        conditions: api.control.conditions(),
        at_ms: api.control.now_ms(),
    })
    .into_response()
}

pub(super) async fn panels(State(api): State<Api>) -> Response {
    let routes = api.control.routes();
    let panel = |(extension, route): (String, Route)| {
        let is_panel = route.method == "GET" && !route.wildcard;
        let name = route.path.strip_prefix(PANEL_PATH)?.to_owned();
        let is_panel = is_panel && !name.is_empty() && !name.contains('/');
        is_panel.then_some(PanelInfo { name, extension })
    };
    let panels = routes.into_iter().filter_map(panel).collect();
    Json(PanelsReport { panels }).into_response()
}

pub(super) async fn commands(State(api): State<Api>) -> Response {
    Json(CommandsReport {
        extensions: api.control.commands(),
    })
    .into_response()
}

pub(super) async fn openapi() -> Response {
    json_text(OPENAPI)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Whoever adds a route describes it.
    #[test]
    fn every_route_is_described() {
        let source = include_str!("mod.rs");
        let routes = source.split(".route(\"").skip(1);
        let routes = routes.filter_map(|rest| rest.split('"').next());
        let routes: BTreeSet<_> = routes.map(|it| format!("/operator/v1{it}")).collect();
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let paths = document["paths"].as_object().unwrap().keys();
        let api = paths.filter(|path| path.starts_with("/operator/v1/"));
        assert_eq!(api.cloned().collect::<BTreeSet<_>>(), routes);
    }
}
