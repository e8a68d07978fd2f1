//! The access key of the user. Its secret is shown once, when the key is made, so a key is made only if `.env` can take it, and
//! a note is kept while it is on its way: a key whose secret was lost by a kill is deleted by the next run.

use std::fs;
use std::io;
use std::path::PathBuf;

use horde_s3::xml;
use serde::{Deserialize, Serialize};
use tig_process::whole_file;

use super::env_lines::EnvLines;
use super::step::Outcome;
use super::user::{Refusal, call};
use crate::s3::account::{KEY, SECRET};
use crate::s3::remote::Signed;

/// Name of the note, in the folder of the validator.
const NOTE_FILE: &str = ".provision-s3";
/// Keys that a user has at most.
const KEYS_COUNT_MAX: usize = 2;

/// What is known before the key is made.
pub(super) struct KeyPlan<'a> {
    /// The user.
    pub(super) user: &'a str,
    /// The key in `.env`, if there is one.
    pub(super) in_file: Option<&'a str>,
    /// Whether a secret is in `.env`.
    pub(super) has_secret: bool,
    /// Where the key goes.
    pub(super) lines: &'a EnvLines,
    /// Folder of the note.
    pub(super) folder: PathBuf,
    /// Make a key though the user has one.
    pub(super) new_key: bool,
    /// Change nothing.
    pub(super) dry_run: bool,
}

/// A key is on its way; the user had those before.
#[derive(Deserialize, Serialize)]
struct Note {
    user: String,
    keys: Vec<String>,
}

#[derive(Debug, Eq, PartialEq)]
enum Decision {
    /// `.env` has the key.
    IsThere(String),
    /// To be made; the key whose secret was lost is deleted first.
    Make { lost: Option<String> },
    /// The user has a key that `.env` has not.
    Other(String),
    /// The user has as many as it can have.
    Full,
    /// `.env` has a key of somebody else.
    Taken,
}

/// Makes the key if it is needed.
pub(super) fn ensure(signed: &Signed<'_>, plan: &KeyPlan<'_>) -> Outcome {
    let keys = match keys(signed, plan.user) {
        Ok(keys) => keys,
        Err(refusal) => return refusal.into(),
    };
    let note = plan.read_note();
    let before = note.as_ref().map(|note| &note.keys[..]);
    match decide(&keys, plan, before) {
        Decision::IsThere(key) => {
            plan.remove_note();
            Outcome::was_there(key)
        }
        Decision::Make { .. } if plan.dry_run => Outcome::planned(""),
        Decision::Make { lost } => match make(signed, plan, keys, lost) {
            Ok(outcome) | Err(outcome) => outcome,
        },
        Decision::Other(key) => match plan.lines {
            EnvLines::Print { .. } => {
                Outcome::was_there(format!("{key}, whose secret was shown when it was made"))
            }
            EnvLines::File(_) => Outcome::refused(
                format!(
                    "the user has the key {key}, which .env has not with its secret; that was shown once, when the key was made"
                ),
                format!(
                    "put both into .env as {KEY} and {SECRET}; or give --new-key for another one"
                ),
            ),
        },
        Decision::Full => Outcome::refused(
            format!("the user has {KEYS_COUNT_MAX} access keys, and can have no more"),
            format!(
                "delete one that is not used (`aws iam delete-access-key --user-name {} --access-key-id {}`), and run the command again",
                plan.user,
                keys.first().map_or("ID", String::as_str)
            ),
        ),
        Decision::Taken => Outcome::refused(
            format!(".env has another {KEY} or {SECRET}, which stays"),
            "if it is the key with which you provision, give it as a variable of the process and remove it from .env; or give --print to see the new key",
        ),
    }
}

fn decide(keys: &[String], plan: &KeyPlan<'_>, before: Option<&[String]>) -> Decision {
    if matches!(plan.lines, EnvLines::File(_)) {
        let known = |key: &str| keys.iter().find(|known| *known == key).cloned();
        match (plan.in_file.map(known), plan.has_secret) {
            (Some(Some(key)), true) => return Decision::IsThere(key),
            (Some(Some(key)), false) => return Decision::Other(key),
            (Some(None), _) | (None, true) => return Decision::Taken,
            (None, false) => {}
        }
    }
    let lost = before.and_then(|before| keys.iter().find(|key| !before.contains(key)));
    if lost.is_some() {
        return Decision::Make {
            lost: lost.cloned(),
        };
    }
    match keys {
        [key] if !plan.new_key => Decision::Other(key.clone()),
        _ if keys.len() >= KEYS_COUNT_MAX => Decision::Full,
        _ => Decision::Make { lost: None },
    }
}

fn keys(signed: &Signed<'_>, user: &str) -> Result<Vec<String>, Refusal> {
    let body = call(signed, user, "ListAccessKeys", &[])?;
    Ok(xml::all(&body, "AccessKeyId"))
}

