//! Requests to miners: a bounded number at a time, one for each miner.

use std::collections::{BTreeMap, VecDeque};

use horde_proto::receipt::csv::CSV_PATH;
use horde_proto::receipt::jsonl::page_path;
use tig_plugin_api::prelude::*;

use super::POLL_TIMER;
use super::work::Work;
use crate::Receipts;
use crate::answer::{Answer, CSV_BYTES_MAX, PAGE_BYTES_MAX, Rows, read_answer};
use crate::miner::Request;

/// What is under way. A restart forgets it, and asks again from where the miners were read to.
pub(crate) struct Fetches {
    /// Number of the run, which its requests have in their tags, unlike those of earlier runs.
    session: u64,
    /// Requests so far.
    count: u64,
    /// Hotkey and request by tag.
    in_flight: BTreeMap<String, (String, Request)>,
    /// What was read and is not verified.
    pub(super) work: VecDeque<Work>,
    /// When the neurons are asked for, in Unix milliseconds.
    pub(super) neurons_due_ms: u64,
    /// The block that the miners are of.
    pub(super) neurons_block: u32,
    /// Why a miner of that block is not connected to, if that is so of any.
    pub(super) refused: Option<String>,
}

impl Fetches {
    pub(crate) fn new(session: u64) -> Self {
        Self {
            session,
            count: 0,
            in_flight: BTreeMap::new(),
            work: VecDeque::new(),
            neurons_due_ms: 0,
            neurons_block: 0,
            refused: None,
        }
    }

    pub(crate) fn in_flight_count(&self) -> usize {
        self.in_flight.len()
    }
}

impl Receipts {
    /// Sends as many requests as there may be, to the miners that wait longest, and sets the timer for the next.
    pub(super) fn start_requests(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let max = self.config.requests_max as usize;
        while self.fetches.in_flight.len() + self.fetches.work.len() < max {
            let Some(hotkey) = self.next_miner(now_ms) else {
                break;
            };
            let request = self
                .miners
                .get(&hotkey)
                .and_then(|miner| miner.next_request(now_ms));
            match request {
                Some(request) => self.send_request(ctx, hotkey, request)?,
                None => {
                    let poll_ms = self.config.poll_ms;
                    if let Some(miner) = self.miners.get_mut(&hotkey) {
                        miner.end_round(now_ms, poll_ms);
                    }
                    self.note_round(ctx, &hotkey, None)?;
                }
            }
        }
        self.set_poll_timer(ctx, now_ms)
    }

    /// The miner that is due for longest.
    fn next_miner(&self, now_ms: u64) -> Option<String> {
        let due = self.miners.iter().filter(|(hotkey, miner)| {
            !miner.is_busy && miner.next_ms <= now_ms && self.is_polled(hotkey)
        });
        let (hotkey, _) = due.min_by_key(|(_, miner)| miner.next_ms)?;
        Some(hotkey.clone())
    }

    /// Whether a miner is asked at all: always, or because an operator wants it.
    fn is_polled(&self, hotkey: &str) -> bool {
        let command = self.command.as_ref();
        self.config.enabled || command.is_some_and(|command| command.waits_for(hotkey))
    }

    fn set_poll_timer(&self, ctx: &mut Context<'_>, now_ms: u64) -> Result<()> {
        let idle = self.miners.iter();
        let idle = idle.filter(|(hotkey, miner)| !miner.is_busy && self.is_polled(hotkey));
        // Those that are due wait for the end of another request.
        let next = idle.map(|(_, miner)| miner.next_ms);
        let next = next.filter(|next_ms| *next_ms > now_ms);
        let neurons_ms = self.config.enabled.then_some(self.fetches.neurons_due_ms);
        match next.chain(neurons_ms).min() {
            Some(next_ms) => ctx.at(POLL_TIMER, next_ms),
            None => Ok(()),
        }
    }

