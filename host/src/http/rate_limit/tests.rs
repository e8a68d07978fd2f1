//! Requests in virtual time.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tig_plugin_api::Rates;

use super::*;
use crate::config::ConfiguredRates;

const MINUTE: Duration = Duration::from_secs(60);

const PRIORITIES: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

const METHODS: [Method; 5] = [
    Method::Get,
    Method::Post,
    Method::Put,
    Method::Head,
    Method::Delete,
];

fn limiter(per_minute: u32) -> RateLimiter {
    RateLimiter::new(table(per_minute, 1))
}

fn table(gets_per_minute: u32, posts_per_minute: u32) -> RateTable {
    RateTable::same(Rates {
        gets_per_minute,
        posts_per_minute,
    })
}

/// Sends a request that cannot wait; `true` if it goes.
fn goes(limiter: &mut RateLimiter, host: &str, method: Method, now: Instant) -> bool {
    limiter.enter(host, method, Priority::Normal, Duration::ZERO, now) == Ok(Go::Now)
}

/// The requests of a run, and what became of them.
#[derive(Default)]
struct Sent {
    /// Time of arrival, time of the turn, priority.
    all: Vec<(Instant, Instant, Priority)>,
    refused: Vec<(Priority, Refusal)>,
}

impl Sent {
    /// Number of requests of `priorities` that went in the minute that ends at `moment`.
    fn in_minute(&self, moment: Instant, priorities: &[Priority]) -> usize {
        let is_in = |went: Instant| went <= moment && went + MINUTE > moment;
        let of_it = self.all.iter();
        of_it
            .filter(|(_, went, priority)| is_in(*went) && priorities.contains(priority))
            .count()
    }
}

/// Lets each request arrive after its pause, and asks for its turn whenever it may have come, until all have gone.
fn run(per_minute: u32, requests: &[(u64, Priority)], patience: Duration) -> Sent {
    let mut limiter = limiter(per_minute);
    let (mut now, mut sent) = (Instant::now(), Sent::default());
    let mut waiting: Vec<(Ticket, Instant)> = Vec::new();
    // `GET` and `HEAD` share their rate.
    let methods = [Method::Get, Method::Head].into_iter().cycle();
    for ((pause_ms, priority), method) in requests.iter().zip(methods) {
        let comes = now + Duration::from_millis(*pause_ms);
        pass(&mut limiter, &mut waiting, &mut now, comes, &mut sent);
        match limiter.enter("a", method, *priority, patience, now) {
            Ok(Go::Now) => sent.all.push((now, now, *priority)),
            Ok(Go::Later(ticket)) => waiting.push((ticket, now)),
            Err(refusal) => sent.refused.push((*priority, refusal)),
        }
    }
    let end = now + patience + MINUTE;
    pass(&mut limiter, &mut waiting, &mut now, end, &mut sent);
    assert!(waiting.is_empty(), "{waiting:?} neither went nor failed");
    sent
}

/// Advances time to `end`; waiting requests ask in the order of their arrival, whatever their priority.
fn pass(
    limiter: &mut RateLimiter,
    waiting: &mut Vec<(Ticket, Instant)>,
    now: &mut Instant,
    end: Instant,
    sent: &mut Sent,
) {
    loop {
        let mut next = end;
        for (ticket, came) in std::mem::take(waiting) {
            let priority = ticket.place.priority;
            match limiter.turn(ticket, *now) {
                Ok(Go::Now) => sent.all.push((came, *now, priority)),
                Ok(Go::Later(ticket)) => {
                    next = next.min(ticket.not_before());
                    waiting.push((ticket, came));
                }
                Err(refusal) => sent.refused.push((priority, refusal)),
            }
        }
        if *now == end {
            return;
        }
        *now = next;
    }
}

fn requests() -> impl Strategy<Value = Vec<(u64, Priority)>> {
    let request = (0_u64..20_000, prop::sample::select(&PRIORITIES));
    prop::collection::vec(request, 1..60)
}

