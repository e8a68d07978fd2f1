//! What the operating system and the container let a host have: open files, threads, memory, notifications of changes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify;
use rustix::process::{Resource, getrlimit, getuid};

use super::Finding;
use crate::cli::run;

/// Open files below which a host has little room for its clients.
const OPEN_FILES_WARN: u64 = 4_096;
/// Open files below which it has none.
const OPEN_FILES_FAIL: u64 = 1_024;
/// Memory below which a host with work may be ended by the system.
const MEMORY_BYTES_WARN: u64 = 512 << 20;
/// Memory below which it does not start.
const MEMORY_BYTES_FAIL: u64 = 64 << 20;
/// Instances that a host and its operator's tools should find free.
const INSTANCES_WARN: u64 = 2;
/// The same for watches.
const WATCHES_WARN: u64 = 16;

const INOTIFY_REMEDY: &str = "raise `fs.inotify.max_user_instances` and `fs.inotify.max_user_watches` by sysctl; until then a changed \
                              plugin is noticed within 5 s";

/// The limit of open files: of the running host if there is one, else of a host that is started from here.
pub(super) fn process(host: Option<u32>) -> Vec<Finding> {
    let of_host = host.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/limits")).ok());
    let of_host = of_host.and_then(|limits| open_files_of(&limits));
    // The host raises its own limit as far as it may.
    let own = || getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    vec![open_files(of_host.unwrap_or_else(own))]
}

/// The present limit in `/proc/PID/limits`.
fn open_files_of(limits: &str) -> Option<u64> {
    let mut lines = limits.lines();
    let line = lines.find(|line| line.starts_with("Max open files"))?;
    number(line.split_whitespace().nth(3)?)
}

