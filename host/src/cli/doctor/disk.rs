//! The disk under the backup folder: room, speed, and what kind of file system it is.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{StatVfs, StatVfsMountFlags, statfs, statvfs};

use super::Finding;
use crate::config::Config;
use crate::observe::own_conditions::{DISK_FREE_BYTES_CRITICAL, DISK_FREE_BYTES_MIN};
use crate::plugin;

/// Bytes that are written to measure the speed.
const WRITTEN_BYTES: usize = 16 << 20;
/// Written at once.
const BLOCK_BYTES: usize = 1 << 20;
/// Small writes, each synced: what a commit of the store does.
const SYNC_COUNT: usize = 10;
/// The measurement ends early after this time.
const MEASURE_TIMEOUT: Duration = Duration::from_secs(5);
/// Time of a synced write above which commits hold up the extensions.
const SYNC_WARN: Duration = Duration::from_millis(100);

/// File systems of other machines, by their magic numbers (`statfs(2)`).
const NETWORK: [(u64, &str); 7] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x517b, "SMB"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
];
/// File systems in memory.
const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
/// The layers of a container.
const OVERLAY: u64 = 0x794c_7630;

/// Looks at the disks of the backup folder and of the copies of plugin files.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    if let Some(file) = file_in_the_way(&config.backup_folder) {
        let text = format!(
            "cannot write to {}: {} is not a folder",
            config.backup_folder.display(),
            file.display()
        );
        let remedy = "set `backup_folder` to a folder, or remove the file";
        return vec![Finding::fail("disk", text, remedy)];
    }
    let folder = plugin::existing_folder(&config.backup_folder);
    let stat = match statvfs(folder) {
        Ok(stat) => stat,
        Err(error) => {
            let text = format!("cannot look at the disk of {}: {error}", folder.display());
            let remedy = "set `backup_folder` to a folder that this user may use";
            return vec![Finding::fail("disk", text, remedy)];
        }
    };
    let mut findings = vec![room(&stat, folder)];
    findings.extend(kind(folder));
    if stat.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let text = format!(
            "the file system of {} is mounted read-only",
            folder.display()
        );
        let remedy = "mount it for writing, or set `backup_folder` to a folder on another";
        findings.push(Finding::fail("disk", text, remedy));
    } else {
        findings.push(written(folder, measure(folder)));
    }
    let copies = plugin::existing_folder(&config.plugin_cache_folder);
    let noexec = |stat: StatVfs| stat.f_flag.contains(StatVfsMountFlags::NOEXEC);
    if statvfs(copies).is_ok_and(noexec) {
        let text = format!(
            "the file system of {} is mounted noexec: no plugin can be loaded from it",
            copies.display()
        );
        let remedy = "set `plugin_cache_folder` to a folder on another";
        findings.push(Finding::fail("disk", text, remedy));
    }
    findings
}

/// A file where a folder is needed.
fn file_in_the_way(folder: &Path) -> Option<&Path> {
    let mut ancestors = folder.ancestors();
    let present = ancestors.find(|path| path.metadata().is_ok())?;
    (!present.is_dir()).then_some(present)
}

fn room(stat: &StatVfs, folder: &Path) -> Finding {
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    // File systems without a table of inodes have none at all.
    if stat.f_files > 0 && stat.f_favail == 0 {
        let text = format!("no inode is free on the disk of {}", folder.display());
        return Finding::fail("disk", text, "delete files that nobody needs");
    }
    free_room(free, folder)
}

fn free_room(free_bytes: u64, folder: &Path) -> Finding {
    let text = format!("{} MiB are free in {}", free_bytes >> 20, folder.display());
    let remedy = "delete what nobody needs, or set `backup_folder` to a larger disk: a host that cannot store ends";
    match free_bytes {
        0..DISK_FREE_BYTES_CRITICAL => Finding::fail("disk", text, remedy),
        DISK_FREE_BYTES_CRITICAL..DISK_FREE_BYTES_MIN => Finding::warn("disk", text, remedy),
        _ => Finding::ok("disk", text),
    }
}

/// A warning about file systems that lose or share what they hold.
fn kind(folder: &Path) -> Option<Finding> {
    let magic = u64::try_from(statfs(folder).ok()?.f_type).ok()?;
    kind_of(magic, folder)
}