proptest! {
    #[test]
    fn no_minute_sees_more_than_the_limit(limit in 1_u32..12, requests in requests()) {
        let sent = run(limit, &requests, MINUTE);
        for (_, went, _) in &sent.all {
            prop_assert!(sent.in_minute(*went, &PRIORITIES) <= limit as usize);
            let low = sent.in_minute(*went, &[Priority::Low]);
            prop_assert!(low <= allowed(limit, Priority::Low) as usize);
        }
    }

    /// A waiting request is overtaken neither by a less urgent one, nor by a later one of the same priority.
    #[test]
    fn less_urgent_requests_overtake_none(limit in 1_u32..12, requests in requests()) {
        let sent = run(limit, &requests, MINUTE * 100);
        for (came, went, priority) in &sent.all {
            let overtaken = sent.all.iter().any(|(other_came, other_went, other)| {
                let waited = other_came < came && other_went > went;
                waited && other <= priority
            });
            prop_assert!(!overtaken);
        }
    }

    /// While urgent requests alone keep to two thirds of the limit, each goes at once, however many others come.
    #[test]
    fn low_requests_never_delay_urgent_ones(limit in 3_u32..30, requests in requests(), flood in 1_usize..20) {
        let mut urgent = Vec::new();
        let mut at_ms = 0;
        let mut flooded = Vec::new();
        for (pause_ms, priority) in requests {
            at_ms += pause_ms;
            let in_minute = urgent.iter().filter(|came| **came + 60_000 > at_ms).count();
            let is_low = priority == Priority::Low
                || in_minute >= (limit - allowed(limit, Priority::Low)) as usize;
            if is_low {
                flooded.push((pause_ms, Priority::Low));
                flooded.extend(std::iter::repeat_n((0, Priority::Low), flood));
            } else {
                urgent.push(at_ms);
                flooded.push((pause_ms, priority));
            }
        }
        let sent = run(limit, &flooded, Duration::ZERO);
        prop_assert!(sent.refused.iter().all(|(priority, _)| *priority == Priority::Low));
        let went = sent.all.iter().filter(|(.., priority)| *priority != Priority::Low);
        prop_assert_eq!(went.clone().count(), urgent.len());
        for (came, went, _) in went {
            prop_assert_eq!(came, went);
        }
    }

    /// Only `a` has a rate; requests cannot wait.
    #[test]
    fn hosts_without_a_rate_are_never_delayed(
        limit in 1_u32..6,
        requests in prop::collection::vec(
            (0_u64..20_000, any::<bool>(), prop::sample::select(&METHODS), prop::sample::select(&PRIORITIES)),
            1..60,
        ),
    ) {
        let rates = Rates { gets_per_minute: limit, posts_per_minute: limit };
        let of_a = BTreeMap::from([("a".to_owned(), rates.into())]);
        let mut limiter = RateLimiter::new(RateTable::configured(ConfiguredRates::default(), of_a));
        let mut now = Instant::now();
        let mut went: Vec<(RateClass, Instant)> = Vec::new();
        for (pause_ms, is_limited, method, priority) in requests {
            now += Duration::from_millis(pause_ms);
            let host = if is_limited { "a" } else { "b" };
            let goes = limiter.enter(host, method, priority, Duration::ZERO, now) == Ok(Go::Now);
            if !is_limited {
                prop_assert!(goes);
                continue;
            }
            let class = RateClass::from_method(method);
            let in_minute = |(other, at): &&(RateClass, Instant)| *other == class && *at + MINUTE > now;
            let count = went.iter().filter(in_minute).count();
            prop_assert!(count <= limit as usize);
            if goes {
                prop_assert!(count < limit as usize);
                went.push((class, now));
            } else if priority != Priority::Low {
                prop_assert_eq!(count, limit as usize);
            }
        }
    }

    #[test]
    fn no_request_waits_longer_than_it_must(
        limit in 1_u32..6,
        pauses_ms in prop::collection::vec(0_u64..30_000, 1..60),
    ) {
        let requests: Vec<_> = pauses_ms.iter().map(|pause| (*pause, Priority::Normal)).collect();
        let sent = run(limit, &requests, MINUTE);
        for (came, went, _) in sent.all.iter().filter(|(came, went, _)| went > came) {
            let just_before = *went - Duration::from_nanos(1);
            let before = sent.in_minute(just_before, &PRIORITIES);
            prop_assert!(before >= limit as usize, "{came:?} could have gone earlier than {went:?}");
        }
    }
}

#[test]
fn hosts_and_classes_do_not_wait_for_each_other() {
    let (mut limiter, now) = (limiter(1), Instant::now());
    for (host, method) in [("a", Method::Get), ("a", Method::Post), ("b", Method::Get)] {
        assert!(goes(&mut limiter, host, method, now));
        assert!(!goes(&mut limiter, host, method, now));
    }
}

#[test]
fn reads_share_a_rate_and_so_do_writes() {
    let mut limiter = RateLimiter::new(table(2, 3));
    let now = Instant::now();
    for method in [Method::Head, Method::Get] {
        assert!(goes(&mut limiter, "a", method, now), "{method:?}");
    }
    for method in [Method::Put, Method::Delete, Method::Post] {
        assert!(goes(&mut limiter, "a", method, now), "{method:?}");
    }
    for method in [Method::Head, Method::Get, Method::Put, Method::Delete] {
        assert!(!goes(&mut limiter, "a", method, now), "{method:?}");
    }
    limiter.pause("b", Method::Delete, now, MINUTE);
    assert!(!goes(&mut limiter, "b", Method::Put, now));
    assert!(goes(&mut limiter, "b", Method::Head, now));
}

