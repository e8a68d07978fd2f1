//! Kills, rebuilds and reloads at random moments, with the other extensions as a small model.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const CYCLE: u64 = 722;

/// How long the slot of the cycle lasts: about as long as the turns take.
const SLOT_MS: u64 = 1_000;

const MINERS: u8 = 3;
const EXECUTORS: u32 = 2;

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// One of the events that wait is delivered.
    Deliver(prop::sample::Index),
    Wait,
    Kill,
    Restart,
    Reload,
    /// The batch of the cycle is due, perhaps not for the first time.
    Due,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        20 => any::<prop::sample::Index>().prop_map(Turn::Deliver),
        2 => Just(Turn::Wait),
        1 => Just(Turn::Kill),
        1 => Just(Turn::Restart),
        1 => Just(Turn::Reload),
        1 => Just(Turn::Due),
    ]
}

/// Miners and job kinds.
#[derive(Default)]
struct Others {
    /// Events for `horde_batch` that die with the host.
    volatile: Vec<(&'static str, Value)>,
    /// Events that outlive it, by job.
    durable: BTreeMap<String, Value>,
    /// Jobs whose frames `horde_miners` has in memory.
    framed: BTreeMap<String, TestJob>,
    /// The one outcome of each job.
    outcomes: BTreeMap<String, Value>,
    batches_over: Vec<Value>,
    missed: Vec<Value>,
    is_due: bool,
    /// When the slot of the cycle is over.
    until_ms: u64,
    scored: Vec<Value>,
}

impl Others {
    /// Does what the extensions do that handle these events.
    fn handle(&mut self, events: Vec<(String, Value)>) {
        for (name, event) in events {
            match name.as_str() {
                "horde_links_wanted" => self.open_links(&event),
                "horde_jobs_wanted" => {
                    let (made, jobs) = jobs_made(&event);
                    let framed = jobs.into_iter().map(|job| (job.uuid.clone(), job));
                    self.framed.extend(framed);
                    self.volatile.push(("horde_jobs_made", made));
                }
                "horde_group_wanted" => self.run_group(&event),
                "horde_answer_given" => {
                    let uuid = event["uuid"].as_str().unwrap();
                    let batch = event["batch"].as_str().unwrap();
                    let checked = checked_event(batch, uuid, &right());
                    self.volatile.push(("horde_answer_checked", checked));
                }
                "horde_jobs_scored" => self.scored.push(event),
                "horde_batch_over" => self.batches_over.push(event),
                "horde_batch_missed" => self.missed.push(event),
                other => panic!("{other}"),
            }
        }
    }

    fn open_links(&mut self, wanted: &Value) {
        for miner in wanted["miners"].as_array().unwrap() {
            let manifest = json!([{ "executor_class": SPIN_UP, "count": EXECUTORS }]);
            let state = json!({ "up": { "manifest": manifest } });
            let link = json!({ "hotkey": miner["hotkey"], "state": state });
            self.volatile.push(("horde_miner_link", link));
        }
    }

    /// Jobs whose frames have died with the host end as interrupted; what is over is said again.
    fn run_group(&mut self, group: &Value) {
        for planned in group["jobs"].as_array().unwrap() {
            let uuid = planned["uuid"].as_str().unwrap().to_owned();
            let job = TestJob {
                uuid: uuid.clone(),
                hotkey: planned["hotkey"].as_str().unwrap().to_owned(),
            };
            let outcome = match self.framed.contains_key(&uuid) {
                true => finished("x"),
                false => json!({ "outcome": "interrupted" }),
            };
            let over = over_event(group["group"].as_str().unwrap(), &job, &outcome);
            let first = self.outcomes.entry(uuid.clone()).or_insert(over).clone();
            self.durable.insert(uuid, first);
        }
    }

    fn deliver(&mut self, batches: &mut Batches, index: usize) {
        if index < self.volatile.len() {
            let (name, event) = self.volatile.remove(index);
            batches.event(name, event);
        } else if let Some(uuid) = self.durable.keys().nth(index - self.volatile.len()) {
            let event = self.durable.remove(&uuid.clone()).unwrap();
            batches.event("horde_job_over", event);
        }
    }

    fn waiting(&self) -> usize {
        self.volatile.len() + self.durable.len()
    }

    fn play(&mut self, batches: &mut Batches, turn: Turn) {
        match turn {
            Turn::Deliver(index) if self.waiting() > 0 => {
                self.deliver(batches, index.index(self.waiting()));
            }
            Turn::Deliver(_) | Turn::Wait => batches.advance_ms(RESUME_DELAY_MS),
            Turn::Kill => {
                self.volatile.clear();
                self.framed.clear();
                batches.kill();
            }
            Turn::Restart => batches.restart(),
            Turn::Reload => batches.reload(),
            Turn::Due => {
                self.is_due = true;
                batches.event("horde_batch_due", due_event(CYCLE, self.until_ms, MINERS));
            }
        }
        self.handle(batches.emitted());
    }
}

fn is_idle(batches: &Batches) -> bool {
    let extension = batches.extension();
    extension.current.is_none() && extension.cycles.waiting.is_none()
}

proptest! {
    #[test]
    fn each_job_has_one_result_whatever_ends_the_host(
        turns in prop::collection::vec(turn(), 0..120),
    ) {
        let (mut batches, mut others) = (start(), Others::default());
        others.until_ms = batches.now_ms() + SLOT_MS;
        run_batch(&mut batches, MINERS);
        others.handle(batches.emitted());
        for turn in turns {
            others.play(&mut batches, turn);
        }
        // Then nothing disturbs it any more.
        while !is_idle(&batches) {
            others.play(&mut batches, Turn::Wait);
            while others.waiting() > 0 {
                others.deliver(&mut batches, 0);
                others.handle(batches.emitted());
            }
        }
        let of_cycle = others.batches_over.iter().filter(|over| over["cycle_start"] == CYCLE);
        let of_cycle = of_cycle.count();
        prop_assert_eq!(of_cycle + others.missed.len(), usize::from(others.is_due));
        prop_assert_eq!(others.batches_over.len(), 1 + of_cycle);
        let mut results = Vec::new();
        for over in &others.batches_over {
            prop_assert_eq!(&over["is_whole"], true);
            let jobs = over["jobs"].as_array().unwrap();
            prop_assert_eq!(jobs.len(), usize::from(MINERS) * EXECUTORS as usize);
            results.extend(jobs);
        }
        let mut right = 0;
        for result in results {
            let outcome = &others.outcomes[result["uuid"].as_str().unwrap()]["outcome"];
            let is_finished = outcome == "finished";
            right += usize::from(is_finished);
            let expected = if is_finished { "right" } else { "interrupted" };
            prop_assert_eq!(&result["result"], expected);
        }
        let scored = others.scored.iter().flat_map(|scored| scored["jobs"].as_array().unwrap());
        prop_assert_eq!(scored.count(), right);
        let left: Vec<_> = left(&batches).into_keys().collect();
        let newest: &[_] = if others.is_due { &["newest_cycle"] } else { &[] };
        prop_assert_eq!(left, newest);
    }
}
