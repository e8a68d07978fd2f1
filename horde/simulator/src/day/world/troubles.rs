//! Troubles: when they happen, and how.

use horde_devnet::chain::{Faults as ChainFaults, NeuronChange};
use horde_system_tests::HOTKEY;

use super::super::trouble::{Trigger, Trouble};
use super::{Due, World};

impl World<'_> {
    /// From now on a trouble waits for what it waits for.
    pub(super) fn arm(&mut self, number: usize) {
        let Some(timed) = self.day.troubles.get(number) else {
            return;
        };
        if timed.trigger == Trigger::Nothing {
            let at_ms = self.stage.now_ms + timed.after_ms;
            self.stage.put(at_ms, Due::Trouble(number));
        } else {
            self.armed.push(number);
        }
    }

    /// Plans the troubles that have waited for what was seen since the last call.
    pub(super) fn set_off(&mut self) {
        let seen = self.stage.judge.take_seen();
        if seen.is_empty() {
            return;
        }
        let troubles = &self.day.troubles;
        let is_seen = |number: &mut usize| seen.contains(&troubles[*number].trigger);
        let due: Vec<_> = self.armed.extract_if(.., is_seen).collect();
        for number in due {
            let at_ms = self.stage.now_ms + troubles[number].after_ms;
            self.stage.put(at_ms, Due::Trouble(number));
        }
    }

    pub(super) fn trouble(&mut self, number: usize) -> Result<(), String> {
        let now_ms = self.stage.now_ms;
        let timed = self.day.troubles.get(number);
        let Some(trouble) = timed.map(|timed| timed.trouble.clone()) else {
            return Ok(());
        };
        self.stage.note(format_args!("trouble {trouble:?}"));
        match trouble {
            Trouble::Crash(crash) => self.stage.host.expect(crash),
            Trouble::Reload { extension } => self.stage.reload(extension)?,
            Trouble::Break { miner } => self.stage.break_lines(miner),
            // The facilitator comes after the miners.
            Trouble::BreakFacilitator => self.stage.break_lines(self.addresses.len()),
            Trouble::Chain(faults) => {
                let faults = ChainFaults::parse(&faults).map_err(|error| error.to_string())?;
                self.http.chain.set_faults(faults);
                self.stage.judge.chain_fault();
            }
            Trouble::Facilitator { faults, for_ms } => {
                self.set_facilitator_faults(&faults)?;
                self.faulty = Some(number);
                self.stage.put(now_ms + for_ms, Due::FaultsEnd(number));
            }
            Trouble::Away(for_ms) => {
                self.set_facilitator_refusal(100);
                self.stage.break_lines(self.addresses.len());
                self.stage.put(now_ms + for_ms, Due::Back);
            }
            Trouble::Deregister { miner, for_ms } => {
                let hotkey = self.addresses.get(miner).map(|it| it.hotkey.clone());
                self.deregister(hotkey.unwrap_or_default());
                self.stage.put(now_ms + for_ms, Due::Register(miner));
            }
            Trouble::DeregisterSelf(for_ms) => {
                self.deregister(HOTKEY.to_owned());
                self.stage.put(now_ms + for_ms, Due::RegisterSelf);
            }
            Trouble::WeightsVersion(version) => self.http.weights_version = version,
        }
        Ok(())
    }

    fn deregister(&mut self, hotkey: String) {
        self.change(NeuronChange::Deregister {
            hotkey,
            successor: None,
        });
    }
}
