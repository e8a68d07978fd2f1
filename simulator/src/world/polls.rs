//! What slaves ask of the master, what they hear, and what they do next.

use tig_protocol::Batch;

use super::World;
use crate::agenda::Due;
use crate::asked::{Asked, Reply};
use crate::slave::{self, Plan};

impl World<'_> {
    pub(super) fn slave(&mut self, number: usize, life: u64) {
        let slave = &self.slaves[number];
        if slave.life != life {
            return;
        }
        let Some(request) = slave.request() else {
            return;
        };
        self.num_asked += 1;
        let asked = Asked::new(self.num_asked, (number, life), request, &self.master);
        self.asked.push(asked);
    }

    /// Delivers the answers of slaves; `true` if a request was put to the master again.
    pub(super) fn hear(&mut self) -> bool {
        let mut again = false;
        for mut asked in std::mem::take(&mut self.asked) {
            if self.slaves[asked.slave].life != asked.life {
                continue;
            }
            let was_held = asked.is_held();
            match asked.look(self.now_ms, &self.master) {
                Reply::Nothing => {
                    again |= was_held && !asked.is_held();
                    self.asked.push(asked);
                }
                Reply::Held(until_ms) => {
                    self.agenda.put(until_ms, Due::Held(asked.number));
                    self.slaves[asked.slave]
                        .idle_since_ms
                        .get_or_insert(self.now_ms);
                    self.asked.push(asked);
                }
                Reply::Answer(status, body) => self.deliver(asked.slave, status, &body),
            }
        }
        again
    }

    fn deliver(&mut self, number: usize, status: Option<u16>, body: &[u8]) {
        let wait_ms = self.next_step(number, status, body) + self.rng.u64(1..10);
        let life = self.slaves[number].life;
        self.agenda
            .put(self.now_ms + wait_ms, Due::Slave(number, life));
    }

    /// What a slave makes of an answer: how long until its next step.
    fn next_step(&mut self, number: usize, status: Option<u16>, body: &[u8]) -> u64 {
        let plan = std::mem::take(&mut self.slaves[number].plan);
        match (plan, status) {
            (Plan::Poll | Plan::Wait, Some(200)) => self.begin(number, body),
            (Plan::Poll | Plan::Wait, Some(404)) => {
                let slave = &mut self.slaves[number];
                slave.idle_since_ms.get_or_insert(self.now_ms);
                if slave.profile.waits {
                    0
                } else {
                    slave::POLL_MS
                }
            }
            (Plan::Submit(delivery, times), Some(200)) => {
                self.note(format_args!(
                    "slave-{number} delivered {}",
                    delivery.batch.id()
                ));
                self.judge
                    .accepted(&self.slaves, number, &delivery, self.now_ms);
                if times > 1 {
                    self.slaves[number].plan = Plan::Submit(delivery, times - 1);
                }
                0
            }
            (Plan::Submit(delivery, _), Some(status @ 400..500)) => {
                self.note(format_args!(
                    "slave-{number} refused {status} {}",
                    delivery.batch.id()
                ));
                self.judge.returned(number, &delivery.batch);
                0
            }
            (Plan::Release(batch), Some(_)) => {
                self.judge.returned(number, &batch);
                0
            }
            (plan, _) => {
                self.slaves[number].idle_since_ms = None;
                self.slaves[number].plan = plan;
                slave::REST_MS
            }
        }
    }

    fn begin(&mut self, number: usize, body: &[u8]) -> u64 {
        let Ok(batch) = serde_json::from_slice::<Batch>(body) else {
            let text = String::from_utf8_lossy(body).into_owned();
            self.judge.blame(self.now_ms, "a batch can be read", text);
            return slave::REST_MS;
        };
        let sampled = batch.sampled_nonces.len();
        self.note(format_args!(
            "slave-{number} got {} sampled {sampled}",
            batch.id()
        ));
        self.judge.handed(&self.slaves, number, &batch, self.now_ms);
        self.slaves[number].begin(batch, &mut self.rng)
    }
}
