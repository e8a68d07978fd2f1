//! All faults, each with its name, its argument and its meaning.

/// The longest delay: ten minutes.
const S3_DELAY_MS_MAX: i64 = 600_000;
/// The largest fault of the clock: ten years.
const CLOCK_AHEAD_SECONDS_MAX: i64 = 10 * 365 * 86_400;

/// What the service does wrong; [`S3FaultKind::list`] has the names and what each does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3FaultKind {
    /// `403`: nothing is allowed.
    Forbidden,
    /// `wrong-region`: the bucket seems to be elsewhere.
    WrongRegion,
    /// `status`: an error of the service.
    Status,
    /// `slow`: the answer comes late.
    Slow,
    /// `cut-short`: the answer ends within its body.
    CutShort,
    /// `drops`: the connection ends without an answer.
    Drops,
    /// `html`: a page in place of an object.
    Html,
    /// `no-path-style`: the bucket is wanted in the host.
    NoPathStyle,
    /// `clock-off`: the clock is wrong.
    ClockOff,
    /// `eventual`: objects are shown late.
    Eventual,
    /// `bucket-deleted`: there is no bucket.
    BucketDeleted,
    /// `policy-removed`: buckets have no policy.
    PolicyRemoved,
    /// `keys-revoked`: no key is known.
    KeysRevoked,
    /// `hides-missing`: what is not there seems forbidden.
    HidesMissing,
}

/// A fault as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3FaultInfo {
    /// Which it is.
    pub kind: S3FaultKind,
    /// The name, which stands before the colon.
    pub name: &'static str,
    /// What stands behind the colon, and the value if nothing does.
    pub argument: Option<(&'static str, i64)>,
    /// The least and the largest argument.
    pub(super) range: (i64, i64),
    /// What the service does.
    pub meaning: &'static str,
}

const fn plain(kind: S3FaultKind, name: &'static str, meaning: &'static str) -> S3FaultInfo {
    S3FaultInfo {
        kind,
        name,
        argument: None,
        range: (0, 0),
        meaning,
    }
}

const fn with_argument(
    kind: S3FaultKind,
    name: &'static str,
    argument: (&'static str, i64),
    range: (i64, i64),
    meaning: &'static str,
) -> S3FaultInfo {
    S3FaultInfo {
        kind,
        name,
        argument: Some(argument),
        range,
        meaning,
    }
}

static FAULTS: [S3FaultInfo; 14] = [
    plain(S3FaultKind::Forbidden, "403", "Answers AccessDenied"),
    plain(
        S3FaultKind::WrongRegion,
        "wrong-region",
        "Answers 301 PermanentRedirect, as if the bucket were in eu-south-2",
    ),
    with_argument(
        S3FaultKind::Status,
        "status",
        ("CODE", 500),
        (500, 599),
        "Answers this status: 503 is SlowDown, others are InternalError",
    ),
    with_argument(
        S3FaultKind::Slow,
        "slow",
        ("MS", 1_000),
        (1, S3_DELAY_MS_MAX),
        "Does what it is asked for and answers so much later",
    ),
    plain(
        S3FaultKind::CutShort,
        "cut-short",
        "Does what it is asked for and sends half of the answer's body",
    ),
    plain(
        S3FaultKind::Drops,
        "drops",
        "Does what it is asked for and ends the connection without an answer",
    ),
    plain(
        S3FaultKind::Html,
        "html",
        "Answers 200 with a page, as a proxy that wants a login does, and does nothing",
    ),
    plain(
        S3FaultKind::NoPathStyle,
        "no-path-style",
        "Answers 403 SecondLevelDomainForbidden, as a service that wants the bucket in the host does",
    ),
    with_argument(
        S3FaultKind::ClockOff,
        "clock-off",
        ("SECONDS", 1_200),
        (-CLOCK_AHEAD_SECONDS_MAX, CLOCK_AHEAD_SECONDS_MAX),
        "Has a clock that is so far ahead (behind, if negative), in Date and where signatures are verified",
    ),
    with_argument(
        S3FaultKind::Eventual,
        "eventual",
        ("MS", 1_000),
        (1, S3_DELAY_MS_MAX),
        "Shows an object so long after it was written",
    ),
    plain(
        S3FaultKind::BucketDeleted,
        "bucket-deleted",
        "Answers NoSuchBucket; the bucket is back when the fault goes",
    ),
    plain(
        S3FaultKind::PolicyRemoved,
        "policy-removed",
        "Has forgotten the policies of buckets; they are back when the fault goes",
    ),
    plain(
        S3FaultKind::KeysRevoked,
        "keys-revoked",
        "Knows no access key; they are back when the fault goes",
    ),
    plain(
        S3FaultKind::HidesMissing,
        "hides-missing",
        "Answers 403 in place of 404 to whoever may not list the bucket, as AWS does",
    ),
];

impl S3FaultKind {
    /// Every fault.
    pub fn list() -> &'static [S3FaultInfo] {
        &FAULTS
    }

    /// Whether it decides the answer, so that only one of its sort can happen with a request; the others all hold.
    pub(super) fn is_answer(self) -> bool {
        !matches!(
            self,
            Self::Slow
                | Self::ClockOff
                | Self::Eventual
                | Self::PolicyRemoved
                | Self::KeysRevoked
                | Self::HidesMissing
        )
    }
}