/// A number of the kernel, where there may be no limit.
fn number(text: &str) -> Option<u64> {
    match text.trim() {
        "unlimited" | "max" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

fn open_files(limit: u64) -> Finding {
    let part = "open files";
    let text = match limit {
        u64::MAX => "any number is allowed".to_owned(),
        _ => format!("{limit} are allowed"),
    };
    let remedy = "allow more: `ulimit -n 65536` in the shell, LimitNOFILE= of the service, --ulimit nofile of the container";
    match limit {
        0..OPEN_FILES_FAIL => Finding::fail(part, text, remedy),
        OPEN_FILES_FAIL..OPEN_FILES_WARN => Finding::warn(part, text, remedy),
        _ => Finding::ok(part, text),
    }
}

/// Threads and memory for a host with so many extensions.
pub(super) fn machine(extensions: usize) -> Vec<Finding> {
    let needed = u64::try_from(run::threads_needed(extensions)).unwrap_or(u64::MAX);
    vec![threads(free_threads(), needed), memory(free_memory())]
}

fn threads(free: u64, needed: u64) -> Finding {
    let part = "threads";
    let text = match free {
        u64::MAX => format!("any number is allowed; the host needs {needed}"),
        _ => format!("{free} more are allowed; the host needs {needed}"),
    };
    let remedy = tig_process::threads::REMEDY;
    if free < needed {
        Finding::fail(part, text, remedy)
    } else if free < needed.saturating_mul(2) {
        Finding::warn(part, text, remedy)
    } else {
        Finding::ok(part, text)
    }
}

/// Threads that this user and this container may still have.
fn free_threads() -> u64 {
    let of_user = match getrlimit(Resource::Nproc).current {
        // The limit does not bind root.
        Some(limit) if !getuid().is_root() => limit.saturating_sub(threads_of_user()),
        _ => u64::MAX,
    };
    let of_group = free_in_groups("pids.max", "pids.current");
    of_user.min(of_group)
}

/// Threads of this user's processes.
fn threads_of_user() -> u64 {
    let uid = getuid().as_raw();
    let own = processes().filter(|path| fs::metadata(path).is_ok_and(|it| it.uid() == uid));
    let threads = |path: PathBuf| {
        let status = fs::read_to_string(path.join("status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("Threads:"))?;
        number(line)
    };
    own.filter_map(threads).sum()
}

/// Folders of all processes that can be seen.
fn processes() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_process = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.bytes().all(|byte| byte.is_ascii_digit())
    };
    entries.map(|entry| entry.path()).filter(is_process)
}

/// The least that is left of a resource in the control groups of this process (version 2).
fn free_in_groups(limit: &str, used: &str) -> u64 {
    let root = Path::new("/sys/fs/cgroup");
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let own = root.join(own.unwrap_or("/").trim_start_matches('/'));
    let read = |group: &Path, name: &str| number(&fs::read_to_string(group.join(name)).ok()?);
    let free = |group: &Path| Some(read(group, limit)?.saturating_sub(read(group, used)?));
    let groups = own.ancestors().take_while(|group| group.starts_with(root));
    let limited = groups.filter(|group| read(group, limit) != Some(u64::MAX));
    limited.filter_map(free).min().unwrap_or(u64::MAX)
}

fn memory(free_bytes: u64) -> Finding {
    let part = "memory";
    let text = format!("{} MiB are free", free_bytes >> 20);
    let remedy =
        "end what nobody needs, or give the machine or the container (MemoryMax=, --memory) more";
    match free_bytes {
        0..MEMORY_BYTES_FAIL => Finding::fail(part, text, remedy),
        MEMORY_BYTES_FAIL..MEMORY_BYTES_WARN => Finding::warn(part, text, remedy),
        u64::MAX => Finding::ok(part, "the system does not say how much is free"),
        _ => Finding::ok(part, text),
    }
}

/// Memory that the machine and the container still have.
fn free_memory() -> u64 {
    let of_machine = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = of_machine
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = line.and_then(|line| number(line.trim().strip_suffix("kB")?));
    let of_machine = kibibytes.map_or(u64::MAX, |kibibytes| kibibytes << 10);
    of_machine.min(free_in_groups("memory.max", "memory.current"))
}

/// Notifications of changed plugin files.
pub(super) fn inotify(folder: &Path) -> Vec<Finding> {
    let limit = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok();
        text.and_then(|text| number(&text)).unwrap_or(u64::MAX)
    };
    let limits = (limit("max_user_instances"), limit("max_user_watches"));
    // Tried first, so that the trial is not among those that are counted.
    let tried = try_watch(folder);
    vec![notifications(tried, limits, watches_of_user())]
}

/// What one more watch of `folder` fails with.
fn try_watch(folder: &Path) -> Result<(), String> {
    let instance = inotify::init(inotify::CreateFlags::CLOEXEC)
        .map_err(|error| format!("no instance is left: {error}"))?;
    match inotify::add_watch(&instance, folder, inotify::WatchFlags::MODIFY) {
        Err(rustix::io::Errno::NOSPC) => Err("no watch is left".to_owned()),
        // A folder that does not exist is a fault of the config.
        _ => Ok(()),
    }
}

/// Instances and watches of this user's processes that can be seen.
fn watches_of_user() -> (u64, u64) {
    let (mut instances, mut watches) = (0, 0);
    for process in processes() {
        let files = fs::read_dir(process.join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        for file in files {
            let target = fs::read_link(file.path()).unwrap_or_default();
            if target != Path::new("anon_inode:inotify") {
                continue;
            }
            instances += 1;
            let info = process.join("fdinfo").join(file.file_name());
            let info = fs::read_to_string(info).unwrap_or_default();
            let lines = info.lines().filter(|line| line.starts_with("inotify "));
            watches += u64::try_from(lines.count()).unwrap_or_default();
        }
    }
    (instances, watches)
}

fn notifications(
    tried: Result<(), String>,
    (instances_max, watches_max): (u64, u64),
    (instances, watches): (u64, u64),
) -> Finding {
    let part = "inotify";
    if let Err(reason) = tried {
        return Finding::warn(part, reason, INOTIFY_REMEDY);
    }
    let text = format!(
        "{instances} of {instances_max} instances and {watches} of {watches_max} watches are taken"
    );
    let is_short = instances_max.saturating_sub(instances) < INSTANCES_WARN
        || watches_max.saturating_sub(watches) < WATCHES_WARN;
    match is_short {
        true => Finding::warn(part, text, INOTIFY_REMEDY),
        false => Finding::ok(part, text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn doctor_finds_a_low_limit_of_files() {
        let levels = [256, 1_024, 65_536].map(|limit| open_files(limit).level);
        assert_eq!(levels, [Level::Fail, Level::Warn, Level::Ok]);
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            512                  1048576              files\n";
        assert_eq!(open_files_of(limits), Some(512));
        assert_eq!(open_files_of("Max open files unlimited"), Some(u64::MAX));
        assert_eq!(open_files_of("Max processes 7"), None);
    }

    #[test]
    fn doctor_finds_too_few_threads() {
        let levels = [10, 30, u64::MAX].map(|free| threads(free, 20).level);
        assert_eq!(levels, [Level::Fail, Level::Warn, Level::Ok]);
        assert!(threads_of_user() > 0);
    }

    #[test]
    fn doctor_finds_little_memory() {
        let levels = [1 << 20, 100 << 20, 8 << 30].map(|free| memory(free).level);
        assert_eq!(levels, [Level::Fail, Level::Warn, Level::Ok]);
        assert!(free_memory() > 0);
    }

    #[test]
    fn doctor_finds_exhausted_notifications() {
        let text = notifications(Err("no watch is left".to_owned()), (1, 1), (1, 1));
        assert_eq!(
            (text.level, text.text.as_str()),
            (Level::Warn, "no watch is left")
        );
        let level = |used| notifications(Ok(()), (128, 1_000), used).level;
        assert_eq!(level((3, 10)), Level::Ok);
        assert_eq!(level((127, 10)), Level::Warn);
        assert_eq!(level((3, 999)), Level::Warn);
    }
}
