//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Run,
    Up(u8, u32),
    Down(u8),
    /// Answers the oldest request for jobs, if it is still there.
    Make,
    /// A job has got one step further.
    Further,
    /// Ends the first job that is not over.
    Over(&'static str),
    /// Checks the first answer that is not checked.
    Check(&'static str),
    /// Handles the next timer.
    Timer,
    Reload,
    /// The batch of a cycle is due; of the same one again, or of the next.
    Due(u64),
    /// So many users' jobs begin, with numbers as uuids.
    Users(u8),
    /// A user's job is over.
    UserOver,
    Dynamic(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop::sample::select(&["finished", "finished", "declined", "interrupted"][..]);
    let verdict = prop::sample::select(&["right", "right", "wrong", "excused"][..]);
    prop_oneof![
        3 => Just(Step::Run),
        4 => (0_u8..2, prop::sample::select(&[0_u32, 1, 1, 2, 65][..])).prop_map(|(miner, count)| Step::Up(miner, count)),
        1 => (0_u8..2).prop_map(Step::Down),
        5 => Just(Step::Make),
        1 => Just(Step::Further),
        6 => outcome.prop_map(Step::Over),
        6 => verdict.prop_map(Step::Check),
        4 => Just(Step::Timer),
        1 => Just(Step::Reload),
        2 => (0_u64..4).prop_map(Step::Due),
        1 => (1_u8..3).prop_map(Step::Users),
        1 => Just(Step::UserOver),
        1 => (0_u64..6).prop_map(Step::Dynamic),
    ]
}

/// What comes from others than miners and job kinds.
fn play_others(batches: &mut Batches, step: &Step) -> Result<()> {
    match step {
        Step::Due(cycle) => {
            let due = due_event(cycle * 722, batches.now_ms() + 48_000, 2);
            batches.try_event("horde_batch_due", due)
        }
        Step::Users(count) => {
            let job = |uuid: u8| json!({ "uuid": uuid.to_string(), "hotkey": hotkey(0), "executor_class": SPIN_UP, "timeout_seconds": 300, "spin_up_seconds": 240 });
            let jobs: Vec<_> = (0..*count).map(job).collect();
            let group = json!({ "group": "users", "jobs": jobs, "is_organic": true });
            batches.try_event("horde_group_wanted", group)
        }
        Step::UserOver => {
            let job = TestJob {
                uuid: "0".to_owned(),
                hotkey: hotkey(0),
            };
            let over = over_event("users", &job, &finished("x"));
            batches.try_event("horde_job_over", over)
        }
        Step::Dynamic(version) => {
            let dynamic = json!({ "weights_version": version });
            batches.try_event("horde_dynamic_config", dynamic)
        }
        other => panic!("{other:?}"),
    }
}

/// The batch that is under way, and what it waits for: known from the instance, so that both harnesses play the same.
fn play(batches: &mut Batches, step: &Step) -> Result<Option<(u8, Value)>> {
    let batch = batches.extension().current.as_ref();
    let name = batch
        .map(|batch| batch.head.batch.clone())
        .unwrap_or_default();
    let open_job = batch.and_then(|batch| {
        let jobs = batch.jobs.values();
        let mut open = jobs.filter(|job| !batch.results.contains_key(&job.uuid));
        open.next().map(|job| TestJob {
            uuid: job.uuid.clone(),
            hotkey: job.hotkey.clone(),
        })
    });
    let unchecked = batch.and_then(|batch| {
        let mut unchecked = batch.results.iter().filter(|(_, end)| end.is_unchecked());
        unchecked.next().map(|(uuid, _)| uuid.clone())
    });
    let ask = batch.and_then(|batch| batch.live.making.first_open());
    let link = |number: &u8, state: Value| json!({ "hotkey": hotkey(*number), "state": state });
    match step {
        Step::Run => batches.command("run_batch", &arguments(2)).map(drop)?,
        Step::Up(number, count) => {
            let manifest = json!([{ "executor_class": SPIN_UP, "count": count }]);
            let state = json!({ "up": { "manifest": manifest } });
            batches.try_event("horde_miner_link", link(number, state))?;
        }
        Step::Down(number) => {
            let state = json!({ "down": { "reason": "refused" } });
            batches.try_event("horde_miner_link", link(number, state))?;
        }
        Step::Make => {
            if let Some((number, ask)) = ask {
                let wanted = json!({
                    "ask": number, "batch": name, "kind": ask.kind, "executor_class": ask.class,
                    "miners": ask.miners, "weights_version": 1,
                });
                batches.try_event("horde_jobs_made", jobs_made(&wanted).0)?;
            }
        }
        Step::Further => {
            let step = json!({ "group": name, "uuid": "u", "step": "ready", "at_us": 1 });
            batches.try_event("horde_job_step", step)?;
        }
        Step::Over(outcome) => {
            if let Some(job) = open_job {
                let outcome = json!({ "outcome": outcome, "stdout": "x", "stderr": "" });
                batches.try_event("horde_job_over", over_event(&name, &job, &outcome))?;
            }
        }
        Step::Check(verdict) => {
            if let Some(uuid) = unchecked {
                let verdict = json!({ "verdict": verdict, "reason": "why" });
                batches.try_event(
                    "horde_answer_checked",
                    checked_event(&name, &uuid, &verdict),
                )?;
            }
        }
        Step::Timer => batches.try_next_timer()?,
        Step::Reload => batches.try_reload()?,
        Step::Due(_) | Step::Users(_) | Step::UserOver | Step::Dynamic(_) => {
            play_others(batches, step)?;
        }
    }
    let status = batches.request("GET", "/horde/batch", &[], "")?;
    Ok(Some((0, serde_json::from_slice(&status.body)?)))
}

/// Each call of a whole batch, refused once.
#[test]
fn each_call_of_a_batch_can_be_refused() {
    use Step::{Check, Down, Further, Make, Over, Reload, Run, Timer, Up};

    let steps = [
        Run,
        Up(0, 2),
        Timer,
        Up(0, 2),
        Down(1),
        Make,
        Make,
        Reload,
        Further,
        Over("finished"),
        Timer,
        Over("declined"),
        Check("right"),
        Timer,
        Run,
        Up(1, 1),
        Down(0),
        Make,
        Over("finished"),
        Timer,
        Check("wrong"),
        Run,
        Up(0, 1),
        Up(1, 1),
        Make,
        Over("finished"),
        Over("finished"),
        Check("right"),
        Check("excused"),
        Timer,
    ];
    for k in 1..150 {
        check_failed_handlers(start, &steps, k, play);
    }
}

/// Each call of batches of cycles, refused once: begun, waiting, missed, and with executors that users have.
#[test]
fn each_call_of_a_due_batch_can_be_refused() {
    use Step::{Down, Due, Dynamic, Run, Timer, Up, UserOver, Users};

    let steps = [
        Dynamic(2),
        Users(2),
        Due(0),
        Up(0, 2),
        Down(1),
        UserOver,
        Run,
        Due(1),
        Due(2),
        Down(0),
        Down(1),
        Timer,
        Timer,
        Due(3),
        Timer,
        Timer,
    ];
    for k in 1..80 {
        check_failed_handlers(start, &steps, k, play);
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..40),
        k in 1_u64..120,
    ) {
        check_failed_handlers(start, &steps, k, play);
    }
}
