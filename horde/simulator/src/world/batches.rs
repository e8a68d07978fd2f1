//! The operator: calls batches, looks at them, and at what is left in the end.

use horde_events::BatchReport;
use horde_system_tests::BATCH_EXTENSIONS;
use serde_json::{Value, json};
use tig_host::testing::{Called, CommandReport};

use super::{Due, LOOK_MS, OWNER, REST_MS, World};
use crate::judge::{BATCH_MS_MAX, Ended};
use crate::stage::Mind;

/// Longest pause between two batches, in milliseconds.
const PAUSE_MS_MAX: u64 = 20_000;

/// How long miners hold executors after a kill, with the time that the last reservation travels, in milliseconds.
const HELD_MS_MAX: u64 = 370_000;

/// The command as its caller sees it.
#[derive(Debug, Default)]
pub(super) struct Command {
    /// Batches that were called; the last may be under way.
    pub(super) called: u64,
    /// Batches that are over.
    pub(super) over: u64,
    /// When the last batch was called, in milliseconds.
    called_ms: u64,
    call: Option<Called>,
    /// The host has said that the batch has started.
    is_started: bool,
    /// The host was killed since the call.
    is_killed: bool,
    /// Until when miners may hold executors for interrupted jobs, in milliseconds.
    held_until_ms: u64,
    /// What the command has ended with.
    finished: Option<(u8, Value)>,
}

impl Command {
    /// The host was killed: its caller hears no more of the batch.
    pub(super) fn killed(&mut self, now_ms: u64) {
        self.is_killed = true;
        self.held_until_ms = now_ms + HELD_MS_MAX;
        self.call = None;
    }
}

