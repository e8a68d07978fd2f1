//! Bounds and sums over many calls.

use super::super::samples::{Made, compared, done, emitted, sent};
use super::*;
use tig_plugin_api::Method;

fn add(consequences: &mut Consequences, number: u64, recorded: &Made, replayed: &Made) {
    let compared = compared("x", number, "e", recorded, replayed);
    let is_same = super::super::compared::is_same(compared.recorded, compared.replayed);
    consequences.add(&compared, is_same);
}

#[test]
fn events_are_counted_and_summed_on_each_side() {
    let mut consequences = Consequences::default();
    let fee = |fee: &str| done([emitted("paid", &format!(r#"{{"fee":"{fee}"}}"#))]);
    add(&mut consequences, 1, &fee("0.5"), &fee("0.5"));
    add(&mut consequences, 2, &fee("0.5"), &fee("2"));
    add(&mut consequences, 3, &fee("0.5"), &done([]));
    let event = &consequences.events["paid"];
    assert_eq!(
        event.count,
        Sides {
            recorded: 3,
            replayed: 2
        }
    );
    let numbers = event.fields["fee"].numbers.as_ref().unwrap();
    let sums = numbers.tallies.map(|tally| tally.sum);
    assert_eq!((sums.recorded, sums.replayed), (1.5, 2.5));
    let points = numbers.series.points();
    assert_eq!(points.len(), 3);
    assert_eq!(points[2].sums, sums);
    assert!(consequences.differ());
}

#[test]
fn same_decisions_have_no_consequences() {
    let mut consequences = Consequences::default();
    for number in 0..50 {
        let payload = format!(r#"{{"id":"i{number}","fee":{number}.1,"at":[{number},1]}}"#);
        let steps = [
            emitted("paid", &payload),
            sent(Method::Get, "http://a/b", ""),
        ];
        let made = done(steps);
        add(&mut consequences, number, &made, &made);
    }
    assert!(!consequences.differ());
    let once = Sides {
        recorded: 1,
        replayed: 1,
    };
    let ids = consequences.events["paid"].fields["id"].values.as_ref();
    assert!(ids.unwrap().all().all(|(_, counts)| counts == once));
}

#[test]
fn effects_of_failed_calls_do_not_count() {
    let mut consequences = Consequences::default();
    let failed = (
        super::super::samples::failed("no"),
        vec![emitted("paid", "1")],
    );
    add(&mut consequences, 1, &failed, &failed);
    add(&mut consequences, 2, &done([]), &failed);
    assert!(consequences.events.is_empty());
}

#[test]
fn memory_is_bounded_for_distinct_values() {
    let mut consequences = Consequences::default();
    for number in 0..100_000u64 {
        let payload = format!(
            r#"{{"id":"i{number}","k{}":{number},"at":[{number},{}]}}"#,
            number % 7_000,
            number + 1
        );
        let one = done([
            emitted(&format!("e{}", number % 3), &payload),
            emitted(&format!("n{number}"), "1"),
            sent(Method::Get, &format!("http://a/{number}?x"), ""),
        ]);
        let other = done([one.1[0].clone()]);
        add(&mut consequences, number * 1_000, &one, &other);
    }
    assert_eq!(consequences.events.len(), EVENT_NAMES_COUNT_MAX);
    assert_eq!(consequences.requests.len(), ADDRESSES_COUNT_MAX);
    let fields = consequences.events.values().map(|event| event.fields.len());
    assert_eq!(fields.sum::<usize>(), consequences.fields_count);
    assert!(consequences.fields_count <= FIELDS_COUNT_MAX);
    let counted: u64 = consequences
        .events
        .values()
        .map(|event| event.count.recorded)
        .sum();
    assert_eq!(counted + consequences.further_events.recorded, 200_000);
    let event = &consequences.events["e0"];
    assert_eq!(event.fields.len(), EVENT_FIELDS_COUNT_MAX);
    assert!(event.has_further_fields);
    let kept = |count: usize| assert_eq!(count, values::VALUES_KEPT_COUNT_MAX);
    kept(event.fields["id"].values.as_ref().unwrap().all().count());
    let pairs = event.fields["at"].pairs.as_ref().unwrap();
    kept(pairs.all().count());
    let counted: u64 = pairs.all().map(|(_, counts)| counts.recorded).sum();
    assert_eq!(counted + pairs.others.recorded, event.count.recorded);
    assert!(event.series.points().len() <= series::SERIES_STEPS_COUNT_MAX);
}

#[test]
fn long_and_malformed_bodies_are_counted_unread() {
    let mut consequences = Consequences::default();
    let long = format!("[{}]", "1,".repeat(PAYLOAD_BYTES_MAX));
    let made = done([emitted("e", &long), emitted("e", "{"), emitted("e", "1")]);
    add(&mut consequences, 1, &made, &made);
    let event = &consequences.events["e"];
    assert_eq!((event.count.recorded, event.unread.recorded), (3, 2));
}

#[test]
fn addresses_have_neither_query_nor_password() {
    for (url, shown) in [
        ("https://a.b/c/d?key=1#x", "GET https://a.b/c/d"),
        ("http://user:pass@a.b:1/c@d", "GET http://a.b:1/c@d"),
        ("a.b", "GET a.b"),
        ("", "GET "),
    ] {
        assert_eq!(address("GET", url), shown);
    }
}
