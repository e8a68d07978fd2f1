//! Commands of operators.

use horde_events::MinerAddress;
use horde_extension::new_uuid;
use horde_proto::facilitator::{JobRequest, OrganicJob, V0JobRequest};
use horde_proto::{ExecutorClass, TextMap, Url};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::to_raw_value;
use tig_keyring::PublicKey;
use tig_plugin_api::prelude::*;

use crate::Organic;
use crate::admission::check_job;
use crate::config::JOB_TIMEOUT_SECONDS_MAX;
use crate::job::{Job, Phase, Source};
use crate::standing::Block;
use crate::store;

/// Exit code of `debug_run_organic_job --nonzero_if_not_complete true` for a job that is not completed.
pub(crate) const NOT_COMPLETED: u8 = 20;

/// Longest block, in seconds: a year.
const BLOCK_SECONDS_MAX: u64 = 366 * 24 * 3_600;

/// A job to run now.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunOrganicJob {
    /// SS58 address of the miner. Without one the validator chooses.
    #[serde(default)]
    miner_hotkey: Option<String>,
    /// Where the miner listens, in place of what the chain says: IP address or name.
    #[serde(default)]
    miner_address: Option<String>,
    /// Port of that address.
    #[serde(default)]
    miner_port: Option<u16>,
    /// Class of the executor. Without one it is `spin_up-4min.gpu-24gb`.
    #[serde(default)]
    executor_class: Option<String>,
    /// Seconds that the job has in all.
    timeout: u32,
    /// The image.
    docker_image: String,
    /// A Python script, which the container finds as `/script.py`.
    #[serde(default)]
    raw_script: String,
    /// Arguments of the container, separated by spaces; quotes hold one together.
    #[serde(default)]
    cmd_args: String,
    /// Whether the job needs a graphics card.
    #[serde(default)]
    use_gpu: bool,
    /// URL of a zip file for `/volume/`.
    #[serde(default)]
    input_url: String,
    /// URL for a PUT of `/output/` as a zip file.
    #[serde(default)]
    output_url: String,
    /// End with exit code 20 if the job is not completed.
    #[serde(default)]
    nonzero_if_not_complete: bool,
}

/// A miner to block.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockMiner {
    /// SS58 address of the miner.
    hotkey: String,
    /// Seconds after which the block ends.
    seconds: u64,
    /// Why, for other operators.
    #[serde(default)]
    reason: String,
}

/// A miner whose block ends.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnblockMiner {
    /// SS58 address of the miner.
    hotkey: String,
}

impl Organic {
    /// Begins the job of an operator. Its statuses go to the command, and not to the facilitator, which does not know it.
    pub(crate) fn run_admin_job(
        &mut self,
        ctx: &mut Context<'_>,
        arguments: RunOrganicJob,
    ) -> Result<()> {
        let timeout = arguments.timeout;
        if !(1..=JOB_TIMEOUT_SECONDS_MAX).contains(&timeout) {
            bail!("timeout: {timeout} is not between 1 and {JOB_TIMEOUT_SECONDS_MAX}");
        }
        let address = fixed_address(&arguments)?;
        let class = read_class(arguments.executor_class.as_deref())?;
        let uuid = new_uuid(ctx);
        let request = JobRequest::V0(V0JobRequest {
            uuid: uuid.clone(),
            miner_hotkey: arguments.miner_hotkey.clone().unwrap_or_default(),
            executor_class: class,
            docker_image: arguments.docker_image,
            raw_script: arguments.raw_script,
            args: split_arguments(&arguments.cmd_args)?,
            env: TextMap::default(),
            use_gpu: arguments.use_gpu,
            input_url: Url::from(arguments.input_url),
            output_url: Url::from(arguments.output_url),
        });
        let text = to_raw_value(&request)?;
        let mut job = OrganicJob::from(request);
        job.miner_hotkey = arguments.miner_hotkey;
        check_job(&job)?;
        self.check_room(text.get().len())?;
        self.check_unblocked(job.miner_hotkey.as_deref(), ctx.now_ms())?;
        ctx.mark_fields_changed()?;
        let (ticket, now_ms) = (ctx.ticket(), ctx.now_ms());
        let deadline_ms = now_ms + u64::from(timeout) * 1_000;
        ctx.progress(ticket, &format!("job {uuid} begins"))?;
        let job = Job {
            uuid,
            source: Source::Admin {
                ticket,
                is_strict: arguments.nonzero_if_not_complete,
            },
            received_ms: now_ms,
            deadline_ms,
            class: job.executor_class,
            bytes: text.get().len(),
            miner: job.miner_hotkey,
            address,
            phase: Phase::Address,
            due_ms: deadline_ms,
            is_accepted: false,
            attempts: Vec::new(),
            last_comment: None,
        };
        self.begin_job(ctx, job, &text)
    }

