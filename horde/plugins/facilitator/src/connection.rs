//! The connection to the facilitator: when it is opened, and how long a lost one is waited with.
//!
//! ```text
//! Pausing -> Connecting -> Authenticating -> Up
//!    ^           |               |            |
//!    +---------- lost, or refused ------------+
//! ```

use serde::{Deserialize, Serialize};

/// Longest pause after a first loss, in milliseconds: a job that comes meanwhile is lost, since the facilitator sends it once.
const FIRST_PAUSE_MS: u64 = 250;
/// Longest pause after a second loss, in milliseconds; it doubles with each further one.
const PAUSE_MS: u64 = 1_000;
/// Longest pause of a facilitator that is there, but loses each connection, in milliseconds.
const PAUSE_THERE_MS_MAX: u64 = 10_000;
/// Longest pause of a facilitator that is not there, in milliseconds. When it is back, its validators are within a minute.
const PAUSE_ABSENT_MS_MAX: u64 = 60_000;
/// Pause after a first refusal, in milliseconds: another attempt is refused, too, until somebody has changed something.
const REFUSAL_PAUSE_MS: u64 = 30_000;
/// Longest pause after a refusal, in milliseconds.
const REFUSAL_PAUSE_MS_MAX: u64 = 600_000;
/// A connection that was up for so long makes up for earlier losses, in milliseconds: as long as an answer may take, so that one
/// that does not come costs no pause.
pub(crate) const STABLE_MS: u64 = 10_000;
/// Codes with which the facilitator closes the connection of a validator that it does not take (section 2.6).
const REFUSAL_CODES: [u16; 2] = [3000, 3001];
/// Failed attempts from which on the facilitator counts as unreachable: the first one follows each short loss.
const UNREACHABLE_COUNT_MIN: u32 = 2;

/// State of the connection.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// The next attempt comes at this time.
    Pausing {
        /// In Unix milliseconds.
        until_ms: u64,
    },
    /// The host opens a connection.
    Connecting,
    /// The handshake is complete, and the authentication sent.
    Authenticating,
    /// The facilitator has taken the authentication.
    Up,
}

impl State {
    /// One word for the state.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pausing { .. } => "pausing",
            Self::Connecting => "connecting",
            Self::Authenticating => "authenticating",
            Self::Up => "up",
        }
    }
}

/// Cause of the end of the last connections, none of which was stable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// The facilitator does not take the authentication.
    Refused,
    /// Connections do not come about, or break.
    Unreachable,
}

/// The connection to the facilitator.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Connection {
    state: State,
    /// Since when, in Unix milliseconds; 0 before the first attempt.
    since_ms: u64,
    /// Number of the run, which its connections have in their tags, unlike those of earlier runs.
    session: u64,
    /// Connections opened so far.
    opened: u64,
    /// The facilitator has refused the authentication on the last connection that has ended.
    is_refused: bool,
    /// Losses since a connection was stable.
    losses: u32,
    /// Refusals since a connection was stable.
    refusals: u32,
    /// Why the last connection ended.
    pub(crate) last_error: Option<String>,
}

