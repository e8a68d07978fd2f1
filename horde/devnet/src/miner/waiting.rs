//! Jobs that wait for an executor, and messages that wait for such a job.

use super::connection::ConnectionId;
use super::effect::Effect;
use super::jobs::Stage;
use super::state::Miner;
use crate::journal::Origin;

impl Miner {
    /// Gives free executors to jobs that wait, and handles messages that have waited for them, until nothing changes.
    pub(super) fn go_on(&mut self, now_us: i64) {
        loop {
            while let Some(uuid) = self.jobs.next_waiting()
                && self.jobs.try_reserve(&uuid, now_us)
            {
                self.accept(&uuid);
            }
            if !self.unblock() {
                return;
            }
        }
    }

    /// Handles the messages of connections whose reservation waits no longer. Returns whether there were any.
    fn unblock(&mut self) -> bool {
        let mut has_unblocked = false;
        for (id, uuid) in self.connections.blocked() {
            let job = self.jobs.get(&uuid);
            if job.is_some_and(|job| job.stage == Stage::Waiting) {
                continue;
            }
            if let Some(connection) = self.connections.get_mut(id) {
                connection.waits_for = None;
            }
            has_unblocked = true;
            self.handle_queued(id);
        }
        has_unblocked
    }

    /// Handles what has waited, until something has to wait again.
    pub(super) fn handle_queued(&mut self, connection: ConnectionId) {
        while let Some((at_us, message)) = self.connections.next_queued(connection) {
            self.handle(Origin { connection, at_us }, message);
        }
    }

    /// The time of a job that waits for an executor is over: it is declined.
    pub(crate) fn wake(&mut self, job_uuid: &str, now_us: i64) -> Vec<Effect> {
        let job = self.jobs.get(job_uuid);
        let waiting = job.filter(|job| job.stage == Stage::Waiting);
        if let Some(validator) = waiting.map(|job| job.validator.clone()) {
            self.decline(job_uuid, &validator);
        }
        self.go_on(now_us);
        self.take_effects()
    }
}
