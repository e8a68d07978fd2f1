//! The rule by which objects are deleted some days after they were written. Rules of others stay.

use horde_s3::{Endpoint, xml};

use super::part::{Part, Present};
use super::step::Outcome;
use crate::s3::reason::Reason;
use crate::s3::remote::Signed;

/// Name of the rule.
const RULE: &str = "compute-horde-expiry";
/// Days after which objects are deleted if nobody says otherwise: a series of prompts lives as long.
const DAYS_DEFAULT: u32 = 14;
/// The rules of a bucket.
const LIFECYCLE: Part = Part {
    name: "lifecycle",
    read: "s3:GetLifecycleConfiguration",
    write: "s3:PutLifecycleConfiguration",
};

/// Adds the rule, or changes its days to those that are given.
pub(super) fn ensure(
    signed: &Signed<'_>,
    bucket: &Endpoint,
    days: Option<u32>,
    dry_run: bool,
) -> Outcome {
    let present = match LIFECYCLE.read(signed, bucket) {
        Err(refused) => return refused,
        Ok(Present::Unknown) => return no_rules(),
        Ok(Present::Nothing) => String::new(),
        Ok(Present::Text(text)) => text,
    };
    let rules = match rules(&present, days) {
        Expiry::Is(days) => return Outcome::was_there(format!("after {days} days")),
        Expiry::Set(rules) => rules,
    };
    let text = format!("after {} days", days.unwrap_or(DAYS_DEFAULT));
    match dry_run {
        true => Outcome::planned(text),
        false => match LIFECYCLE.write(signed, bucket, rules) {
            Ok(()) => Outcome::done(text),
            Err(Reason::Missing) => no_rules(),
            refused => LIFECYCLE.outcome(refused, bucket),
        },
    }
}

fn no_rules() -> Outcome {
    Outcome::NotNeeded {
        text: "the service has no such rules: delete old objects by its own means".to_owned(),
    }
}

#[derive(Debug, Eq, PartialEq)]
enum Expiry {
    /// Objects are deleted after so many days, as it should be.
    Is(String),
    /// These rules are to be set: ours among all others.
    Set(String),
}

/// What the rules say of all objects; any number of days is good if none is given.
fn rules(present: &str, days: Option<u32>) -> Expiry {
    let all: Vec<&str> = xml::elements(present, "Rule").collect();
    let is_ours = |rule: &&str| xml::first(rule, "ID").as_deref() == Some(RULE);
    let good = |rule: &&str| {
        let text = |name| xml::first(rule, name);
        let is_for_all = text("Prefix").is_none_or(|prefix| prefix.is_empty());
        let is_on = text("Status").as_deref() == Some("Enabled");
        let set = text("Days").filter(|_| is_ours(rule) && is_for_all && is_on)?;
        let is_given = days.is_none_or(|days| days.to_string() == set);
        (is_given && set.parse::<u32>().is_ok()).then_some(set)
    };
    if let Some(set) = all.iter().find_map(good) {
        return Expiry::Is(set);
    }
    let others = all.iter().filter(|rule| !is_ours(rule));
    let others: String = others.map(|rule| format!("<Rule>{rule}</Rule>")).collect();
    let days = days.unwrap_or(DAYS_DEFAULT);
    Expiry::Set(format!(
        "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{others}<Rule><ID>{RULE}</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>{days}</Days></Expiration></Rule></LifecycleConfiguration>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(present: &str, days: Option<u32>) -> String {
        match rules(present, days) {
            Expiry::Set(rules) => rules,
            Expiry::Is(days) => panic!("{days} days"),
        }
    }

    #[test]
    fn rule_is_added_once() {
        let first = set("", None);
        assert_eq!(rules(&first, None), Expiry::Is("14".to_owned()));
        let second = set(&first, Some(7));
        assert_eq!(second, first.replace(">14<", ">7<"));
        assert_eq!(rules(&second, None), Expiry::Is("7".to_owned()));
        assert_eq!(rules(&second, Some(7)), Expiry::Is("7".to_owned()));
    }

    #[test]
    fn rules_of_others_stay() {
        let other = "<Rule><ID>logs</ID><Prefix>logs/</Prefix><Status>Enabled</Status><Expiration><Days>14</Days></Expiration></Rule>";
        let present = format!("<LifecycleConfiguration>{other}</LifecycleConfiguration>");
        let both = set(&present, None);
        assert!(both.contains(other), "{both}");
        assert_eq!(rules(&both, Some(14)), Expiry::Is("14".to_owned()));
    }

    #[test]
    fn rule_that_is_off_is_set_again() {
        let off = set("", None).replace("Enabled", "Disabled");
        assert_eq!(set(&off, None), set("", None));
    }
}
