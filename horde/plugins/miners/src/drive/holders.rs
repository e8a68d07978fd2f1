//! Which links are wanted, and by whom.

use std::collections::BTreeSet;

use horde_events::{LinkState, LinksWanted, MinerAddress, MinerLink, authority};
use horde_extension::shown;
use tig_plugin_api::prelude::*;

use super::set_link_timer;
use crate::Miners;
use crate::link::Link;
use crate::store::WANTED;

/// Reason in the close frame of a link whose miner is elsewhere.
const MOVED: &str = "the miner has another address";
/// Reason in the close frame of a link that nobody wants.
const UNWANTED: &str = "the link is not needed any more";
/// Extensions that can want links.
const HOLDERS_MAX: usize = 16;
/// Miners to which one extension can want links; a subnet has 256.
const MINERS_PER_HOLDER_MAX: usize = 4_096;

impl Miners {
    /// Takes what an extension wants in place of what it wanted before.
    pub(crate) fn want_links(&mut self, ctx: &mut Context<'_>, wanted: LinksWanted) -> Result<()> {
        let LinksWanted {
            holder,
            mut miners,
            unknown,
        } = wanted;
        let unknown: Option<BTreeSet<String>> =
            unknown.map(|hotkeys| hotkeys.into_iter().collect());
        if miners.len() > MINERS_PER_HOLDER_MAX {
            ctx.error_with(
                "more links are wanted than can be; the last ones are left out",
                &[
                    ("holder", &holder),
                    ("wanted", &miners.len()),
                    ("max", &MINERS_PER_HOLDER_MAX),
                ],
            );
            miners.truncate(MINERS_PER_HOLDER_MAX);
        }
        let mut seen = BTreeSet::new();
        miners.retain(|miner| seen.insert(miner.hotkey.clone()));
        let holders = &self.state.holders;
        if !holders.contains_key(&holder) && holders.len() >= HOLDERS_MAX {
            bail!("`{holder}` wants links, and {HOLDERS_MAX} other extensions do already");
        }
        ctx.mark_fields_changed()?;
        if holders.get(&holder) != Some(&miners) {
            let before = match miners.is_empty() {
                true => self.state.holders.remove(&holder),
                false => self.state.holders.insert(holder, miners.clone()),
            };
            ctx.put(WANTED, &self.state.holders)?;
            // Of a burst of jobs, most lists only have more links than the one before.
            let before = before.unwrap_or_default();
            if before.iter().any(|miner| !seen.contains(&miner.hotkey)) {
                self.release_unwanted(ctx)?;
            }
        }
        for miner in &miners {
            let is_asked = unknown
                .as_ref()
                .is_none_or(|unknown| unknown.contains(&miner.hotkey));
            self.want_link(ctx, miner, is_asked)?;
        }
        Ok(())
    }

    /// Opens the links that are wanted and not there.
    pub(super) fn open_wanted(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let wanted: Vec<MinerAddress> = self.state.holders.values().flatten().cloned().collect();
        for miner in &wanted {
            self.want_link(ctx, miner, false)?;
        }
        Ok(())
    }

    /// Opens a link, or says again what is known of it if the holder asks for that.
    fn want_link(
        &mut self,
        ctx: &mut Context<'_>,
        miner: &MinerAddress,
        is_asked: bool,
    ) -> Result<()> {
        let mut before = None;
        if let Some(link) = self.state.links.get_mut(&miner.hotkey) {
            if !is_asked {
                return Ok(());
            }
            let is_moved = link.address != *miner;
            let is_in_use = !link.jobs.is_empty();
            link.moved_to = (is_moved && is_in_use).then(|| miner.clone());
            if is_moved && is_in_use {
                ctx.warn_with(
                    "miner has another address; it is used when its jobs are over",
                    &[("miner", &miner.hotkey)],
                );
                return self.announce_link(ctx, &miner.hotkey);
            }
            let is_replaced = is_moved || link.is_outdated(ctx.now_ms());
            if !is_replaced && link.down_reason().is_none() {
                return self.announce_link(ctx, &miner.hotkey);
            }
            let reason = match is_moved {
                true => MOVED,
                false => "the miner is asked for its manifest again",
            };
            before = self.drop_link(ctx, &miner.hotkey, reason)?;
        }
        self.open_link(ctx, miner, before)
    }

    /// Opens the link of a miner that gets a receipt if it is given up, since the miner can be back, or wanted and not opened since a start.
    pub(super) fn open_for_receipt(&mut self, ctx: &mut Context<'_>, hotkey: &str) -> Result<()> {
        let address = match self.state.links.get(hotkey) {
            // A refused address has no other authority at the next receipt.
            Some(link) => {
                let can_open = link.is_given_up() && !link.authority.is_empty();
                can_open.then_some(&link.address)
            }
            None => self.wanted_miner(hotkey),
        };
        let Some(address) = address.cloned() else {
            return Ok(());
        };
        // It has neither connection nor timer.
        let before = self.state.links.remove(hotkey);
        self.open_link(ctx, &address, before)
    }