    /// Blocks a miner for a time.
    pub(crate) fn block(&mut self, ctx: &mut Context<'_>, block: &BlockMiner) -> Result<()> {
        check_hotkey(&block.hotkey)?;
        let seconds = block.seconds;
        if !(1..=BLOCK_SECONDS_MAX).contains(&seconds) {
            bail!("seconds: {seconds} is not between 1 and {BLOCK_SECONDS_MAX}");
        }
        if !self.has_room_for(&block.hotkey) {
            bail!("too many miners are known: name this one in `blocked` of the config");
        }
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        let standing = self.standings.entry(block.hotkey.clone()).or_default();
        let until_ms = now_ms + seconds * 1_000;
        let reason = match block.reason.as_str() {
            "" => "by an operator".to_owned(),
            reason => crate::text::cut_reason(reason),
        };
        standing.block = Some(Block {
            since_ms: now_ms,
            until_ms,
            reason,
            is_manual: true,
        });
        store::put_standing(ctx, &block.hotkey, standing)?;
        let ticket = ctx.ticket();
        let result = json!({ "hotkey": block.hotkey, "until_ms": until_ms });
        ctx.finish(ticket, 0, &result)
    }

    /// Ends a block, and what has led to it.
    pub(crate) fn unblock(&mut self, ctx: &mut Context<'_>, unblock: &UnblockMiner) -> Result<()> {
        let Some(standing) = self.standings.get_mut(&unblock.hotkey) else {
            bail!("nothing is known of this miner; `blocked` of the config is changed there");
        };
        ctx.mark_fields_changed()?;
        standing.block = None;
        (standing.failures, standing.failed_ms) = (0, 0);
        standing.failure.clear();
        store::put_standing(ctx, &unblock.hotkey, standing)?;
        let ticket = ctx.ticket();
        ctx.finish(ticket, 0, &json!({ "hotkey": unblock.hotkey }))
    }
}

fn check_hotkey(hotkey: &str) -> Result<()> {
    match PublicKey::from_ss58(hotkey) {
        Ok(_) => Ok(()),
        Err(error) => bail!("hotkey: {hotkey:?} is not an SS58 address: {error}"),
    }
}

fn read_class(name: Option<&str>) -> Result<ExecutorClass> {
    match name.map(str::parse) {
        None => Ok(ExecutorClass::default()),
        Some(Ok(class)) => Ok(class),
        Some(Err(reason)) => bail!("executor_class {reason}"),
    }
}

fn fixed_address(arguments: &RunOrganicJob) -> Result<Option<MinerAddress>> {
    match (
        &arguments.miner_hotkey,
        &arguments.miner_address,
        arguments.miner_port,
    ) {
        (_, None, None) => Ok(None),
        (Some(hotkey), Some(host), Some(port)) if port > 0 && !host.is_empty() => {
            Ok(Some(MinerAddress {
                hotkey: hotkey.clone(),
                host: host.clone(),
                port,
            }))
        }
        _ => bail!(
            "an address needs all of miner_hotkey, miner_address and miner_port, which is not 0"
        ),
    }
}

/// Arguments as a shell would split them, without its variables and escapes.
fn split_arguments(text: &str) -> Result<Vec<String>> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                current.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => arguments.extend(current.take()),
            _ => current.get_or_insert_default().push(character),
        }
    }
    if let Some(open) = quote {
        bail!("cmd_args: a quotation that begins with {open} does not end");
    }
    arguments.extend(current);
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_split_at_spaces_outside_quotes() {
        for (text, expected) in [
            ("", vec![]),
            ("  a  b ", vec!["a", "b"]),
            ("--x='a b' \"c 'd'\" ''", vec!["--x=a b", "c 'd'", ""]),
        ] {
            assert_eq!(split_arguments(text).unwrap(), expected);
        }
        assert!(
            split_arguments("'a")
                .unwrap_err()
                .to_string()
                .contains("does not end")
        );
    }
}
