//! Which versions of the contract a host takes. Plugins have the name and version of its crate in each layout, so that another
//! version is a patch of a few bytes.

use super::Scene;
use crate::support::with_version;

/// How the crate of a type is noted in its layout; the version follows.
const CONTRACT: &str = "tig-plugin-abi;";
const SDK: &str = "tig-plugin-api;";
/// Digits and dots of each version here.
const VERSION_BYTES: usize = "1.0.0".len();

/// Where `part` stands in the file.
fn places(bytes: &[u8], part: &str) -> Vec<usize> {
    let windows = bytes.windows(part.len()).enumerate();
    let found = windows.filter(|(_, window)| *window == part.as_bytes());
    found.map(|(place, _)| place).collect()
}

/// The next version of the plugin, as if its types were from `origin`, a crate with its version.
fn from(origin: &str) -> Vec<u8> {
    let mut bytes = with_version("misbehaving", "0.1.1");
    let length = CONTRACT.len() + VERSION_BYTES;
    assert_eq!(origin.len(), length);
    for place in places(&bytes, CONTRACT) {
        bytes[place..place + length].copy_from_slice(origin.as_bytes());
    }
    bytes
}

#[test]
fn no_type_of_the_sdk_crosses() {
    let bytes = with_version("misbehaving", "0.1.1");
    assert!(!places(&bytes, CONTRACT).is_empty(), "another form of note");
    assert!(places(&bytes, SDK).is_empty(), "a host of another SDK");
}

#[tokio::test]
async fn plugin_of_a_later_minor_contract_is_loaded() {
    let mut scene = Scene::new();
    scene
        .home
        .install("misbehaving", &from("tig-plugin-abi;1.9.9"));
    scene.operator_sees(&["extension reloaded", "0.1.1"]);
    scene.others_get_every_event().await;
}

#[tokio::test]
async fn plugin_of_another_major_contract_is_refused() {
    let reason =
        "binary interface differs from the host's (incompatible package versions: expected 1.";
    Scene::new()
        .refuses(&from("tig-plugin-abi;2.0.0"), reason)
        .await;
}

/// So were plugins before the contract had a crate of its own.
#[tokio::test]
async fn plugin_with_types_of_the_sdk_is_refused() {
    let reason =
        "(mismatched package: expected tig-plugin-abi, found tig-plugin-api); rebuild it with";
    Scene::new()
        .refuses(&from("tig-plugin-api;0.1.0"), reason)
        .await;
}