    fn send_request(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: String,
        request: Request,
    ) -> Result<()> {
        let Some(miner) = self.miners.get_mut(&hotkey) else {
            return Ok(());
        };
        let (path, max_body_bytes) = match request {
            Request::Page { number, .. } => (page_path(number), PAGE_BYTES_MAX),
            Request::Csv => (CSV_PATH.to_owned(), CSV_BYTES_MAX),
        };
        // A part of a packed page looks like a part of the page itself, so only the first read may be packed.
        let headers = match request {
            Request::Page { from, .. } if from > 0 => vec![
                ("Range".to_owned(), format!("bytes={from}-")),
                ("Accept-Encoding".to_owned(), "identity".to_owned()),
            ],
            _ => Vec::new(),
        };
        let fetches = &mut self.fetches;
        fetches.count += 1;
        let tag = format!("{:016x}/{}", fetches.session, fetches.count);
        ctx.http(&HttpCall {
            tag: tag.clone(),
            method: Method::Get,
            url: format!("http://{}{path}", miner.authority),
            headers,
            body: Vec::new(),
            timeout_ms: self.config.timeout_ms,
            max_body_bytes,
        })?;
        miner.is_busy = true;
        fetches.in_flight.insert(tag, (hotkey, request));
        Ok(())
    }

    /// A miner has answered, or has not.
    pub(crate) fn handle_response(
        &mut self,
        ctx: &mut Context<'_>,
        response: HttpResponse,
    ) -> Result<()> {
        // Responses to an instance that is gone are asked for again.
        let Some((hotkey, request)) = self.fetches.in_flight.remove(&response.tag) else {
            return Ok(());
        };
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        let answer = read_answer(request, response);
        let poll_ms = self.config.poll_ms;
        let Some(miner) = self.miners.get_mut(&hotkey) else {
            return self.start_requests(ctx);
        };
        miner.is_busy = false;
        let before = miner.progress.clone();
        match answer {
            Answer::Rows(rows) => {
                miner.is_busy = true;
                return self.begin_work(ctx, hotkey, request, rows);
            }
            Answer::Nothing => miner.read(request, None, now_ms),
            Answer::Shrunk => {
                miner.read(request, None, now_ms);
                let fault = "a page has become shorter, and pages only grow".to_owned();
                self.note_fault(ctx, &hotkey, "shrunk", fault);
            }
            Answer::Unreadable(fault) => {
                miner.give_up(request, now_ms);
                self.note_fault(ctx, &hotkey, "unreadable", fault);
            }
            Answer::Failed(fault) => {
                miner.fail(now_ms, poll_ms);
                self.note_fault(ctx, &hotkey, "failed", fault.clone());
                self.note_round(ctx, &hotkey, Some(fault))?;
            }
        }
        self.put_progress(ctx, &hotkey, &before)?;
        self.start_requests(ctx)
    }

    fn begin_work(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: String,
        request: Request,
        rows: Rows,
    ) -> Result<()> {
        if let Some(fault) = &rows.first_fault {
            let bad_count = rows.bad_count as u64;
            ctx.count("refused", &[("reason", "unreadable")], bad_count);
            let fault = format!("{bad_count} rows are not receipts; {fault}");
            self.note_fault(ctx, &hotkey, "rows", fault);
        }
        self.fetches
            .work
            .push_back(Work::new(hotkey, request, rows));
        self.work_slice(ctx)
    }

    /// Something was wrong with a miner. The log has it if it is not the same as before.
    pub(super) fn note_fault(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &str,
        kind: &'static str,
        fault: String,
    ) {
        ctx.count("faults", &[("kind", kind)], 1);
        let Some(miner) = self.miners.get_mut(hotkey) else {
            return;
        };
        if miner.last_fault.as_ref() == Some(&fault) {
            return;
        }
        let level = "receipts of a miner cannot be fetched as they should";
        ctx.warn_with(level, &[("miner", &hotkey), ("fault", &fault)]);
        miner.last_fault = Some(fault);
    }
}