fn make(
    signed: &Signed<'_>,
    plan: &KeyPlan<'_>,
    mut keys: Vec<String>,
    lost: Option<String>,
) -> Result<Outcome, Outcome> {
    let mut deleted = String::new();
    if let Some(lost) = lost {
        call(
            signed,
            plan.user,
            "DeleteAccessKey",
            &[("AccessKeyId", &lost)],
        )?;
        deleted = format!("; {lost} of an interrupted run, whose secret was lost, is deleted");
        keys.retain(|key| *key != lost);
    }
    plan.write_note(keys)?;
    let body = call(signed, plan.user, "CreateAccessKey", &[]).inspect_err(|refusal| {
        // No key was made: one that is there later is somebody's, and stays. Without an answer there may be one.
        if refusal.is_answer() {
            plan.remove_note();
        }
    })?;
    let part = |name| xml::first(&body, name).filter(|text| !text.is_empty());
    let (Some(key), Some(secret)) = (part("AccessKeyId"), part("SecretAccessKey")) else {
        return Err(Outcome::refused(
            "the service has made a key and does not show it",
            "run the command again: it deletes that key and makes another one",
        ));
    };
    let written = plan.lines.add(&[(KEY, &key), (SECRET, &secret)], false);
    if !written.is_settled() {
        // Nobody knows its secret. If this fails, the note lets the next run do it.
        call(
            signed,
            plan.user,
            "DeleteAccessKey",
            &[("AccessKeyId", &key)],
        )?;
        plan.remove_note();
        return Err(written);
    }
    plan.remove_note();
    Ok(Outcome::done(key + &deleted))
}

impl KeyPlan<'_> {
    fn note_path(&self) -> PathBuf {
        self.folder.join(NOTE_FILE)
    }

    /// A note of another user, or one that cannot be read, says nothing.
    fn read_note(&self) -> Option<Note> {
        let bytes = fs::read(self.note_path()).ok()?;
        let note: Note = serde_json::from_slice(&bytes).ok()?;
        (note.user == self.user).then_some(note)
    }

    fn write_note(&self, keys: Vec<String>) -> Result<(), Outcome> {
        let user = self.user.to_owned();
        let text = serde_json::to_vec(&Note { user, keys }).unwrap_or_default();
        let written = whole_file::write(&self.note_path(), &text, 0o600);
        written.map_err(|error| self.no_note(&error))
    }

    fn no_note(&self, error: &io::Error) -> Outcome {
        Outcome::refused(
            format!("cannot write {}: {error}", self.note_path().display()),
            "make the folder writable: without the note an interrupted run would leave a key that nobody knows",
        )
    }

    fn remove_note(&self) {
        // A note that stays names keys that are known by then, so the next run ignores it.
        let _ = fs::remove_file(self.note_path());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(
        keys: &[&str],
        in_file: Option<&str>,
        before: Option<&[&str]>,
        new: bool,
    ) -> Decision {
        let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let lines = EnvLines::File(PathBuf::new());
        let plan = KeyPlan {
            user: "u",
            in_file,
            has_secret: in_file.is_some(),
            lines: &lines,
            folder: PathBuf::new(),
            new_key: new,
            dry_run: false,
        };
        let before = before.map(owned);
        decide(&owned(keys), &plan, before.as_deref())
    }

    #[test]
    fn key_is_made_once() {
        assert_eq!(
            decided(&[], None, None, false),
            Decision::Make { lost: None }
        );
        let there = Decision::IsThere("a".to_owned());
        assert_eq!(decided(&["a"], Some("a"), None, false), there);
        assert_eq!(decided(&["a", "b"], Some("a"), None, true), there);
        let other = Decision::Other("a".to_owned());
        assert_eq!(decided(&["a"], None, None, false), other);
        assert_eq!(
            decided(&["a"], None, None, true),
            Decision::Make { lost: None }
        );
        assert_eq!(decided(&["a", "b"], None, None, true), Decision::Full);
        assert_eq!(decided(&["a"], Some("x"), None, false), Decision::Taken);
        assert_eq!(decided(&["a"], Some("x"), None, true), Decision::Taken);
    }

    #[test]
    fn key_of_an_interrupted_run_is_lost() {
        let lost = |key: &str| Decision::Make {
            lost: Some(key.to_owned()),
        };
        assert_eq!(decided(&["a"], None, Some(&[]), false), lost("a"));
        assert_eq!(decided(&["a", "b"], None, Some(&["a"]), false), lost("b"));
        assert_eq!(
            decided(&["a", "b"], None, Some(&["a", "b"]), false),
            Decision::Full
        );
        assert_eq!(
            decided(&[], None, Some(&[]), false),
            Decision::Make { lost: None }
        );
    }
}
