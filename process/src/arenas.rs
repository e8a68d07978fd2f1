//! How many arenas the C library's allocator has.
//!
//! glibc gives threads arenas of their own, up to eight for each processor, and what was freed in one arena is not used for
//! another thread. A program whose threads hand much to each other keeps several times what it uses. Threads that run at the
//! same time need one arena each, and those are as many as there are processors.
#![expect(unsafe_code, reason = "the C library has no other way to say it")]

use std::env;
use std::num::NonZero;
use std::thread;

/// Variables that set the number, and what each contains then. Whoever sets one has decided.
const SETTINGS: [(&str, &str); 2] = [
    ("MALLOC_ARENA_MAX", ""),
    ("GLIBC_TUNABLES", "glibc.malloc.arena_max"),
];

/// Allows one arena for each processor, unless the environment says how many. Arenas that are there stay, so a program calls
/// this before it starts a thread.
pub fn limit() {
    if !is_set(|name| env::var(name).ok()) {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        allow(processors);
    }
}

fn is_set(variable: impl Fn(&str) -> Option<String>) -> bool {
    SETTINGS.iter().any(|(name, needed)| {
        variable(name).is_some_and(|value| !value.is_empty() && value.contains(needed))
    })
}

#[cfg(target_env = "gnu")]
fn allow(arenas: usize) {
    let Ok(arenas) = libc::c_int::try_from(arenas) else {
        return;
    };
    // SAFETY: two numbers are passed and no memory. The allocator takes its own lock to store the limit, and reads it when a
    // thread allocates for the first time.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, arenas) };
}

/// Other C libraries have no such arenas.
#[cfg(not(target_env = "gnu"))]
fn allow(_arenas: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_the_environment_is_kept() {
        let set = |wanted: &'static str, value: &'static str| {
            is_set(|name| (name == wanted).then(|| value.to_owned()))
        };
        assert!(set("MALLOC_ARENA_MAX", "8"));
        assert!(set(
            "GLIBC_TUNABLES",
            "glibc.malloc.check=1:glibc.malloc.arena_max=8"
        ));
        assert!(!set("GLIBC_TUNABLES", "glibc.malloc.check=1"));
        assert!(!set("MALLOC_ARENA_MAX", ""));
        assert!(!set("HOME", "/"));
    }
}
