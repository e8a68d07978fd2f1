//! The payload: what the script in the container reads.

use serde::Serialize;

use super::draws::Draws;
use super::fernet::Key;
use super::stage::Stage;

/// Name of the file in the volume.
pub(super) const FILE_NAME: &str = "payload.txt";

/// A job without its passwords.
#[derive(Serialize)]
struct Payload {
    stages: Vec<PayloadStage>,
}

#[derive(Serialize)]
struct PayloadStage {
    hashcat_mode: u32,
    mask: String,
    /// Lines `hash:salt`, or a Fernet token of them.
    text: String,
}

/// The JSON of the stages. The first one is encrypted if there is a start key.
pub(super) fn encode(stages: &[Stage], start_key: Option<&str>, draws: &mut Draws) -> String {
    let mut key = start_key.map(Key::of_text);
    let mut encode = |stage: &Stage| {
        let text = match &key {
            Some(key) => key.encrypt(&stage.text(), draws.bytes()),
            None => stage.text(),
        };
        key = Some(Key::of_text(&stage.joined_passwords()));
        PayloadStage {
            hashcat_mode: stage.spec.algorithm.hashcat_mode(),
            mask: stage.spec.mask(),
            text,
        }
    };
    let stages = stages.iter().map(&mut encode).collect();
    serde_json::to_string(&Payload { stages }).expect("numbers and text are JSON")
}
