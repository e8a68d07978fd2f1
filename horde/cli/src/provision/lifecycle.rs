//! The rule by which objects are deleted some days after they were written. Rules of others stay.

use std::path::Path;

use horde_s3::{Endpoint, xml};

use super::part::{Part, Present};
use super::step::Outcome;
use crate::config_file;
use crate::finding::Finding;
use crate::s3::reason::Reason;
use crate::s3::remote::Signed;

/// Name of the rule.
const RULE: &str = "compute-horde-expiry";
/// Hours after its generation for which a series of prompts is used if the config does not say otherwise.
const USED_HOURS_DEFAULT: u64 = 312;
/// Hours for which objects are kept beyond that. A series is written up to five minutes before its time counts, and a miner that is given
/// a sample at the end of it reads it within the hour for which the URLs of its job live; the rest is spare.
const SPARE_HOURS: u64 = 24;
/// Days after which objects are deleted if nobody says otherwise.
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
    let others = rules_of_all(&present).filter(|rule| !rule.is_ours());
    let other = others.min_by_key(|rule| rule.days);
    let rules = match rules(&present, days) {
        Expiry::Is(days) => return Outcome::was_there(text(days, other.as_ref())),
        Expiry::Set(rules) => rules,
    };
    let text = text(days.unwrap_or(DAYS_DEFAULT), other.as_ref());
    match dry_run {
        true => Outcome::planned(text),
        false => match LIFECYCLE.write(signed, bucket, rules) {
            Ok(()) => Outcome::done(text),
            Err(Reason::Missing) => no_rules(),
            refused => LIFECYCLE.outcome(refused, bucket),
        },
    }
}

/// When objects are deleted: by our rule after so many days, or by that of somebody else before.
fn text(days: u32, other: Option<&RuleOfAll>) -> String {
    let mut text = format!("after {days} days");
    let other = other.filter(|other| other.days < days);
    if let Some(other) = other {
        text += &format!(", but {} after {} days", other.name(), other.days);
    }
    let hours = used_hours_max(other.map_or(days, |other| other.days));
    if hours >= USED_HOURS_DEFAULT {
        return text;
    }
    text += ", too early";
    if hours > 0 {
        text += &format!(" unless `expiry_hours` of config.horde_crossval is at most {hours}");
    }
    if other.is_some() {
        text += ": change or remove that rule by the service's own means";
    }
    text
}

/// Hours for which a series may be used if objects are deleted after so many days.
fn used_hours_max(days: u32) -> u64 {
    (u64::from(days) * 24).saturating_sub(SPARE_HOURS)
}

/// A warning if a rule deletes series that are still used by the config of this host; `part` names the bucket. The key of a validator
/// may not read the rules, as a rule: then nothing is known.
pub(crate) fn early_expiry(
    signed: &Signed<'_>,
    bucket: &Endpoint,
    part: &str,
    config: &Path,
) -> Option<Finding> {
    let Ok(Present::Text(present)) = LIFECYCLE.read(signed, bucket) else {
        return None;
    };
    let rule = rules_of_all(&present).min_by_key(|rule| rule.days)?;
    let used_hours = config_file::setting(config, "horde_crossval", "expiry_hours")?;
    early_finding(
        &rule,
        used_hours.as_u64().unwrap_or(USED_HOURS_DEFAULT),
        part,
    )
}

fn early_finding(rule: &RuleOfAll, used_hours: u64, part: &str) -> Option<Finding> {
    let hours = used_hours_max(rule.days);
    if used_hours <= hours {
        return None;
    }
    let days = used_hours.saturating_add(SPARE_HOURS).div_ceil(24);
    let mut remedy = match rule.is_ours() {
        true => format!("`compute-horde provision-s3 PROMPTS ANSWERS --expire-days {days}`"),
        false => format!(
            "remove {} by the service's own means, or let it keep objects for {days} days",
            rule.name()
        ),
    };
    if hours > 0 {
        remedy += &format!(", or set `expiry_hours` of config.horde_crossval to at most {hours}");
    }
    Some(Finding::warning(
        part,
        format!(
            "its lifecycle rule deletes objects after {} days, but prompts are used for {used_hours} h: jobs of honest miners fail then",
            rule.days
        ),
        remedy,
    ))
}

/// A rule that deletes any object so many days after it was written.
#[derive(Debug, Eq, PartialEq)]
struct RuleOfAll {
    id: Option<String>,
    days: u32,
}

impl RuleOfAll {
    fn is_ours(&self) -> bool {
        self.id.as_deref() == Some(RULE)
    }

    fn name(&self) -> String {
        match &self.id {
            Some(id) => format!("the bucket's lifecycle rule {id:?}"),
            None => "a lifecycle rule of the bucket without an ID".to_owned(),
        }
    }
}

