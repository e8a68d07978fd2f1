//! What an answer to a request for one object means.

use crate::answer::{Complaint, clock_skew_seconds};

/// Letters of a foreign code that are shown.
const CODE_CHARS_MAX: usize = 40;
/// Seconds by which clocks may differ without being reported.
const SKEW_SECONDS_TOLD: u64 = 60;

/// Why there is no object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFault {
    /// Whose fault it may be.
    pub kind: ObjectFaultKind,
    /// In words, with no text of the server but its code.
    pub text: String,
}

/// Whose fault it is that there is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectFaultKind {
    /// The bucket is there, and the object is not.
    Missing,
    /// Reading is not allowed. Where listing is not allowed either, that is also the answer for an object that is not there.
    Denied,
    /// The service, the bucket, the keys or a clock.
    Service,
}

/// An answer of a service to a request for an object.
#[derive(Clone, Copy, Debug)]
pub struct ObjectAnswer<'a> {
    /// Status of HTTP.
    pub status: u16,
    /// Value of the header [`BUCKET_REGION_HEADER`](crate::BUCKET_REGION_HEADER).
    pub region: Option<&'a str>,
    /// Value of the header `date`.
    pub date: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

impl ObjectAnswer<'_> {
    /// Whether the request was granted; `unix_seconds` is when the answer came.
    ///
    /// # Errors
    ///
    /// See [`ObjectFault`].
    pub fn check(&self, unix_seconds: i64) -> Result<(), ObjectFault> {
        if (200..300).contains(&self.status) {
            return Ok(());
        }
        let complaint = Complaint::read(self.region, self.body);
        let kind = match (self.status, complaint.code.as_str()) {
            (404, "NoSuchBucket") => ObjectFaultKind::Service,
            (404 | 410, _) => ObjectFaultKind::Missing,
            (403, "AccessDenied" | "") => ObjectFaultKind::Denied,
            _ => ObjectFaultKind::Service,
        };
        let mut text = format!("the bucket answers {}", self.status);
        let code = shown(&complaint.code);
        if !code.is_empty() {
            text.push(' ');
            text.push_str(&code);
        }
        let region = complaint.region.as_deref().map(shown).unwrap_or_default();
        if matches!(self.status, 301 | 307 | 308 | 400) && !region.is_empty() {
            text.push_str(&format!(": it is in the region {region}; set that one"));
        }
        let skew = self
            .date
            .and_then(|date| clock_skew_seconds(date, unix_seconds));
        if let Some(skew) = skew.filter(|skew| skew.unsigned_abs() > SKEW_SECONDS_TOLD) {
            let side = if skew > 0 { "behind" } else { "ahead of" };
            let seconds = skew.unsigned_abs();
            text.push_str(&format!("; this clock is {seconds} s {side} the server's"));
        }
        Err(ObjectFault { kind, text })
    }
}

fn shown(foreign: &str) -> String {
    let letters = foreign.chars();
    let letters = letters.filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter));
    letters.take(CODE_CHARS_MAX).collect()
}
