//! Backtraces of panics, a line for each frame. Pure but for the capture.

use std::backtrace::{Backtrace, BacktraceStatus};

/// Frames that are kept of a backtrace.
const FRAMES_COUNT_MAX: usize = 64;

/// What the name of a frame holds that belongs to the panic itself.
const OF_PANIC: [&str; 3] = ["panicking", "rust_begin_unwind", "std::backtrace"];

/// What the name of the first frame holds that does not belong to the plugin any more.
const OF_GUARD: [&str; 3] = ["catch_unwind", "do_call", "panicking::try"];

/// The frames of the panic that is under way, the innermost first; none unless `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` asks for them.
pub(crate) fn capture_frames() -> Vec<String> {
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => frames(&backtrace.to_string()),
        _ => Vec::new(),
    }
}

/// One line for each frame between the panic and the guard: its name, and its place if that is known.
fn frames(text: &str) -> Vec<String> {
    let mut frames: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim) {
        match (line.strip_prefix("at "), frames.last_mut()) {
            (Some(place), Some(frame)) => frame.push_str(&format!(" at {place}")),
            _ => frames.extend(line.split_once(": ").map(|(_, name)| name.to_owned())),
        }
    }
    let holds = |frame: &String, words: &[&str]| words.iter().any(|word| frame.contains(word));
    let end = frames.iter().position(|frame| holds(frame, &OF_GUARD));
    frames.truncate(end.unwrap_or(frames.len()));
    let last_of_panic = frames.iter().rposition(|frame| holds(frame, &OF_PANIC));
    let begin = last_of_panic.map_or(0, |last| last + 1);
    frames.drain(..begin);
    frames.truncate(FRAMES_COUNT_MAX);
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_lie_between_panic_and_guard() {
        let text = "   0: std::backtrace::Backtrace::capture
   1: tig_plugin_api::guard::install_panic_hook
             at ./plugin-api/src/guard.rs:51:5
   2: std::panicking::panic_with_hook
   3: core::panicking::panic_fmt
             at /rustc/1/library/core/src/panicking.rs:80:14
   4: sampler::weigh
             at ./src/lib.rs:7:9
   5: sampler::Sampler::on_new_block
   6: catch_unwind<core::panic::unwind_safe::AssertUnwindSafe<f>>
   7: std::panicking::default_hook";
        let expected = [
            "sampler::weigh at ./src/lib.rs:7:9",
            "sampler::Sampler::on_new_block",
        ];
        assert_eq!(frames(text), expected);
        assert_eq!(frames(""), Vec::<String>::new());
    }
}
