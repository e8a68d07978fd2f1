//! Frames of miners.

use std::sync::Arc;

use horde_events::LinkState;
use horde_extension::shown;
use horde_proto::MessageError;
use horde_proto::miner::{ExecutorManifestRequest, ToValidator};
use tig_plugin_api::prelude::*;

use crate::Miners;
use crate::ignored::Ignored;
use crate::job::Reaction;
use crate::link::{ManifestUse, read_manifest};

/// Ignored messages of one connection that are logged; the others are counted.
const IGNORED_LOGGED_MAX: u64 = 5;
/// Type of the message without which a link is not up.
const MANIFEST: &str = "V0ExecutorManifestRequest";

impl Miners {
    /// Handles a frame that was read at `at_us`.
    pub(super) fn on_frame(
        &mut self,
        ctx: &mut Context<'_>,
        tag: &str,
        text: &str,
        at_us: u64,
    ) -> Result<()> {
        let Some(hotkey) = self.state.links.hotkey_of(tag) else {
            return Ok(());
        };
        match ToValidator::parse(text) {
            Ok(ToValidator::ExecutorManifest(message)) => self.on_manifest(ctx, &hotkey, &message),
            Ok(ToValidator::GenericError(error)) => {
                let is_refusal = error.is_refusal();
                let details = error.details.unwrap_or_default();
                self.on_error_message(ctx, &hotkey, &details, is_refusal)
            }
            Ok(ToValidator::UnauthorizedError(error)) => {
                let details = error.details.unwrap_or_default();
                let details = format!("{} {details}", error.code);
                self.on_error_message(ctx, &hotkey, &details, true)
            }
            // Facts about the machine have no reader yet.
            Ok(ToValidator::MachineSpecs(_)) => Ok(()),
            Ok(message) => self.on_job_message(ctx, &hotkey, message, at_us),
            Err(error) => self.on_invalid(ctx, &hotkey, &error),
        }
    }

    fn on_manifest(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &Arc<str>,
        message: &ExecutorManifestRequest,
    ) -> Result<()> {
        let (manifest, faults) = read_manifest(&message.manifest);
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return Ok(());
        };
        match link.show_manifest(manifest) {
            ManifestUse::Repeated => {
                self.ignore(ctx, hotkey, Ignored::RepeatedManifest, "");
                Ok(())
            }
            ManifestUse::Known => Ok(()),
            ManifestUse::Announced(manifest) => {
                for fault in faults {
                    ctx.warn_with(
                        "miner's manifest is corrected",
                        &[("miner", &&**hotkey), ("fault", &fault)],
                    );
                }
                ctx.cancel(&format!("{}{hotkey}", super::LINK_TIMER))?;
                ctx.count("links_up", &[], 1);
                self.emit_link(ctx, hotkey, LinkState::Up { manifest })
            }
        }
    }

    /// An error has no uuid: it is final only if it refuses the validator, or the connection ends after it (section 10.5).
    fn on_error_message(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &Arc<str>,
        details: &str,
        is_refusal: bool,
    ) -> Result<()> {
        let details = shown(details);
        if is_refusal {
            let mut reason = format!("the miner refuses this validator: {details}");
            if details.ends_with("msg too old") {
                reason.push_str(" (the clocks of the two machines differ by more than 10 s)");
            }
            return self.give_up(ctx, hotkey, reason);
        }
        self.ignore(ctx, hotkey, Ignored::ErrorMessage, &details);
        if let Some(link) = self.state.links.get_mut(hotkey) {
            link.last_error = Some(details);
        }
        Ok(())
    }

    /// A message counts for its job on whichever connection of the job's miner it comes (section 10.5).
    fn on_job_message(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &Arc<str>,
        message: ToValidator,
        at_us: u64,
    ) -> Result<()> {
        let uuid = message.job_uuid().unwrap_or_default();
        let id = self.state.jobs.id_of(uuid);
        let Some((id, job)) = id.and_then(|id| Some((id, self.state.jobs.get_mut(id)?))) else {
            let reason = match self.kept.has_job(uuid) {
                true => Ignored::JobOver,
                false => Ignored::UnknownJob,
            };
            let uuid = shown(uuid);
            self.ignore(ctx, hotkey, reason, &uuid);
            return Ok(());
        };
        if job.hotkey != *hotkey {
            let uuid = shown(uuid);
            self.ignore(ctx, hotkey, Ignored::OtherMiner, &uuid);
            return Ok(());
        }
        let kind = message.tag();
        let reaction = job.receive(message, at_us);
        if let Reaction::Ignored(reason) = reaction {
            self.ignore(ctx, hotkey, reason, kind);
            return Ok(());
        }
        self.follow(ctx, id, reaction, at_us)
    }

    /// A frame that is not a message changes nothing, unless it is the manifest of the connection.
    fn on_invalid(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &Arc<str>,
        error: &MessageError,
    ) -> Result<()> {
        let text = tig_plugin_api::Error::from(error).to_string();
        let is_manifest =
            matches!(error, MessageError::Field { message, .. } if *message == MANIFEST);
        self.ignore(ctx, hotkey, Ignored::of_error(error), &text);
        let Some(link) = self.state.links.get_mut(hotkey).filter(|_| is_manifest) else {
            return Ok(());
        };
        let reason = format!("the miner's manifest is invalid: {text}");
        if !link.show_invalid_manifest(&reason) {
            return Ok(());
        }
        match link.outlives_fault() {
            true => self.announce_link(ctx, hotkey),
            false => self.give_up(ctx, hotkey, reason),
        }
    }

    /// Counts a message that changes nothing, and logs the first ones of a connection.
    fn ignore(&mut self, ctx: &mut Context<'_>, hotkey: &str, reason: Ignored, detail: &str) {
        ctx.count("ignored_messages", &[("reason", reason.name())], 1);
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return;
        };
        link.ignored += 1;
        if link.ignored > IGNORED_LOGGED_MAX {
            return;
        }
        let message = if link.ignored == IGNORED_LOGGED_MAX {
            "message ignored; further ones of this connection are only counted"
        } else {
            "message ignored"
        };
        ctx.warn_with(
            message,
            &[
                ("miner", &hotkey),
                ("reason", &reason.name()),
                ("detail", &detail),
            ],
        );
    }
}
