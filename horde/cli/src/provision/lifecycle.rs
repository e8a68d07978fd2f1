//! The rule by which objects are deleted some days after they were written. Rules of others stay.

use horde_s3::{Endpoint, xml};

use super::part::{Part, Present};
use super::step::Outcome;
use crate::s3::remote::Signed;

/// Name of the rule.
const RULE: &str = "compute-horde-expiry";
/// The rules of a bucket.
const LIFECYCLE: Part = Part {
    name: "lifecycle",
    read: "s3:GetLifecycleConfiguration",
    write: "s3:PutLifecycleConfiguration",
};

/// Adds the rule, or changes its days.
pub(super) fn ensure(signed: &Signed<'_>, bucket: &Endpoint, days: u32, dry_run: bool) -> Outcome {
    let present = match LIFECYCLE.read(signed, bucket) {
        Err(refused) => return refused,
        Ok(Present::Unknown) => {
            return Outcome::NotNeeded {
                text: "the service has no such rules: delete old objects by its own means"
                    .to_owned(),
            };
        }
        Ok(Present::Nothing) => String::new(),
        Ok(Present::Text(text)) => text,
    };
    let text = format!("after {days} days");
    match rules(&present, days) {
        None => Outcome::was_there(text),
        Some(_) if dry_run => Outcome::planned(text),
        Some(rules) => match LIFECYCLE.write(signed, bucket, rules) {
            Ok(()) => Outcome::done(text),
            refused => LIFECYCLE.outcome(refused, bucket),
        },
    }
}

/// All rules with ours among them; `None` if nothing is to be changed.
fn rules(present: &str, days: u32) -> Option<String> {
    let all: Vec<&str> = xml::elements(present, "Rule").collect();
    let is_ours = |rule: &&str| xml::first(rule, "ID").as_deref() == Some(RULE);
    let is_good = |rule: &&str| {
        let text = |name| xml::first(rule, name);
        let is_for_all = text("Prefix").is_none_or(|prefix| prefix.is_empty());
        is_ours(rule)
            && is_for_all
            && text("Status").as_deref() == Some("Enabled")
            && text("Days") == Some(days.to_string())
    };
    if all.iter().any(is_good) {
        return None;
    }
    let others = all.iter().filter(|rule| !is_ours(rule));
    let others: String = others.map(|rule| format!("<Rule>{rule}</Rule>")).collect();
    Some(format!(
        "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{others}<Rule><ID>{RULE}</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>{days}</Days></Expiration></Rule></LifecycleConfiguration>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_is_added_once() {
        let first = rules("", 14).unwrap();
        assert_eq!(rules(&first, 14), None);
        let second = rules(&first, 7).unwrap();
        assert_eq!(second, first.replace(">14<", ">7<"));
    }

    #[test]
    fn rules_of_others_stay() {
        let other = "<Rule><ID>logs</ID><Prefix>logs/</Prefix><Status>Enabled</Status><Expiration><Days>14</Days></Expiration></Rule>";
        let present = format!("<LifecycleConfiguration>{other}</LifecycleConfiguration>");
        let both = rules(&present, 14).unwrap();
        assert!(both.contains(other), "{both}");
        assert_eq!(rules(&both, 14), None);
    }

    #[test]
    fn rule_that_is_off_is_set_again() {
        let off = rules("", 14).unwrap().replace("Enabled", "Disabled");
        assert_eq!(rules(&off, 14), rules("", 14));
    }
}
