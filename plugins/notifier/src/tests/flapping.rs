//! Alerts that come and go.

use super::{GROUP_MS, clear, codes, one_webhook, raise, respond, sent};

/// Raises and clears an alert so often that it flaps.
fn flap(notifier: &mut super::Tested) {
    for _ in 0..3 {
        raise(notifier, "a");
        clear(notifier, "a");
    }
}

#[test]
fn flapping_alert_is_sent_once_until_it_is_quiet() {
    let mut notifier = one_webhook();
    flap(&mut notifier);
    notifier.advance_ms(GROUP_MS);
    assert_eq!(codes(&sent(&notifier)["flapping"]), ["a"]);
    respond(&mut notifier, 200);
    for _ in 0..20 {
        flap(&mut notifier);
        notifier.advance_ms(60_000);
        assert!(notifier.http_calls().is_empty());
    }
    raise(&mut notifier, "a");
    notifier.advance_ms(600_000);
    assert_eq!(codes(&sent(&notifier)["raised"]), ["a"]);
    respond(&mut notifier, 200);
    notifier.advance_ms(600_000);
    assert!(notifier.http_calls().is_empty());
}

#[test]
fn quiet_end_of_flapping_is_sent() {
    let mut notifier = one_webhook();
    flap(&mut notifier);
    notifier.advance_ms(GROUP_MS);
    respond(&mut notifier, 200);
    notifier.advance_ms(600_000);
    assert_eq!(codes(&sent(&notifier)["cleared"]), ["a"]);
}

#[test]
fn others_are_sent_while_one_flaps() {
    let mut notifier = one_webhook();
    flap(&mut notifier);
    notifier.advance_ms(GROUP_MS);
    respond(&mut notifier, 200);
    flap(&mut notifier);
    raise(&mut notifier, "b");
    notifier.advance_ms(GROUP_MS);
    let message = sent(&notifier);
    assert_eq!(codes(&message["raised"]), ["b"]);
    assert_eq!(codes(&message["flapping"]), [] as [&str; 0]);
}
