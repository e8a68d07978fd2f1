//! What became of each step of provisioning.

use serde::Serialize;
use tig_process::output;

use crate::http::HttpError;
use crate::s3::policy;
use crate::s3::reason::Reason;

/// How a step has ended.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub(crate) enum Outcome {
    /// It was done.
    Done {
        /// What exactly; may be empty.
        text: String,
    },
    /// Nothing was to be done.
    WasThere {
        /// What exactly; may be empty.
        text: String,
    },
    /// It is to be done, but nothing is to be changed now.
    Planned {
        /// What exactly; may be empty.
        text: String,
    },
    /// The service needs it not.
    NotNeeded {
        /// Why.
        text: String,
    },
    /// It could not be done.
    Refused {
        /// Why.
        text: String,
        /// What to do, or whom to ask for what.
        remedy: String,
    },
    /// An earlier step is missing.
    NotTried {
        /// Which.
        text: String,
    },
}

impl Outcome {
    /// It was done.
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self::Done { text: text.into() }
    }

    /// Nothing was to be done.
    pub(crate) fn was_there(text: impl Into<String>) -> Self {
        Self::WasThere { text: text.into() }
    }

    /// It is to be done later.
    pub(crate) fn planned(text: impl Into<String>) -> Self {
        Self::Planned { text: text.into() }
    }

    /// It could not be done.
    pub(crate) fn refused(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Refused {
            text: text.into(),
            remedy: remedy.into(),
        }
    }

    /// A service has refused it for want of a right, or for another reason.
    pub(crate) fn of_reason(reason: &Reason, action: &str, resource: &str) -> Self {
        if let Reason::NoAnswer(error) = reason {
            return error.clone().into();
        }
        let remedy = reason.remedy().unwrap_or_else(|| match reason {
            Reason::Denied => format!(
                "ask the owner of the account for this right, and run the command again: {}",
                policy::wanted_right(action, resource)
            ),
            Reason::Missing => {
                "set it up by the service's own means, then run `compute-horde check-s3`".to_owned()
            }
            _ => "is AWS_ENDPOINT_URL the URL of an S3 service? If so, run the command again"
                .to_owned(),
        });
        Self::refused(reason.text(), remedy)
    }

    /// Whether the step need not be done any more.
    pub(crate) fn is_settled(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::NotTried { .. })
    }

    fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Done { text } => ("done", text),
            Self::WasThere { text } => ("was there", text),
            Self::Planned { text } => ("to be done", text),
            Self::NotNeeded { text } => ("not needed", text),
            Self::Refused { text, .. } => ("REFUSED", text),
            Self::NotTried { text } => ("not tried", text),
        }
    }
}

impl From<HttpError> for Outcome {
    fn from(error: HttpError) -> Self {
        Self::refused(
            error.to_string(),
            "check --endpoint, --region and the network, and run the command again: what is done stays",
        )
    }
}

/// A step and its end.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Step {
    /// What it is for: a bucket, a user, the file.
    pub(crate) part: String,
    /// What is to be there.
    pub(crate) step: &'static str,
    /// How it has ended.
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

impl Step {
    /// Prints the step, as one object of JSON or as some lines.
    pub(crate) fn print(&self, as_json: bool) {
        if as_json {
            output::line(&serde_json::to_string(self).unwrap_or_default());
        } else {
            self.lines().iter().for_each(|line| output::line(line));
        }
    }

    fn lines(&self) -> Vec<String> {
        let (word, text) = self.outcome.words();
        let colon = if text.is_empty() { "" } else { ": " };
        let mut lines = vec![format!(
            "{word:<11}{}, {}{colon}{text}",
            self.part, self.step
        )];
        if let Outcome::Refused { remedy, .. } = &self.outcome {
            lines.push(format!("{:11}-> {remedy}", ""));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_step_says_what_to_ask_for() {
        let outcome = Outcome::of_reason(&Reason::Denied, "s3:PutBucketPolicy", "arn:aws:s3:::b");
        let step = Step {
            part: "bucket b".to_owned(),
            step: "public read",
            outcome,
        };
        let lines = step.lines();
        assert!(
            lines[0].starts_with("REFUSED    bucket b, public read: the access key has no right"),
            "{lines:?}"
        );
        assert!(
            lines[1].contains("\"Action\":\"s3:PutBucketPolicy\""),
            "{lines:?}"
        );
        assert!(!step.outcome.is_settled());
    }

    #[test]
    fn step_of_json_is_flat() {
        let step = Step {
            part: "bucket b".to_owned(),
            step: "bucket",
            outcome: Outcome::was_there(""),
        };
        let text = serde_json::to_string(&step).unwrap();
        assert_eq!(
            text,
            r#"{"part":"bucket b","step":"bucket","outcome":"was_there","text":""}"#
        );
    }
}