impl Connection {
    /// One that is to be opened at once.
    pub(crate) fn new(session: u64) -> Self {
        Self {
            state: State::Pausing { until_ms: 0 },
            since_ms: 0,
            session,
            opened: 0,
            is_refused: false,
            losses: 0,
            refusals: 0,
            last_error: None,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn since_ms(&self) -> u64 {
        self.since_ms
    }

    pub(crate) fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// Tag of the present connection. Connections of an instance that is gone have others.
    pub(crate) fn tag(&self) -> String {
        format!("{:016x}/{}", self.session, self.opened)
    }

    /// Whether this is the tag of the present connection.
    pub(crate) fn is_current(&self, tag: &str) -> bool {
        !matches!(self.state, State::Pausing { .. }) && self.tag() == tag
    }

    /// Another connection is being opened; [`Connection::tag`] is its tag.
    pub(crate) fn open(&mut self, now_ms: u64) {
        self.opened += 1;
        self.enter(State::Connecting, now_ms);
    }

    /// Another facilitator is meant from now on: what became of connections to the one before says nothing of it. Tags go on.
    pub(crate) fn renew(&mut self) {
        *self = Self {
            opened: self.opened,
            ..Self::new(self.session)
        };
    }

    /// Whether a connection was ever opened.
    pub(crate) fn was_opened(&self) -> bool {
        self.opened > 0
    }

    pub(crate) fn authenticate(&mut self, now_ms: u64) {
        self.enter(State::Authenticating, now_ms);
    }

    pub(crate) fn come_up(&mut self, now_ms: u64) {
        self.enter(State::Up, now_ms);
    }

    /// Whether the connection makes up for earlier losses.
    pub(crate) fn is_stable(&self, now_ms: u64) -> bool {
        self.is_up() && now_ms.saturating_sub(self.since_ms) >= STABLE_MS
    }

    /// Why there is no lasting connection. The trouble is over when a connection is stable, not when one is up: with a facilitator that
    /// takes each connection and ends it at once it would come and go.
    pub(crate) fn trouble(&self, now_ms: u64) -> Option<Trouble> {
        if self.is_stable(now_ms) {
            return None;
        }
        let failures = self.losses.saturating_add(self.refusals);
        match self.is_refused {
            true => Some(Trouble::Refused),
            false => (failures >= UNREACHABLE_COUNT_MIN).then_some(Trouble::Unreachable),
        }
    }

    /// The connection has ended or did not come about. One that was refused has a long pause. Returns when the next attempt comes, in
    /// Unix milliseconds; `draw` in `[0, 1)` spreads the validators that have lost the same facilitator.
    pub(crate) fn lose(&mut self, now_ms: u64, is_refused: bool, reason: String, draw: f64) -> u64 {
        let was_up = self.is_up();
        if self.is_stable(now_ms) {
            self.losses = 0;
            self.refusals = 0;
        }
        self.is_refused = is_refused;
        let pause_ms = if is_refused {
            self.refusals = self.refusals.saturating_add(1);
            pause_ms(REFUSAL_PAUSE_MS, REFUSAL_PAUSE_MS_MAX, self.refusals, draw)
        } else {
            self.losses = self.losses.saturating_add(1);
            match (self.losses, was_up) {
                (1, _) => (FIRST_PAUSE_MS as f64 * draw) as u64,
                (losses, true) => pause_ms(PAUSE_MS, PAUSE_THERE_MS_MAX, losses - 1, draw),
                (losses, false) => pause_ms(PAUSE_MS, PAUSE_ABSENT_MS_MAX, losses - 1, draw),
            }
        };
        let until_ms = now_ms + pause_ms;
        self.last_error = Some(reason);
        self.enter(State::Pausing { until_ms }, now_ms);
        until_ms
    }

    fn enter(&mut self, state: State, now_ms: u64) {
        self.state = state;
        self.since_ms = now_ms;
    }
}

/// Whether a connection that ends with this code was refused.
pub(crate) fn is_refusal(code: Option<u16>) -> bool {
    code.is_some_and(|code| REFUSAL_CODES.contains(&code))
}

/// The pause after failure `count`, of which the half is drawn.
fn pause_ms(first_ms: u64, max_ms: u64, count: u32, draw: f64) -> u64 {
    let doublings = count.saturating_sub(1).min(16);
    let whole = max_ms.min(first_ms << doublings);
    whole / 2 + ((whole / 2) as f64 * draw) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lose(connection: &mut Connection, now_ms: u64, code: Option<u16>) -> u64 {
        connection.open(now_ms);
        connection.authenticate(now_ms);
        connection.lose(now_ms, is_refusal(code), "gone".to_owned(), 0.5) - now_ms
    }

    #[test]
    fn pauses_grow_to_a_bound() {
        let mut connection = Connection::new(7);
        let pauses: Vec<_> = (0..9).map(|_| lose(&mut connection, 0, None)).collect();
        assert_eq!(pauses[..5], [125, 750, 1_500, 3_000, 6_000]);
        assert_eq!(pauses[7..], [45_000, 45_000]);
        // 1011 says that the facilitator has failed, not that it refuses.
        assert_eq!(lose(&mut connection, 0, Some(1011)), 45_000);
        // One that is there may have jobs.
        connection.open(0);
        connection.come_up(0);
        assert_eq!(connection.lose(0, false, String::new(), 0.5), 7_500);
    }

    #[test]
    fn refusals_pause_longer_than_losses() {
        for code in [3000, 3001] {
            let mut connection = Connection::new(7);
            assert_eq!(lose(&mut connection, 0, Some(code)), 22_500);
            assert_eq!(lose(&mut connection, 0, Some(code)), 45_000);
            let last = (0..9).map(|_| lose(&mut connection, 0, Some(code))).last();
            assert_eq!(last, Some(450_000));
        }
        let mut connection = Connection::new(7);
        connection.open(0);
        assert_eq!(connection.lose(0, true, String::new(), 0.0), 15_000);
        // The next connection is not refused because the last one was.
        assert_eq!(lose(&mut connection, 0, None), 125);
    }

    #[test]
    fn stable_connection_makes_up_for_losses() {
        let mut connection = Connection::new(7);
        for _ in 0..9 {
            lose(&mut connection, 0, None);
        }
        connection.open(0);
        connection.come_up(0);
        let soon = STABLE_MS - 1;
        assert_eq!(
            connection.lose(soon, false, String::new(), 0.5),
            soon + 7_500
        );
        connection.open(0);
        connection.come_up(0);
        let later = STABLE_MS;
        assert_eq!(
            connection.lose(later, false, String::new(), 0.5),
            later + 125
        );
    }

    #[test]
    fn tags_are_of_one_connection_each() {
        let mut connection = Connection::new(7);
        assert!(!connection.is_current("0000000000000007/0"));
        connection.open(0);
        assert!(connection.is_current("0000000000000007/1"));
        lose(&mut connection, 0, None);
        assert!(!connection.is_current("0000000000000007/2"));
    }

    proptest! {
        #[test]
        fn only_the_first_pause_is_short(
            codes in prop::collection::vec(prop::option::of(999_u16..3_010), 1..40),
            draw in 0.0..1.0_f64,
        ) {
            let mut connection = Connection::new(7);
            let mut short_count = 0;
            for code in codes {
                connection.open(0);
                connection.come_up(0);
                let pause_ms = connection.lose(STABLE_MS - 1, is_refusal(code), String::new(), draw);
                let pause_ms = pause_ms + 1 - STABLE_MS;
                short_count += usize::from(pause_ms < PAUSE_MS / 2);
                prop_assert!(pause_ms <= REFUSAL_PAUSE_MS_MAX);
            }
            prop_assert!(short_count <= 1);
        }
    }
}
