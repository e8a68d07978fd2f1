//! Swap of the machine, which decides how memory is cleared between guests.
//!
//! Wasmtime asks the kernel which pages a guest has written, to clear no others. Pages that the kernel has moved to a swap device
//! are not in the answer (wasmtime pull request 14357): the next guest would read them where it expects zeros.
//!
//! Invariant: a process that starts with swap never asks. One that starts without swap returns no result once it has seen that swap
//! was added; only a new process has memory without such pages.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use wasmtime::PoolingAllocationConfig;

use crate::error::HostFailure;

/// Milliseconds for which a look counts, where single nonces are computed: nobody adds swap and needs it in less.
const CHECK_MS: u64 = 10;

/// Watches the list of swap devices.
pub(crate) struct SwapWatch {
    file: PathBuf,
    scans_pages: bool,
    was_added: AtomicBool,
    started: Instant,
    /// When it was last checked now and then, in milliseconds since the start.
    checked_ms: AtomicU64,
}

/// The watch of the process; the first call decides whether slots are cleared by what the kernel says.
pub(crate) fn swap_watch() -> &'static SwapWatch {
    static WATCH: OnceLock<SwapWatch> = OnceLock::new();
    WATCH.get_or_init(|| {
        let can_scan = PoolingAllocationConfig::is_pagemap_scan_available();
        SwapWatch::start("/proc/swaps".into(), can_scan)
    })
}

impl SwapWatch {
    fn start(file: PathBuf, can_scan: bool) -> Self {
        let mut watch = Self {
            file,
            scans_pages: false,
            was_added: AtomicBool::new(false),
            started: Instant::now(),
            checked_ms: AtomicU64::new(0),
        };
        // A machine that does not show its swap may have some.
        watch.scans_pages = can_scan && !watch.has_swap().unwrap_or(true);
        watch
    }

    /// Whether the kernel is asked which pages a guest has written.
    pub(super) fn scans_pages(&self) -> bool {
        self.scans_pages
    }

    /// # Errors
    /// Swap was added, now or at an earlier check, so what guests have computed since is not to be trusted.
    pub(crate) fn check(&self) -> Result<(), HostFailure> {
        if !self.scans_pages {
            return Ok(());
        }
        // Swap that is gone again may have left pages behind that were not cleared.
        if !self.was_added.load(Ordering::Relaxed) {
            let has_swap = self.has_swap().map_err(|error| {
                let file = self.file.display();
                HostFailure(format!("cannot see whether it has swap: {file}: {error}"))
            })?;
            if !has_swap {
                return Ok(());
            }
            self.was_added.store(true, Ordering::Relaxed);
        }
        let text =
            "swap was added while this program ran, which changes results: start the program again";
        Err(HostFailure(text.to_owned()))
    }

    /// As [`SwapWatch::check`], but not more often than every [`CHECK_MS`]: for single nonces, of which many take no longer than a look.
    ///
    /// # Errors
    /// As for [`SwapWatch::check`].
    pub(crate) fn check_now_and_then(&self) -> Result<(), HostFailure> {
        let now_ms = self.started.elapsed().as_millis() as u64;
        let is_fresh = now_ms.saturating_sub(self.checked_ms.load(Ordering::Relaxed)) < CHECK_MS;
        if is_fresh && !self.was_added.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.checked_ms.store(now_ms, Ordering::Relaxed);
        self.check()
    }

    fn has_swap(&self) -> io::Result<bool> {
        match fs::read_to_string(&self.file) {
            Ok(swaps) => Ok(lists_device(&swaps)),
            // A kernel without swap has no such file.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The first line is the heading.
fn lists_device(swaps: &str) -> bool {
    swaps.lines().nth(1).is_some()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const NONE: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
    const DEVICE: &str = "/dev/zram0                              partition\t8388604\t\t0\t\t100\n";

    struct Machine(TempDir);

    impl Machine {
        fn new(devices: &str) -> Self {
            let machine = Self(tempfile::tempdir().expect("a folder"));
            machine.list(devices);
            machine
        }

        fn file(&self) -> PathBuf {
            self.0.path().join("swaps")
        }

        fn list(&self, devices: &str) {
            fs::write(self.file(), format!("{NONE}{devices}")).expect("a file");
        }

        fn watch(&self) -> SwapWatch {
            SwapWatch::start(self.file(), true)
        }
    }

    #[test]
    fn added_swap_ends_the_work_for_good() {
        let machine = Machine::new("");
        let watch = machine.watch();
        assert!(watch.scans_pages());
        watch.check().expect("there is no swap");
        machine.list(DEVICE);
        let text = watch.check().expect_err("there is swap").to_string();
        assert!(text.contains("swap was added"), "{text}");
        assert!(text.ends_with("start the program again"), "{text}");
        machine.list("");
        watch.check().expect_err("memory is not clear");
    }

    #[test]
    fn added_swap_ends_single_nonces_soon() {
        let machine = Machine::new("");
        let watch = machine.watch();
        watch.check_now_and_then().expect("there is no swap");
        machine.list(DEVICE);
        while watch.check_now_and_then().is_ok() {}
        watch.check_now_and_then().expect_err("for good");
    }

    #[test]
    fn swap_at_the_start_is_accepted() {
        let machine = Machine::new(DEVICE);
        let watch = machine.watch();
        assert!(!watch.scans_pages());
        watch.check().expect("all pages are cleared");
        machine.list("");
        watch.check().expect("all pages are cleared");
        machine.list(DEVICE);
        watch.check().expect("all pages are cleared");
    }

    #[test]
    fn kernel_that_cannot_say_needs_no_watch() {
        let machine = Machine::new("");
        let watch = SwapWatch::start(machine.file(), false);
        machine.list(DEVICE);
        assert!(!watch.scans_pages());
        watch.check().expect("all pages are cleared");
    }

    #[test]
    fn unreadable_list_of_swap_fails_one_check() {
        let machine = Machine::new("");
        let watch = machine.watch();
        fs::write(machine.file(), [0xff]).expect("a file");
        let text = watch.check().expect_err("not text").to_string();
        assert!(text.contains("swaps: "), "{text}");
        machine.list("");
        watch.check().expect("there is no swap");
        fs::write(machine.file(), [0xff]).expect("a file");
        assert!(!machine.watch().scans_pages());
        fs::remove_file(machine.file()).expect("a file");
        assert!(machine.watch().scans_pages(), "a kernel without swap");
    }
}