fn kind_of(magic: u64, folder: &Path) -> Option<Finding> {
    let shown = folder.display();
    let remedy = "set `backup_folder` to a folder on a disk of this machine";
    if let Some((_, name)) = NETWORK.iter().find(|(number, _)| *number == magic) {
        let text = format!(
            "{shown} is on a network file system ({name}): the store is slow, and its lock may not hold"
        );
        return Some(Finding::warn("disk", text, remedy));
    }
    if MEMORY.contains(&magic) {
        let text = format!("{shown} is in memory: a restart of the machine loses the store");
        return Some(Finding::warn("disk", text, remedy));
    }
    (magic == OVERLAY).then(|| {
        let text = format!("{shown} is in the layers of a container: its removal loses the store");
        Finding::warn(
            "disk",
            text,
            "set `backup_folder` to a volume of the container",
        )
    })
}

/// What writing has shown.
struct Speed {
    bytes: usize,
    took: Duration,
    /// Longest of the synced writes but one: one may wait for others.
    sync: Duration,
}

/// Writes and removes a file.
fn measure(folder: &Path) -> io::Result<Speed> {
    let mut file = tempfile::tempfile_in(folder)?;
    let block = vec![0x5a; BLOCK_BYTES];
    let begun = Instant::now();
    let mut bytes = 0;
    while bytes < WRITTEN_BYTES && begun.elapsed() < MEASURE_TIMEOUT {
        file.write_all(&block)?;
        bytes += BLOCK_BYTES;
    }
    file.sync_data()?;
    let took = begun.elapsed();
    let mut syncs = Vec::new();
    while syncs.len() < SYNC_COUNT && begun.elapsed() < 2 * MEASURE_TIMEOUT {
        let begun = Instant::now();
        file.write_all(&block[..4096])?;
        file.sync_data()?;
        syncs.push(begun.elapsed());
    }
    syncs.sort_unstable();
    let sync = syncs.iter().rev().nth(1).copied().unwrap_or(took);
    Ok(Speed { bytes, took, sync })
}

fn written(folder: &Path, speed: io::Result<Speed>) -> Finding {
    let part = "disk";
    let shown = folder.display();
    let Speed { bytes, took, sync } = match speed {
        Ok(speed) => speed,
        Err(error) => {
            let text = format!("cannot write to {shown}: {error}");
            let remedy = match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    "give the folder to the user of the host (`chown`), or set `backup_folder` to another"
                }
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => {
                    "make room: delete what nobody needs, raise the quota or the limit of file sizes, or set `backup_folder` to \
                     another disk"
                }
                _ => "repair the disk, or set `backup_folder` to another folder",
            };
            return Finding::fail(part, text, remedy);
        }
    };
    let per_second = bytes as f64 / 1e6 / took.as_secs_f64().max(1e-6);
    let text = format!(
        "{shown} takes {per_second:.0} MB/s, and a synced write {:.1} ms",
        sync.as_secs_f64() * 1e3
    );
    match sync >= SYNC_WARN {
        true => Finding::warn(
            part,
            text,
            "set `backup_folder` to a faster disk: each commit of the store waits so long",
        ),
        false => Finding::ok(part, text),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::Level;
    use super::*;

    #[test]
    fn doctor_finds_little_room() {
        let folder = Path::new("f");
        let levels = [1 << 20, 1 << 29, 4 << 30].map(|free| free_room(free, folder).level);
        assert_eq!(levels, [Level::Fail, Level::Warn, Level::Ok]);
    }

    #[test]
    fn doctor_finds_file_systems_that_lose_a_store() {
        let text = |magic| kind_of(magic, Path::new("f")).map(|finding| finding.text);
        assert!(text(0x6969).unwrap().contains("NFS"));
        assert!(text(0x0102_1994).unwrap().contains("in memory"));
        assert!(text(OVERLAY).unwrap().contains("container"));
        assert_eq!(text(0xef53), None);
    }

    #[test]
    fn doctor_finds_a_slow_disk() {
        let level = |millis| {
            let sync = Duration::from_millis(millis);
            let took = Duration::from_millis(100);
            let speed = Speed {
                bytes: WRITTEN_BYTES,
                took,
                sync,
            };
            written(Path::new("f"), Ok(speed)).level
        };
        assert_eq!((level(3), level(300)), (Level::Ok, Level::Warn));
        let full = Err(io::ErrorKind::StorageFull.into());
        assert!(written(Path::new("f"), full).remedy.contains("make room"));
    }

    #[test]
    fn doctor_leaves_nothing_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(measure(folder.path()).unwrap().bytes, WRITTEN_BYTES);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