impl World<'_> {
    /// Calls the next batch, or once more one of which the host knows nothing.
    pub(super) fn call(&mut self) -> Result<(), String> {
        let miners = self.addresses.iter().map(|miner| {
            let (host, port) = (miner.address.ip().to_string(), miner.address.port());
            json!({ "hotkey": miner.hotkey, "host": host, "port": port })
        });
        let arguments = json!({ "miners": miners.collect::<Vec<_>>() }).to_string();
        let arguments = arguments.as_bytes();
        let Some(host) = self.stage.host.host() else {
            self.stage.put(self.stage.now_ms + LOOK_MS, Due::Call);
            return Ok(());
        };
        let called = host.call("horde_batch", "run_batch", arguments);
        self.command.call = Some(called.ok_or("horde_batch does not run")?);
        if self.command.called == self.command.over {
            self.command.called += 1;
            self.stage.judge.called(self.command.called);
            self.command.called_ms = self.stage.now_ms;
            self.command.is_killed = false;
            self.plan_troubles();
        }
        self.command.is_started = false;
        self.command.finished = None;
        let number = self.command.called;
        self.stage.note(format_args!("batch {number} is called"));
        Ok(())
    }

    fn plan_troubles(&mut self) {
        let (batch, scenario) = (self.command.called, self.scenario);
        let troubles = scenario.troubles.iter().enumerate();
        for (number, timed) in troubles.filter(|(_, timed)| timed.batch == batch) {
            let at_ms = self.stage.now_ms + timed.after_ms;
            self.stage.put(at_ms, Due::Trouble(number));
        }
    }

    /// Reads what the command says.
    pub(super) fn hear_command(&mut self) {
        let Some(mut call) = self.command.call.take() else {
            return;
        };
        match call.started.try_recv() {
            Ok(Ok(())) => self.command.is_started = true,
            Ok(Err(error)) => {
                let text = format!("batch {}: {error}", self.command.called);
                self.blame("a batch can be begun", text);
            }
            // It is not there yet, or was taken before.
            Err(_) => {}
        }
        while let Ok(report) = call.reports.try_recv() {
            match report {
                CommandReport::Progress(text) => self.stage.note(format_args!("progress: {text}")),
                CommandReport::Finished { code, value } => {
                    self.stage
                        .note(format_args!("the command ends with {code}"));
                    let value = serde_json::from_slice(&value).unwrap_or_default();
                    self.command.finished = Some((code, value));
                }
            }
        }
        self.command.call = Some(call);
    }

    /// Looks at the batch, as `GET /horde/batch` shows it.
    pub(super) fn look(&mut self) -> Result<(), String> {
        self.stage.put(self.stage.now_ms + LOOK_MS, Due::Look);
        if self.command.called == self.command.over {
            return Ok(());
        }
        if self.stage.now_ms - self.command.called_ms > BATCH_MS_MAX {
            let text = format!("batch {} is not over", self.command.called);
            self.blame("every batch ends in time", text);
        }
        let Some(status) = self.ask("/horde/batch")? else {
            return Ok(());
        };
        if !status["running"].is_null() {
            return Ok(());
        }
        let number = status["last"]["number"].as_u64().unwrap_or_default();
        if number == self.command.called {
            return self.batch_over(&status["last"]);
        }
        if number != self.command.over {
            let text = format!("{number} in place of {}", self.command.called);
            self.blame("batches are counted", text);
        } else if self.command.is_started {
            let text = format!("batch {} has started and is not there", self.command.called);
            self.blame("a batch that has started ends", text);
        } else {
            self.stage.put(self.stage.now_ms, Due::Call);
        }
        Ok(())
    }

    fn batch_over(&mut self, last: &Value) -> Result<(), String> {
        let number = self.command.called;
        let report: BatchReport = serde_json::from_value(last.clone())
            .map_err(|error| format!("GET /horde/batch shows {last}: {error}"))?;
        self.stage
            .note(format_args!("batch {number} is over: {last}"));
        let is_killed = self.command.is_killed;
        let ended = Ended {
            number,
            is_killed,
            is_held: self.command.called_ms < self.command.held_until_ms,
            report: &report,
        };
        self.stage.judge.ended(self.stage.now_ms, ended);
        let said = self.command.finished.take();
        let is_said = said == Some((report.end.code(), last.clone()));
        if !is_killed && !is_said {
            let text = format!("batch {number}: {said:?}");
            self.blame("the command returns the result", text);
        }
        self.command.call = None;
        self.command.over = number;
        let pause_ms = self.stage.rng.u64(0..PAUSE_MS_MAX);
        if number < self.scenario.batches {
            self.stage.put(self.stage.now_ms + pause_ms, Due::Call);
        } else {
            self.stage.put(self.stage.now_ms + REST_MS, Due::Rest);
        }
        Ok(())
    }

    /// Looks at what is left.
    pub(super) fn rest(&mut self) -> Result<(), String> {
        let now_ms = self.stage.now_ms;
        let Some(host) = self.stage.host.host() else {
            self.stage.put(now_ms + REST_MS, Due::Rest);
            return Ok(());
        };
        if let Some(at_ms) = host.next_timer() {
            let text = format!("a timer at {at_ms}");
            self.blame("nothing of a batch is left over", text);
        }
        for extension in self.stage.host.status() {
            if extension.unfinished > 0 {
                let text = format!("{} works on {}", extension.name, extension.unfinished);
                self.blame("nothing of a batch is left over", text);
            }
        }
        for extension in BATCH_EXTENSIONS {
            let keys = self.stage.stored_keys(extension)?;
            self.stage.judge.left(now_ms, extension, &keys);
        }
        if !self.stage.lines.at_host().is_empty() {
            let text = format!("{OWNER} has connections");
            self.blame("nothing of a batch is left over", text);
        }
        for peer in &mut self.stage.peers {
            if let Mind::Miner(miner) = &mut peer.mind {
                self.stage.judge.reported(now_ms, &miner.report());
            }
        }
        self.is_over = true;
        Ok(())
    }

    /// What the host answers to a question of the operator, if it runs.
    fn ask(&mut self, path: &str) -> Result<Option<Value>, String> {
        let (answer, crash) = self.stage.ask(path)?;
        if let Some(crash) = crash {
            self.killed(crash);
        }
        self.hear_command();
        Ok(answer)
    }
}
