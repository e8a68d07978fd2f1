//! Bounds of the extension.

/// Alerts that are kept at a time, with those that are over and not reported yet; further ones are left out.
pub(crate) const ALERTS_COUNT_MAX: usize = 2_000;

/// Messages that wait for one webhook; a further one takes the place of the oldest.
pub(crate) const MESSAGES_COUNT_MAX: usize = 100;

/// A message that could not be delivered for so long is dropped.
pub(crate) const MESSAGE_AGE_MS_MAX: u64 = 24 * 3_600_000;

/// Alerts of each kind in one message; the rest is a number.
pub(crate) const ITEMS_COUNT_MAX: usize = 50;

/// Lines of a message's text.
pub(crate) const LINES_COUNT_MAX: usize = 20;

/// Characters of each part of a line.
pub(crate) const PART_CHARS_MAX: usize = 300;

/// Webhooks in the config.
pub(crate) const WEBHOOKS_COUNT_MAX: usize = 16;

/// Characters of a webhook's name.
pub(crate) const NAME_CHARS_MAX: usize = 64;

/// Time for a webhook to answer.
pub(crate) const ANSWER_TIMEOUT_MS: u64 = 10_000;

/// An answer that the host owes for so long will not come.
pub(crate) const LOST_TIMEOUT_MS: u64 = 60_000;

/// Bytes of a webhook's answer.
pub(crate) const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Time before the second attempt; it doubles with each further one.
pub(crate) const RETRY_MS: u64 = 5_000;

/// Longest time between two attempts, unless the webhook asks for more.
pub(crate) const RETRY_MS_MAX: u64 = 300_000;

/// Longest time that a webhook may ask for.
pub(crate) const RETRY_AFTER_MS_MAX: u64 = 3_600_000;

/// Failures in a row after which a webhook counts as failing.
pub(crate) const FAILURES_COUNT: u32 = 2;

/// Times that a webhook may reject the content of a message before it is dropped, so that it does not block later ones.
pub(crate) const REJECTIONS_COUNT_MAX: u32 = 5;

/// Beginnings and ends of an alert within the window that make it flap.
pub(crate) const FLAP_EDGES_COUNT: usize = 6;

/// After a restart, alerts that no extension has reported for so long are over.
pub(crate) const RESTART_MS: u64 = 120_000;
