//! What a service manager hears of a host that reads its config again: a socket of the test stands for systemd's.

use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;
use serde_json::json;

use crate::reload::reload_event;
use crate::support::{Home, HostProcess, wait_until, with_version};

/// The first words of what the manager has heard, but for states of life.
struct Heard {
    socket: UnixDatagram,
    words: Vec<String>,
}

impl Heard {
    fn words(&mut self) -> &[String] {
        let mut bytes = [0; 4_096];
        while let Ok(count) = self.socket.recv(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..count]);
            let word = text.split('=').next().unwrap().to_owned();
            if ["READY", "RELOADING"].contains(&&*word) {
                self.words.push(word);
            }
        }
        &self.words
    }
}

fn hang_up(host: &HostProcess, heard: &mut Heard) {
    let before = heard.words().len();
    host.signal(Signal::HUP);
    let is_heard = || heard.words().len() > before;
    wait_until(is_heard, || "the host does not read again".to_owned());
}

/// Else the second reload would be over, as systemd sees it, before the config was read for it.
#[tokio::test(flavor = "multi_thread")]
async fn overlapping_reloads_are_ready_once() {
    let home = Home::new();
    let path = home.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut host = home.start_with_variables(&[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let words = Vec::new();
    let mut heard = Heard { socket, words };
    home.install("counter", &with_version("counter", "0.1.1"));
    reload_event(&host, 0).await;
    // A handler that does not return keeps the supervisor busy for seconds, as its extension is removed.
    let url = format!("{}/count/778", host.url());
    let stuck = tokio::spawn(async move { reqwest::Client::new().post(url).send().await });
    home.wait_for_log(&["counter", "takes more than"]);
    let mut config = home.config();
    config["extensions"] = json!(["recorder"]);
    home.write_config(&config);
    hang_up(&host, &mut heard);
    hang_up(&host, &mut heard);
    let is_read = || home.log().matches("were read again").count() >= 2;
    wait_until(is_read, || home.log());
    host.signal(Signal::TERM);
    assert!(host.wait().success());
    stuck.abort();
    let words = heard.words();
    assert!(
        words.ends_with(&["RELOADING".into(), "READY".into()]),
        "{words:?}"
    );
    assert!(
        !words.windows(2).any(|pair| *pair == ["READY", "READY"]),
        "{words:?}"
    );
}
