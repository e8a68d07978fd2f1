//! Whether a config and the extensions that it lists fit together: sections fit their schemas, routes do not clash.
//!
//! Pure: it looks at manifests, which are read without loading a file.

use tig_plugin_api::{Manifest, Route};

use crate::{
    config::{Config, Fault},
    http_server::METRICS_PATH,
    schema,
};

/// Every misfit between `config` and the manifests of its extensions, given in the config's order.
#[must_use]
pub fn faults(config: &Config, manifests: &[&Manifest]) -> Vec<Fault> {
    let named = || config.extensions.iter().zip(manifests.iter().copied());
    let mut found: Vec<Fault> = named()
        .flat_map(|(name, manifest)| section_faults(config, name, manifest))
        .collect();
    let own = Route {
        method: "GET".to_owned(),
        path: METRICS_PATH.to_owned(),
        wildcard: false,
    };
    let mut taken: Vec<(&str, Route)> = vec![("tig-host", own)];
    for (index, (name, manifest)) in named().enumerate() {
        for route in routes(manifest) {
            match taken.iter().find(|(_, other)| other.overlaps(&route)) {
                Some((other, _)) => {
                    let text =
                        format!("`{name}` and `{other}` both answer {route}; remove one of them");
                    found.push(Fault::new(&format!("extensions[{index}]"), text));
                }
                None => taken.push((name, route)),
            }
        }
    }
    found
}

/// What does not fit in the section of extension `name`; a missing section counts as `{}`.
#[must_use]
pub fn section_faults(config: &Config, name: &str, manifest: &Manifest) -> Vec<Fault> {
    let empty = serde_json::json!({});
    let section = config.sections.get(name).unwrap_or(&empty);
    let faults_by = |schema| schema::faults(schema, section, &format!("config.{name}"));
    manifest.config.as_ref().map(faults_by).unwrap_or_default()
}

fn routes(manifest: &Manifest) -> impl Iterator<Item = Route> {
    manifest.routes.iter().filter_map(|text| Route::parse(text))
}
