//! Buckets, their public read and their expiry, and a user (sections 2.9 and 10.7), step by step. Each step finds out first
//! whether it is to be done, so that everything can be run again at any time, also after an interruption.

mod access;
mod bucket;
mod env_lines;
mod key;
mod lifecycle;
mod part;
mod step;
#[cfg(test)]
mod tests;
mod user;

use std::path::PathBuf;
use std::time::Duration;

use horde_s3::Endpoint;

use self::access::{ensure_block, ensure_policy};
pub(crate) use self::env_lines::EnvLines;
use self::key::KeyPlan;
pub(crate) use self::lifecycle::early_expiry;
pub(crate) use self::step::{Outcome, Step};
use crate::s3::account::{BUCKETS, ENDPOINT, REGION};
use crate::s3::remote::Signed;

/// Pauses between tries to set a policy: a block of public access is gone everywhere only some time after it was changed.
pub(crate) const POLICY_PAUSES: [Duration; 3] = [Duration::from_secs(1); 3];

/// What is to be there.
pub(crate) struct Plan {
    /// For prompts, and for answers.
    pub(crate) buckets: [Endpoint; 2],
    /// Days after which objects are deleted, if they are given.
    pub(crate) days: Option<u32>,
    /// The URL of a service other than AWS, if one was named.
    pub(crate) url: Option<String>,
    /// The user, if one is wanted.
    pub(crate) user: Option<UserPlan>,
    /// Where lines of `.env` go.
    pub(crate) lines: EnvLines,
    /// Change nothing.
    pub(crate) dry_run: bool,
    /// Pauses between tries to set a policy after the block was changed.
    pub(crate) policy_pauses: [Duration; 3],
}

/// The user that is to be there.
pub(crate) struct UserPlan {
    /// Its name.
    pub(crate) name: String,
    /// The access key in `.env`, if there is one.
    pub(crate) key_in_file: Option<String>,
    /// Whether a secret is in `.env`.
    pub(crate) has_secret: bool,
    /// Folder for a note while a key is made.
    pub(crate) folder: PathBuf,
    /// Make a key though the user has one.
    pub(crate) new_key: bool,
}

impl Plan {
    /// Does what is to be done, and reports each step. Returns whether all of it is there now.
    pub(crate) fn run(&self, signed: &Signed<'_>, report: &mut dyn FnMut(Step)) -> bool {
        let mut steps = Steps {
            report,
            are_settled: true,
        };
        let mut are_there = true;
        for (bucket, (holds, _)) in self.buckets.iter().zip(BUCKETS) {
            are_there &= self.set_up_bucket(signed, bucket, holds, &mut steps);
        }
        if let Some(user) = &self.user {
            self.set_up_user(signed, user, &mut steps);
        }
        let lines = match are_there {
            true => self.lines.add(&self.entries(), self.dry_run),
            false => Outcome::NotTried {
                text: "without both buckets".to_owned(),
            },
        };
        steps.end(".env", "buckets and their place", lines);
        steps.are_settled
    }

    /// Returns whether the bucket is there.
    fn set_up_bucket(
        &self,
        signed: &Signed<'_>,
        bucket: &Endpoint,
        holds: &str,
        steps: &mut Steps<'_>,
    ) -> bool {
        let part = format!("bucket {} ({holds})", bucket.bucket());
        let made = bucket::ensure(signed, bucket, self.dry_run);
        let (is_there, is_new) = (
            made.is_settled(),
            matches!(made, Outcome::Done { .. } | Outcome::Planned { .. }),
        );
        steps.end(&part, "bucket", made);
        let parts = [
            "public access block",
            "public read of objects",
            "expiry of objects",
        ];
        if !is_there {
            for step in parts {
                let text = "without the bucket".to_owned();
                steps.end(&part, step, Outcome::NotTried { text });
            }
            return false;
        }
        if is_new && self.dry_run {
            for step in parts {
                steps.end(&part, step, Outcome::planned(""));
            }
            return true;
        }
        let block = ensure_block(signed, bucket, self.dry_run);
        let pauses: &[Duration] = match block {
            Outcome::Done { .. } => &self.policy_pauses,
            _ => &[],
        };
        steps.end(&part, parts[0], block);
        let policy = ensure_policy(signed, bucket, self.dry_run, pauses);
        steps.end(&part, parts[1], policy);
        let expiry = lifecycle::ensure(signed, bucket, self.days, self.dry_run);
        steps.end(&part, parts[2], expiry);
        true
    }

    fn set_up_user(&self, signed: &Signed<'_>, user: &UserPlan, steps: &mut Steps<'_>) {
        let part = format!("user {}", user.name);
        let made = user::ensure(signed, &user.name, self.dry_run);
        let is_planned = matches!(made, Outcome::Planned { .. });
        let is_there = made.is_settled();
        steps.end(&part, "user", made);
        for step in ["two rights", "access key"] {
            let outcome = if !is_there {
                Outcome::NotTried {
                    text: "without the user".to_owned(),
                }
            } else if is_planned {
                Outcome::planned("")
            } else if step == "two rights" {
                user::ensure_rights(signed, &user.name, &self.buckets, self.dry_run)
            } else {
                key::ensure(signed, &self.key_plan(user))
            };
            steps.end(&part, step, outcome);
        }
    }

    fn key_plan<'a>(&'a self, user: &'a UserPlan) -> KeyPlan<'a> {
        KeyPlan {
            user: &user.name,
            in_file: user.key_in_file.as_deref(),
            has_secret: user.has_secret,
            lines: &self.lines,
            folder: user.folder.clone(),
            new_key: user.new_key,
            dry_run: self.dry_run,
        }
    }

    /// What the validator must know, without secrets.
    fn entries(&self) -> Vec<(&str, &str)> {
        let names = self.buckets.iter().zip(BUCKETS);
        let names = names.map(|(bucket, (_, variable))| (variable, bucket.bucket()));
        let mut entries: Vec<_> = names.collect();
        entries.push((REGION, self.buckets[0].region()));
        entries.extend(self.url.as_deref().map(|url| (ENDPOINT, url)));
        entries
    }
}

/// Reports steps and remembers whether one was refused.
struct Steps<'a> {
    report: &'a mut dyn FnMut(Step),
    are_settled: bool,
}

impl Steps<'_> {
    fn end(&mut self, part: &str, step: &'static str, outcome: Outcome) {
        self.are_settled &= outcome.is_settled();
        (self.report)(Step {
            part: part.to_owned(),
            step,
            outcome,
        });
    }
}
