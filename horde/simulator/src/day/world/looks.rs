//! The operator: looks at the validator, and at what is left in the end.

use horde_system_tests::EXTENSIONS;
use serde_json::Value;

use super::{Due, LOOK_MS, World};
use crate::stage::Mind;

impl World<'_> {
    pub(super) fn look(&mut self) -> Result<(), String> {
        let at_ms = self.stage.now_ms + LOOK_MS;
        self.stage.put(at_ms, Due::Look);
        if let Some(batch) = self.ask("/horde/batch")? {
            self.stage.judge.batch_report(&batch["last"]);
        }
        if let Some(weights) = self.ask("/horde/weights")? {
            let now_ms = self.stage.now_ms;
            self.stage.judge.weights_report(now_ms, &weights);
        }
        Ok(())
    }

    fn ask(&mut self, path: &str) -> Result<Option<Value>, String> {
        let (answer, crash) = self.stage.ask(path)?;
        self.settled(crash);
        Ok(answer)
    }

    /// Looks at what came of everything.
    pub(super) fn end(&mut self) -> Result<(), String> {
        let now_ms = self.stage.now_ms;
        if !self.stage.host.is_up() {
            self.stage.put(now_ms + LOOK_MS, Due::End);
            return Ok(());
        }
        self.look()?;
        for extension in self.stage.host.status() {
            if extension.unfinished > 0 {
                let text = format!("{} works on {}", extension.name, extension.unfinished);
                self.blame("nothing is left over", text);
            }
        }
        for extension in EXTENSIONS {
            let keys = self.stage.stored_keys(extension)?;
            self.stage.judge.left(now_ms, extension, &keys);
        }
        let journal = self.http.chain.chain().journal();
        self.stage.judge.journal(now_ms, journal);
        for peer in &mut self.stage.peers {
            match &mut peer.mind {
                Mind::Miner(miner) => self.stage.judge.miner_report(now_ms, &miner.report()),
                Mind::Facilitator(facilitator) => {
                    let report = facilitator.core.report();
                    self.stage.judge.facilitator_report(now_ms, &report);
                }
            }
        }
        self.stage.judge.end(now_ms);
        self.is_over = true;
        Ok(())
    }
}