    /// Opens a link to a miner that has none, in the place of the one `before`.
    fn open_link(
        &mut self,
        ctx: &mut Context<'_>,
        miner: &MinerAddress,
        before: Option<Link>,
    ) -> Result<()> {
        let manifest_by_ms = ctx.now_ms() + self.config.manifest_ms;
        // The validator's own miner has no hotkey, and its address is of the operator's config.
        let allow_private = self.config.allow_private || miner.hotkey.is_empty();
        let authority = authority(miner, allow_private);
        let host_and_port = authority.as_deref().unwrap_or_default().to_owned();
        let mut link = Link::new(miner.clone(), host_and_port, manifest_by_ms);
        if let Some(before) = before {
            link.succeed(before);
        }
        match authority {
            Ok(_) => {
                self.state.links.insert(link);
                self.connect(ctx, &miner.hotkey)
            }
            Err(error) => {
                ctx.warn_with(
                    "miner's address is refused",
                    &[
                        ("miner", &shown(&miner.hotkey)),
                        ("host", &shown(&miner.host)),
                        ("port", &miner.port),
                        ("reason", &error.to_string()),
                    ],
                );
                let reason = error.to_string();
                link.give_up(reason.clone());
                self.state.links.insert(link);
                self.emit_link(ctx, &miner.hotkey, LinkState::Down { reason })
            }
        }
    }

    /// Says whether a link is up: now, or when the miner is connected again and has shown its manifest, for which its time begins, also
    /// if another holder waits already.
    pub(super) fn announce_link(&mut self, ctx: &mut Context<'_>, hotkey: &str) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return Ok(());
        };
        let state = link.known_state();
        match &state {
            Some(_) => link.is_awaited = false,
            None => link.await_manifest(now_ms + self.config.manifest_ms),
        }
        set_link_timer(ctx, hotkey, link.due_ms())?;
        match state {
            Some(state) => self.emit_link(ctx, hotkey, state),
            None => Ok(()),
        }
    }

    /// Lets go of the links that no extension wants any more, unless jobs are under way or receipts wait: a batch lets its links go in the
    /// same moment in which it has its jobs scored.
    fn release_unwanted(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let wanted = self.wanted();
        let links = self.state.links.iter();
        let unwanted: Vec<_> = links
            .filter(|(hotkey, link)| link.is_idle() && !wanted.contains(&***hotkey))
            .map(|(hotkey, _)| hotkey.clone())
            .collect();
        for hotkey in unwanted {
            self.drop_link(ctx, &hotkey, UNWANTED)?;
        }
        Ok(())
    }

    /// Does what has waited until no job of a miner is under way: lets go of the link if no extension wants it and no receipt waits,
    /// connects to the miner's new address, or announces its newer manifest. A link with a fault of the manifest stays, for the receipts,
    /// until it is wanted again.
    pub(super) fn settle_link(&mut self, ctx: &mut Context<'_>, hotkey: &str) -> Result<()> {
        let link = self.state.links.get(hotkey);
        let Some(link) = link.filter(|link| link.jobs.is_empty()) else {
            return Ok(());
        };
        if !self.is_wanted(hotkey) {
            return match link.is_idle() {
                true => self.drop_link(ctx, hotkey, UNWANTED).map(drop),
                false => Ok(()),
            };
        }
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return Ok(());
        };
        if let Some(miner) = link.moved_to.take() {
            let before = self.drop_link(ctx, hotkey, MOVED)?;
            return self.open_link(ctx, &miner, before);
        }
        // An earlier version did not announce a fault that came while jobs were under way.
        let is_unannounced = link.fault_reason().is_some() && !link.is_announced_down;
        match is_unannounced || link.adopt_manifest() {
            true => self.announce_link(ctx, hotkey),
            false => Ok(()),
        }
    }

    pub(super) fn is_wanted(&self, hotkey: &str) -> bool {
        self.wanted_miner(hotkey).is_some()
    }

    fn wanted_miner(&self, hotkey: &str) -> Option<&MinerAddress> {
        let mut miners = self.state.holders.values().flatten();
        miners.find(|miner| miner.hotkey == hotkey)
    }

    fn wanted(&self) -> BTreeSet<&str> {
        let miners = self.state.holders.values().flatten();
        miners.map(|miner| miner.hotkey.as_str()).collect()
    }

    pub(super) fn emit_link(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &str,
        state: LinkState,
    ) -> Result<()> {
        if let Some(link) = self.state.links.get_mut(hotkey) {
            link.is_announced_down = matches!(state, LinkState::Down { .. });
        }
        let hotkey = hotkey.to_owned();
        ctx.emit(&MinerLink { hotkey, state })
    }
}