fn rules_of_all(present: &str) -> impl Iterator<Item = RuleOfAll> {
    let rules = xml::elements(present, "Rule").filter(|rule| {
        xml::first(rule, "Status").as_deref() == Some("Enabled")
            && xml::all(rule, "Prefix").iter().all(String::is_empty)
            && xml::elements(rule, "Tag").next().is_none()
    });
    rules.filter_map(|rule| {
        let expiration = xml::elements(rule, "Expiration").next()?;
        Some(RuleOfAll {
            id: xml::first(rule, "ID").filter(|id| !id.is_empty()),
            days: xml::first(expiration, "Days")?.parse().ok()?,
        })
    })
}

fn no_rules() -> Outcome {
    Outcome::NotNeeded {
        text: "the service has no such rules: delete old objects by its own means".to_owned(),
    }
}

#[derive(Debug, Eq, PartialEq)]
enum Expiry {
    /// Objects are deleted after so many days, as it should be.
    Is(u32),
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
        let set = set.parse().ok()?;
        days.is_none_or(|days| days == set).then_some(set)
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
        assert_eq!(rules(&first, None), Expiry::Is(14));
        let second = set(&first, Some(7));
        assert_eq!(second, first.replace(">14<", ">7<"));
        assert_eq!(rules(&second, None), Expiry::Is(7));
        assert_eq!(rules(&second, Some(7)), Expiry::Is(7));
    }

    #[test]
    fn rules_of_others_stay() {
        let other = "<Rule><ID>logs</ID><Prefix>logs/</Prefix><Status>Enabled</Status><Expiration><Days>14</Days></Expiration></Rule>";
        let present = format!("<LifecycleConfiguration>{other}</LifecycleConfiguration>");
        let both = set(&present, None);
        assert!(both.contains(other), "{both}");
        assert_eq!(rules(&both, Some(14)), Expiry::Is(14));
    }

    #[test]
    fn default_rule_outlives_the_use_of_series() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let example: serde_json::Value = serde_json::from_str(example).unwrap();
        let used = &example["config"]["horde_crossval"]["expiry_hours"];
        assert_eq!(used.as_u64(), Some(USED_HOURS_DEFAULT));
        assert!(USED_HOURS_DEFAULT <= used_hours_max(DAYS_DEFAULT));
        assert_eq!(text(DAYS_DEFAULT, None), "after 14 days");
        let early = text(3, None);
        assert!(
            early.ends_with("config.horde_crossval is at most 48"),
            "{early}"
        );
    }

    fn rule_of_all(id: &str, days: u32) -> RuleOfAll {
        RuleOfAll {
            id: Some(id.to_owned()),
            days,
        }
    }

    #[test]
    fn rules_for_all_objects_are_found() {
        let rule = |filter: &str, days: u32| {
            format!(
                "<Rule><ID>{days}</ID><Filter>{filter}</Filter><Status>Enabled</Status><Transition><Days>1</Days></Transition><Expiration><Days>{days}</Days></Expiration></Rule>"
            )
        };
        let prefix = |text: &str| format!("<Prefix>{text}</Prefix>");
        let logs = rule(&prefix("logs/"), 2);
        let tagged = rule("<Tag><Key>k</Key><Value>v</Value></Tag>", 3);
        let rules = [logs, tagged, rule(&prefix(""), 30), rule("", 20)].concat();
        let found: Vec<_> = rules_of_all(&rules).collect();
        assert_eq!(found, [rule_of_all("30", 30), rule_of_all("20", 20)]);
        let off = rules.replace("Enabled", "Disabled");
        assert_eq!(rules_of_all(&off).count(), 0);
    }

    #[test]
    fn early_rule_of_somebody_else_is_named() {
        let other = rule_of_all("all\n", 7);
        let early = text(DAYS_DEFAULT, Some(&other));
        for words in ["14 days, but", r#"rule "all\n" after 7"#, "at most 144"] {
            assert!(early.contains(words), "{early}");
        }
        assert_eq!(text(7, Some(&other)), text(7, None));
        let unusable = text(14, Some(&rule_of_all("x", 1)));
        assert!(
            unusable.contains("too early: change or remove"),
            "{unusable}"
        );
        let late = text(30, Some(&rule_of_all("x", 20)));
        assert!(late.ends_with("rule \"x\" after 20 days"), "{late}");

        let finding = early_finding(&other, 312, "p").unwrap();
        let remedy = r#"remove the bucket's lifecycle rule "all\n""#;
        assert!(finding.remedy.starts_with(remedy), "{}", finding.remedy);
        assert!(finding.remedy.contains("14 days, or set"));
        assert_eq!(early_finding(&other, 144, "p"), None);
        let ours = early_finding(&rule_of_all(RULE, 7), 312, "p").unwrap();
        assert!(ours.remedy.contains("provision-s3"), "{}", ours.remedy);
    }

    #[test]
    fn rule_that_is_off_is_set_again() {
        let off = set("", None).replace("Enabled", "Disabled");
        assert_eq!(set(&off, None), set("", None));
    }
}
