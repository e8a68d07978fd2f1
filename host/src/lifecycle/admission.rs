//! Checks that a config and its extensions fit together: sections fit their schemas, routes do not clash.
//!
//! Pure: it reads manifests, which need no loaded file.

use serde_json::{Map, Value};
use tig_plugin_api::{Manifest, Route};

use crate::config::{Config, Fault, schema};
use crate::http::operator::API_PATH;
use crate::http::server::METRICS_PATH;

/// How messages name the host as the owner of routes.
const OWN_NAME: &str = "tig-host";

/// Every misfit between `config` and the manifests of its extensions, in the config's order.
#[must_use]
fn faults(config: &Config, manifests: &[&Manifest]) -> Vec<Fault> {
    let named = || config.extensions.iter().zip(manifests.iter().copied());
    let mut found: Vec<Fault> = named()
        .flat_map(|(name, manifest)| section_faults(&config.sections, name, manifest))
        .collect();
    let mut taken = vec![own_route()];
    for (index, (name, manifest)) in named().enumerate() {
        let place = format!("extensions[{index}]");
        found.extend(clashes(&place, name, manifest, &taken));
        taken.extend(routes(manifest).map(|route| (name.clone(), route)));
    }
    found
}

/// `config` with its whole identity, and every misfit between it and its extensions, which are given in the config's order.
pub(crate) fn admit(config: &Config, manifests: &[&Manifest]) -> (Config, Vec<Fault>) {
    let mut found = faults(config, manifests);
    let (completed, misfits) = config.completed(manifests.iter().copied());
    found.extend(misfits);
    (completed, found)
}

/// Every misfit between a new version of extension `name`, its settings, and the routes of the other extensions.
#[must_use]
pub(crate) fn successor_faults(
    sections: &Map<String, Value>,
    name: &str,
    manifest: &Manifest,
    others: Vec<(String, Route)>,
) -> Vec<Fault> {
    let mut found = section_faults(sections, name, manifest);
    let taken: Vec<_> = std::iter::once(own_route()).chain(others).collect();
    found.extend(clashes("", name, manifest, &taken));
    found
}

/// Every misfit between extension `name` and its section; a missing section counts as `{}`.
#[must_use]
pub(crate) fn section_faults(
    sections: &Map<String, Value>,
    name: &str,
    manifest: &Manifest,
) -> Vec<Fault> {
    let empty = Value::Object(Map::new());
    let section = sections.get(name).unwrap_or(&empty);
    let faults_by = |schema| schema::faults(schema, section, &format!("config.{name}"));
    manifest.config.as_ref().map(faults_by).unwrap_or_default()
}

fn clashes(place: &str, name: &str, manifest: &Manifest, taken: &[(String, Route)]) -> Vec<Fault> {
    let clash = |route: Route| {
        let other = if route.path.starts_with(API_PATH) {
            OWN_NAME
        } else {
            let (other, _) = taken.iter().find(|(_, other)| other.overlaps(&route))?;
            other
        };
        let text = format!("`{name}` and `{other}` both answer {route}; remove one of them");
        Some(Fault::new(place, text))
    };
    routes(manifest).filter_map(clash).collect()
}

/// The host's own route beside its API.
fn own_route() -> (String, Route) {
    let route = Route {
        method: "GET".to_owned(),
        path: METRICS_PATH.to_owned(),
        wildcard: false,
    };
    (OWN_NAME.to_owned(), route)
}

fn routes(manifest: &Manifest) -> impl Iterator<Item = Route> {
    manifest.routes.iter().filter_map(|text| Route::parse(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(routes: &[&str]) -> Manifest {
        let manifest = serde_json::json!({
            "name": "x", "version": "1.0.0", "api_version": 1, "panic": "unwind", "events": [], "routes": routes,
            "config": { "type": "object", "properties": {}, "additionalProperties": false },
        });
        serde_json::from_value(manifest).unwrap()
    }

    fn fault_texts(routes: &[&str], config: Value) -> Vec<String> {
        let sections = config.as_object().unwrap();
        let others = vec![("y".to_owned(), Route::parse("GET /jobs/*").unwrap())];
        let found = successor_faults(sections, "x", &manifest(routes), others);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn successor_must_fit_its_section_and_free_routes() {
        assert_eq!(
            fault_texts(&["GET /jobs", "POST /jobs/*"], serde_json::json!({})),
            [""; 0]
        );
        assert_eq!(
            fault_texts(
                &["GET /jobs/all"],
                serde_json::json!({ "x": { "a": 1 }, "y": 7 })
            ),
            [
                "config.x.a: unknown key",
                "`x` and `y` both answer GET /jobs/all; remove one of them"
            ]
        );
    }

    #[test]
    fn route_of_the_host_is_taken() {
        let texts = fault_texts(&["GET /metrics"], serde_json::json!({}));
        assert_eq!(
            texts,
            ["`x` and `tig-host` both answer GET /metrics; remove one of them"]
        );
        for route in [
            "GET /operator/v1/x",
            "POST /operator/v1/*",
            "GET /operator/v1/x/*",
        ] {
            let texts = fault_texts(&[route], serde_json::json!({}));
            assert_eq!(texts.len(), 1, "{route}: {texts:?}");
        }
        for route in [
            "GET /operator/",
            "GET /operator/panel/jobs",
            "GET /operator/assets/*",
        ] {
            let texts = fault_texts(&[route], serde_json::json!({}));
            assert_eq!(texts, [""; 0], "{route}");
        }
    }
}
