//! Conditions of the chain service, for operators. Pure.
//!
//! Reasons as the service words them can change with each answer. Texts name the cause instead; the words are in `GET /horde/chain`.

use horde_events::ChainCondition;
use horde_extension::shown;
use tig_plugin_api::prelude::*;

use crate::fault::Cause;
use crate::watch::Watch;

/// Failures in a row from which on the service counts as away, if they have lasted: one alone happens on any day.
const FAILURES_COUNT_MIN: u32 = 2;

/// How long a trouble lasts before it is reported: two blocks and a half, which is less than the window of a slot.
const LASTING_MS: u64 = 30_000;

const DETAILS: &str = "`GET /horde/chain` shows the last error";

/// Requests that have failed in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failing {
    /// Of the last one.
    cause: Cause,
    first_ms: u64,
    last_ms: u64,
    /// Since when no neurons are wanted.
    unwanted_since_ms: Option<u64>,
}

impl Failing {
    /// One more failure after those `before`.
    pub(crate) fn new(before: Option<Self>, cause: Cause, now_ms: u64) -> Self {
        Self {
            cause,
            first_ms: before.map_or(now_ms, |before| before.first_ms),
            last_ms: now_ms,
            unwanted_since_ms: None,
        }
    }

    /// The failures, unless no neurons are wanted any more. A want that expires often comes again with the next block: a short
    /// time without wants must not end the condition.
    pub(crate) fn while_wanted(self, is_wanted: bool, now_ms: u64) -> Option<Self> {
        if is_wanted {
            return Some(Self {
                unwanted_since_ms: None,
                ..self
            });
        }
        let since_ms = self.unwanted_since_ms.unwrap_or(now_ms);
        (now_ms.saturating_sub(since_ms) < LASTING_MS).then_some(Self {
            unwanted_since_ms: Some(since_ms),
            ..self
        })
    }

    /// By the failures alone: the time after the last one, in which nothing is asked for, does not count.
    fn is_lasting(self) -> bool {
        self.last_ms.saturating_sub(self.first_ms) >= LASTING_MS
    }
}

/// What conditions are made of.
pub(crate) struct View<'a> {
    pub(crate) url: &'a str,
    pub(crate) watch: &'a Watch,
    /// Why the last request for the newest block has failed, if this instance has seen it.
    pub(crate) poll_cause: Option<Cause>,
    /// Requests for neurons.
    pub(crate) neurons: Option<Failing>,
    pub(crate) now_ms: u64,
}

/// The condition of requests for neurons. Without a chain there are no neurons either: then that of the service names the cause.
pub(crate) fn of_neurons(view: &View<'_>) -> Option<Condition> {
    let lasting = view.neurons.filter(|failing| failing.is_lasting())?;
    Some(neurons_unreadable(view.url, lasting.cause))
}

/// The condition of the service as a whole.
pub(crate) fn of_watch(view: &View<'_>) -> Option<Condition> {
    let state = view.watch.state.as_ref()?;
    let is_lasting = view.now_ms.saturating_sub(state.since_ms) >= LASTING_MS;
    match &state.condition {
        ChainCondition::Following => None,
        // The watch has waited for `stall_ms`.
        ChainCondition::StandsStill { block } => Some(stands_still(view.url, *block)),
        ChainCondition::Unreachable { .. } => {
            // From failure to failure: a poll that is about to succeed must not find an old one to be lasting.
            let last_ms = view.watch.last_failure_ms.unwrap_or(view.now_ms);
            let is_lasting = last_ms.saturating_sub(state.since_ms) >= LASTING_MS;
            let is_away = is_lasting && view.watch.failures >= FAILURES_COUNT_MIN;
            is_away.then(|| unreachable(view.url, view.poll_cause))
        }
        // The next block ends most contradictions: a short fork stops nothing.
        ChainCondition::Contradicts { .. } => {
            is_lasting.then(|| contradicts(view.url, view.watch.has_two_hashes()))
        }
    }
}

fn unreachable(url: &str, cause: Option<Cause>) -> Condition {
    let what = cause.map_or_else(|| "does not answer as it should".to_owned(), what);
    let text = format!(
        "the chain service at {} {what}: there are no new blocks, so no batch begins and no weights are set",
        shown(url)
    );
    let remedy = cause.map_or_else(|| DETAILS.to_owned(), remedy);
    Condition::new("chain_unreachable", Severity::Critical, text).with_remedy(remedy)
}

fn stands_still(url: &str, block: u32) -> Condition {
    let text = format!(
        "the chain service at {} shows no block above {block} for longer than `stall_ms`: no batch begins and no weights are set",
        shown(url)
    );
    Condition::new("chain_stands_still", Severity::Critical, text).with_remedy(
        "compare the block with an explorer of the chain; if it goes on there, look at the log of the service: its node may have lost the network",
    )
}

fn contradicts(url: &str, has_two_hashes: bool) -> Condition {
    let (what, remedy) = if has_two_hashes {
        (
            "has named two hashes for one block and no new block since",
            "ask one service with one node, and look at its log; `GET /horde/chain` shows both hashes",
        )
    } else {
        (
            "has gone back below a block that it has named before",
            "ask one service with one node, and let it catch up; if the chain was begun afresh, begin with an empty store (`backup_folder`)",
        )
    };
    let text = format!(
        "the chain service at {} {what}: nothing is decided until a newer one comes",
        shown(url)
    );
    Condition::new("chain_contradicts", Severity::Critical, text).with_remedy(remedy)
}

