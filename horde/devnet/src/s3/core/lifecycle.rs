//! Rules by which objects expire.

use horde_s3::xml;

use super::failure::Failure;

/// Bytes of a configuration.
const LIFECYCLE_BYTES_MAX: usize = 64 << 10;
const RULES_COUNT_MAX: usize = 1_000;
const MICROS_PER_DAY: i64 = 86_400_000_000;

#[derive(Debug)]
struct Rule {
    prefix: String,
    days: u32,
}

/// The rules of a bucket, as they were sent, and those that make objects expire.
#[derive(Debug)]
pub(super) struct Lifecycle {
    pub(super) text: String,
    rules: Vec<Rule>,
}

impl Lifecycle {
    /// Reads a configuration. Rules that only end uploads or versions, of which there are none here, are kept and not applied.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(body).ok();
        let text = text.filter(|text| text.len() <= LIFECYCLE_BYTES_MAX);
        let text = text.ok_or_else(Failure::malformed_xml)?;
        let configuration = xml::elements(text, "LifecycleConfiguration").next();
        let configuration = configuration.ok_or_else(Failure::malformed_xml)?;
        let rules: Vec<_> = xml::elements(configuration, "Rule").collect();
        if rules.is_empty() || rules.len() > RULES_COUNT_MAX {
            return Err(Failure::malformed_xml());
        }
        let rules = rules.into_iter().map(read_rule);
        let rules: Result<Vec<_>, Failure> = rules.collect();
        Ok(Self {
            text: text.to_owned(),
            rules: rules?.into_iter().flatten().collect(),
        })
    }

    pub(super) fn has_expired(&self, key: &str, written_us: i64, now_us: i64) -> bool {
        let age_us = now_us.saturating_sub(written_us);
        let mut rules = self.rules.iter();
        rules.any(|rule| {
            key.starts_with(&rule.prefix) && age_us > i64::from(rule.days) * MICROS_PER_DAY
        })
    }

    /// The shortest life of any object.
    pub(super) fn days(&self) -> Option<u32> {
        self.rules.iter().map(|rule| rule.days).min()
    }
}

/// A rule that makes objects expire, `None` if it does something else or is off.
fn read_rule(rule: &str) -> Result<Option<Rule>, Failure> {
    let status = xml::first(rule, "Status");
    let is_on = match status.as_deref() {
        Some("Enabled") => true,
        Some("Disabled") => false,
        _ => return Err(Failure::malformed_xml()),
    };
    let Some(expiration) = xml::elements(rule, "Expiration").next() else {
        return Ok(None);
    };
    let days = xml::first(expiration, "Days");
    let days = days
        .and_then(|days| days.parse().ok())
        .filter(|days| *days > 0);
    let days = days.ok_or_else(Failure::malformed_xml)?;
    let prefix = xml::first(rule, "Prefix").unwrap_or_default();
    Ok(is_on.then_some(Rule { prefix, days }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_expire_by_the_rule_of_their_prefix() {
        let text = "<LifecycleConfiguration>\
            <Rule><Filter><Prefix>solved/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>\
            <Rule><Filter/><Status>Enabled</Status><Expiration><Days>14</Days></Expiration></Rule>\
            <Rule><Filter/><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>\
            <Rule><Filter/><Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>1\
            </DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>";
        let lifecycle = Lifecycle::parse(text.as_bytes()).unwrap();
        for (key, days, expected) in [
            ("solved/1.json", 1, false),
            ("solved/1.json", 2, true),
            ("series", 2, false),
            ("series", 15, true),
        ] {
            let now_us = days * MICROS_PER_DAY;
            assert_eq!(
                lifecycle.has_expired(key, 0, now_us),
                expected,
                "{key} {days}"
            );
        }
        assert_eq!(lifecycle.days(), Some(1));
    }
}
