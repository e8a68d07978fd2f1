//! An extension that cannot keep up: emitting for it fails, and no event is lost in silence.

use serde_json::json;
use tig_host::testing::EVENTS_MAX;
use tig_host::{Kind, State};

use crate::apply::{get, stop};
use crate::support::{Home, fixture, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn event_without_room_fails_its_handler_with_503() {
    let home = Home::new();
    home.install(
        "misbehaving",
        &std::fs::read(fixture("misbehaving")).unwrap(),
    );
    let mut config = home.config();
    config["extensions"] = json!(["counter", "misbehaving"]);
    let gate = home.path("gate");
    config["config"] = json!({ "misbehaving": { "gate": gate } });
    let host = home.host_inside(&config);
    let post = async |path: &str| {
        let url = format!("http://{}{path}", host.address());
        let answer = reqwest::Client::new().post(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let control = host.control();
    let publish = || control.publish("counted", br#"{"n":1}"#, Kind::Plain);
    publish().unwrap();
    // While the handler waits at its gate, no other event is taken, and so none makes room.
    wait_until(|| gate.exists(), || "no handler is at its gate".to_owned());
    let published = (0..).take_while(|_| publish().is_ok()).count();
    assert!(published >= EVENTS_MAX, "{published}");

    let (status, text) = post("/count/1").await;
    assert_eq!(status, 503, "{text}");
    assert!(
        text.contains("`counted`") && text.contains("`misbehaving` has no room"),
        "{text}"
    );
    assert_eq!(
        get(&host, "/total").await.1,
        json!([0, 0]),
        "the counter goes on"
    );
    // The handler had asked for effects. It is not to blame for the room of the other one, so only a restore follows.
    let status = host.control().extensions().remove(0);
    assert_eq!((status.restores, status.restarts), (1, 0));
    assert_eq!(status.state, State::Running);
    std::fs::remove_file(&gate).unwrap();
    stop(host).await;
}