fn neurons_unreadable(url: &str, cause: Cause) -> Condition {
    let text = format!(
        "no neurons can be read: asked for them, the chain service at {} {}; a batch whose miners or validators are not known is missed",
        shown(url),
        what(cause)
    );
    Condition::new("neurons_unreadable", Severity::Warning, text).with_remedy(remedy(cause))
}

/// What the service does, behind its name.
fn what(cause: Cause) -> String {
    let what = match cause {
        Cause::Connect => "cannot be connected to",
        Cause::Timeout => "does not answer in time",
        Cause::RateLimited => "is not asked, since the host's limit of requests is reached",
        Cause::TooLarge => "sends answers that are too large",
        Cause::Broken => "does not complete its answers",
        Cause::Unreadable => "sends answers that cannot be used",
        Cause::Status(status) => return format!("answers with status {status}"),
    };
    what.to_owned()
}

fn remedy(cause: Cause) -> String {
    let remedy = match cause {
        Cause::Connect => {
            "start the service, or correct `config.horde_chain.url`; then firewall and name service"
        }
        Cause::Timeout | Cause::Broken => {
            "look at the log of the service and the network to it; a slow one needs a larger `config.horde_chain.timeout_ms`"
        }
        Cause::RateLimited | Cause::Status(429) => {
            "raise `config.horde_chain.poll_ms`, or the limits: `http.gets_per_minute` of the config, or those of the service"
        }
        Cause::Status(401 | 403) => {
            "check that `api_key_file` has the token of `config.horde_chain.identity`"
        }
        Cause::Status(404) => "check `config.horde_chain`: `url`, `identity` and `netuid`",
        Cause::Status(_) => "look at the log of the service",
        Cause::TooLarge | Cause::Unreadable => {
            "check `config.horde_chain.url`: a proxy or login page may answer for the service; an old service needs a newer version"
        }
    };
    format!("{remedy}; {DETAILS}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAUSES: [Cause; 11] = [
        Cause::Connect,
        Cause::Timeout,
        Cause::RateLimited,
        Cause::TooLarge,
        Cause::Broken,
        Cause::Unreadable,
        Cause::Status(401),
        Cause::Status(403),
        Cause::Status(404),
        Cause::Status(429),
        Cause::Status(503),
    ];

    /// Conditions after polls that have failed at these times.
    fn after_failures(times_ms: &[u64], now_ms: u64) -> Vec<Condition> {
        let mut watch = Watch::default();
        for time_ms in times_ms {
            watch.fail("reason".to_owned(), *time_ms);
        }
        let condition = of_watch(&View {
            url: "http://pylon",
            watch: &watch,
            poll_cause: None,
            neurons: None,
            now_ms,
        });
        condition.into_iter().collect()
    }

    #[test]
    fn failures_count_by_number_and_time() {
        let late_ms = 10 * LASTING_MS;
        for (times_ms, expected) in [
            (&[][..], 0),
            (&[0], 0),
            (&[0, LASTING_MS - 1], 0),
            (&[0, 20, 40, 60, LASTING_MS - 1], 0),
            (&[0, LASTING_MS], 1),
            (&[0, 20, 40, LASTING_MS], 1),
        ] {
            let conditions = after_failures(times_ms, late_ms);
            assert_eq!(conditions.len(), expected, "{times_ms:?}");
        }
    }

    #[test]
    fn failures_of_neurons_end_if_long_unwanted() {
        let failing = Failing::new(None, Cause::Connect, 0);
        let since_ms = 7;
        let unwanted = failing.while_wanted(false, since_ms).unwrap();
        let end_ms = since_ms + LASTING_MS;
        assert!(unwanted.while_wanted(false, end_ms - 1).is_some());
        assert!(unwanted.while_wanted(false, end_ms).is_none());
        let wanted = unwanted.while_wanted(true, end_ms - 1).unwrap();
        assert!(wanted.while_wanted(false, end_ms).is_some());
    }

    #[test]
    fn failures_of_neurons_last_by_their_times() {
        let once = Failing::new(None, Cause::Connect, 5);
        let soon = Failing::new(Some(once), Cause::Connect, 4 + LASTING_MS);
        let later = Failing::new(Some(soon), Cause::Timeout, 5 + LASTING_MS);
        assert!(!once.is_lasting() && !soon.is_lasting() && later.is_lasting());
        assert_eq!(later.cause, Cause::Timeout);
    }

    #[test]
    fn causes_have_words_that_differ() {
        let whats: Vec<_> = CAUSES.into_iter().map(what).collect();
        for (place, one) in whats.iter().enumerate() {
            assert!(!whats[..place].contains(one), "{one}");
        }
        for cause in CAUSES {
            let condition = neurons_unreadable("http://pylon", cause);
            assert!(condition.remedy.ends_with(DETAILS), "{condition:?}");
        }
    }

    #[test]
    fn longest_url_leaves_room_for_the_text() {
        let url = format!("http://{}", "x".repeat(1_017));
        let conditions = [
            unreachable(&url, Some(Cause::RateLimited)),
            stands_still(&url, u32::MAX),
            contradicts(&url, true),
            contradicts(&url, false),
            neurons_unreadable(&url, Cause::RateLimited),
        ];
        for condition in conditions {
            let length = condition.text.len();
            assert!(length <= tig_plugin_api::CONDITION_TEXT_BYTES_MAX);
        }
    }
}