#[test]
fn refused_request_takes_no_turn() {
    let (mut limiter, now) = (limiter(1), Instant::now());
    assert!(goes(&mut limiter, "a", Method::Get, now));
    let mut enter = |patience| limiter.enter("a", Method::Get, Priority::Normal, patience, now);
    let limited = Refusal::Limited {
        key: "http.gets_per_minute".to_owned(),
        per_minute: 1,
        allowed: 1,
        wait: MINUTE,
    };
    assert_eq!(enter(MINUTE / 2), Err(limited));
    let ticket = later(enter(MINUTE));
    assert_eq!(ticket.not_before(), now + MINUTE);
    assert_eq!(limiter.turn(ticket, now + MINUTE), Ok(Go::Now));
}

#[track_caller]
fn later(entered: Result<Go, Refusal>) -> Ticket {
    match entered {
        Ok(Go::Later(ticket)) => ticket,
        other => panic!("{other:?}"),
    }
}

#[test]
fn refusal_names_the_key_and_its_value() {
    let (mut limiter, now) = (limiter(9), Instant::now());
    let mut enter = || limiter.enter("a", Method::Get, Priority::Low, Duration::ZERO, now);
    for _ in 0..3 {
        assert_eq!(enter(), Ok(Go::Now));
    }
    let refusal = enter().unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "http.gets_per_minute is 9, and 3 requests like this one may go each minute: the next turn is in 60 s"
    );
    let rate_limit = RateLimit {
        allowed_per_minute: Some(3),
        wait_ms: 60_000,
    };
    assert_eq!(refusal.rate_limit(), Some(rate_limit));
}

#[test]
fn refusal_names_the_key_of_a_listed_host() {
    let of_a = ConfiguredRates {
        gets_per_minute: None,
        posts_per_minute: Some(1),
    };
    let hosts = BTreeMap::from([("https://a".to_owned(), of_a)]);
    let rates = RateTable::configured(ConfiguredRates::default(), hosts);
    let (mut limiter, now) = (RateLimiter::new(rates), Instant::now());
    assert!(goes(&mut limiter, "https://a", Method::Put, now));
    let refused = limiter.enter("https://a", Method::Post, Priority::High, MINUTE / 2, now);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "http.hosts.https://a.posts_per_minute is 1, and 1 requests like this one may go each minute: the next turn is in 60 s"
    );
}

#[test]
fn waiting_requests_are_bounded_by_priority() {
    let (mut limiter, now) = (limiter(1), Instant::now());
    let patience = MINUTE * 1_000;
    assert!(goes(&mut limiter, "a", Method::Get, now));
    for priority in [Priority::Low, Priority::High] {
        let entered = (0..2 * WAITING_MAX)
            .take_while(|_| {
                let entered = limiter.enter("a", Method::Get, priority, patience, now);
                entered.is_ok()
            })
            .count();
        assert_eq!(entered, WAITING_MAX, "{priority:?}");
        let further = limiter.enter("a", Method::Get, priority, patience, now);
        assert_eq!(further, Err(Refusal::Full));
    }
}

#[test]
fn pause_asked_for_by_a_host_is_kept() {
    for limit in [0, 60] {
        let (mut limiter, now) = (limiter(limit), Instant::now());
        limiter.pause("a", Method::Get, now, MINUTE / 2);
        limiter.pause("a", Method::Get, now, MINUTE / 4);
        let mut enter = |patience| limiter.enter("a", Method::Get, Priority::High, patience, now);
        let wait = MINUTE / 2;
        assert_eq!(enter(Duration::ZERO), Err(Refusal::Paused { wait }));
        let ticket = later(enter(MINUTE));
        assert_eq!(ticket.not_before(), now + wait);
        assert!(goes(&mut limiter, "a", Method::Post, now));
        assert_eq!(limiter.turn(ticket, now + wait), Ok(Go::Now));
        limiter.pause("b", Method::Get, now, PAUSE_MAX * 2);
        assert!(!goes(&mut limiter, "b", Method::Get, now));
        assert!(goes(&mut limiter, "b", Method::Get, now + PAUSE_MAX));
    }
}

#[test]
fn zero_means_no_limit() {
    let (mut limiter, now) = (limiter(0), Instant::now());
    assert!((0..10_000).all(|_| goes(&mut limiter, "a", Method::Get, now)));
}

#[test]
fn raised_limit_applies_to_waiting_requests() {
    let (mut limiter, now) = (limiter(1), Instant::now());
    assert!(goes(&mut limiter, "a", Method::Get, now));
    let ticket = later(limiter.enter("a", Method::Get, Priority::Low, MINUTE, now));
    limiter.set_rates(table(2, 1));
    assert_eq!(limiter.turn(ticket, now), Ok(Go::Now));
}
