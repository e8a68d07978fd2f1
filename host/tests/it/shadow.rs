//! Shadows of extensions.

use std::path::PathBuf;

use serde_json::json;
use tig_host::{ControlError, Host, Outcome, ShadowStatus};

use crate::apply::{count, counting, get, stop};
use crate::support::{Home, wait_until, with_version};

/// Version 0.1.1 of the counter, outside the plugin folder.
fn successor(home: &Home) -> PathBuf {
    let path = home.path("candidate.so");
    std::fs::write(&path, with_version("counter", "0.1.1")).unwrap();
    path
}

pub(crate) async fn begin(home: &Home, host: &Host) {
    let file = successor(home);
    host.control().shadow("counter", &file).await.unwrap();
}

/// Waits until the status of the counter's shadow is as wanted.
pub(crate) fn shadow_status(host: &Host, wanted: impl Fn(&ShadowStatus) -> bool) -> ShadowStatus {
    let shadow = || host.control().extensions().remove(0).shadow;
    wait_until(
        || shadow().as_ref().is_some_and(&wanted),
        || format!("{:?}", shadow()),
    );
    shadow().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_is_compared_and_takes_over() {
    let (home, host, _) = counting().await;
    begin(&home, &host).await;
    assert_eq!(count(&host, 1).await, json!([6, 2]));
    assert_eq!(get(&host, "/total").await.1, json!([6, 2]));
    assert_eq!(shadow_status(&host, |of| of.same == 2).different, 0);
    // A successor fails on 779; the running counter does not.
    assert_eq!(count(&host, 779).await, json!([785, 3]));
    let shadow = shadow_status(&host, |of| of.different == 1);
    let difference = "POST /count/779: fails: 779 is not counted";
    assert_eq!(shadow.differences, [difference]);
    // From here on the shadow's total differs.
    count(&host, 1).await;
    let shadow = shadow_status(&host, |of| of.different == 2);
    assert!(
        shadow.differences[1].contains("replies 200 [7,3], not 200 [786,4]"),
        "{shadow:?}"
    );

    let promoted = host.control().promote("counter").await;
    let (from, to) = ("0.1.0".to_owned(), "0.1.1".to_owned());
    assert_eq!(promoted.unwrap(), Outcome::Reloaded { from, to });
    assert_eq!(
        count(&host, 1).await,
        json!([787, 5]),
        "from where the running one was"
    );
    let status = host.control().extensions().remove(0);
    assert!(status.shadow.is_none() && status.version == "0.1.1");
    stop(host).await;
    let installed = std::fs::read(home.path("plugins").join("libcounter.so")).unwrap();
    assert_eq!(
        installed,
        with_version("counter", "0.1.1"),
        "the next start runs it too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_that_panics_harms_no_extension() {
    let (home, host, _) = counting().await;
    begin(&home, &host).await;
    assert_eq!(count(&host, 777).await, json!([782, 2]));
    let shadow = shadow_status(&host, |of| of.ended.is_some());
    assert!(shadow.ended.unwrap().contains("777 is too much"));
    assert_eq!(count(&host, 1).await, json!([783, 3]));

    let refused = host.control().promote("counter").await;
    assert!(
        matches!(refused, Err(ControlError::Shadow(_))),
        "{refused:?}"
    );
    host.control().discard("counter").await.unwrap();
    let nothing = host.control().discard("counter").await;
    assert!(
        nothing
            .unwrap_err()
            .to_string()
            .contains("`counter` has no shadow")
    );
    stop(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_file_of_a_shadow_is_rejected() {
    let (home, host, _) = counting().await;
    let file = home.path("bad.so");
    std::fs::write(&file, "not a plugin").unwrap();
    let refused = host.control().shadow("counter", &file).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("not a 64-bit ELF file")
    );
    assert!(host.control().extensions()[0].shadow.is_none());
    stop(host).await;
}
