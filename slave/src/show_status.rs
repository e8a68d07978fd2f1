//! `tig-slave status`: what the slaves on this machine do.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tig_process::output;
use tig_slave::status::{self, BatchAtWork, Doing, Status, StatusError};

use crate::cli::StatusArguments;

/// Exit code: no slave runs.
const NOT_RUNNING: u8 = 7;

/// Exit code: no slave is seen to run, and there are folders that cannot be looked into.
const NOT_SEEN: u8 = 1;

/// The algorithms folder of a slave that was started without one.
const DEFAULT_FOLDER: &str = "algorithms";

/// Services have their algorithms folders in here.
const SERVICES_FOLDER: &str = "/var/lib/tig-slave";

/// Entries of a folder that are looked at.
const ENTRIES_COUNT_MAX: usize = 10_000;

/// A slave of a folder.
#[derive(Debug, Serialize)]
struct Shown {
    folder: PathBuf,
    is_running: bool,
    cache: Cache,
    #[serde(flatten)]
    status: Status,
}

/// Modules that a folder has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Cache {
    modules: usize,
    /// Of modules and machine code.
    bytes: u64,
}

/// Prints what is found, and returns the exit code.
pub(crate) fn run(arguments: &StatusArguments) -> ExitCode {
    let now_ms = now_ms();
    let (mut shown, mut read) = (Vec::new(), Vec::new());
    let default = Path::new(DEFAULT_FOLDER);
    let (folders, mut unread) = folders(&arguments.folders, default, Path::new(SERVICES_FOLDER));
    for folder in folders {
        match status::read_all(&folder) {
            Ok((statuses, faults)) => {
                for fault in faults {
                    output::note_line(&fault.to_string());
                }
                let cache = cache(&folder);
                shown.extend(statuses.into_iter().map(|status| Shown {
                    folder: folder.clone(),
                    is_running: status.is_fresh(now_ms),
                    cache,
                    status,
                }));
                read.push(folder);
            }
            // The slaves of other folders are shown nevertheless.
            Err(error) => unread.push(error),
        }
    }
    for fault in &unread {
        output::note_line(&fault.to_string());
    }
    if let Some(name) = &arguments.name {
        shown.retain(|slave| slave.status.name == name.as_str());
    }
    let is_any_running = shown.iter().any(|slave| slave.is_running);
    if arguments.json {
        // Names, numbers and paths always have a JSON form.
        let text = serde_json::to_string(&serde_json::json!({ "slaves": shown }));
        output::line(&text.unwrap_or_default());
    } else {
        print(&shown, &read, now_ms);
    }
    match output::check() {
        Err(error) => output::fail(&error),
        Ok(()) if is_any_running => ExitCode::SUCCESS,
        Ok(()) if unread.is_empty() => ExitCode::from(NOT_RUNNING),
        Ok(()) => ExitCode::from(NOT_SEEN),
    }
}

/// Those that are stated, or all that a slave of this machine is likely to have; and what cannot be looked into.
fn folders(
    stated: &[PathBuf],
    default: &Path,
    services: &Path,
) -> (Vec<PathBuf>, Vec<StatusError>) {
    if !stated.is_empty() {
        return (stated.to_vec(), Vec::new());
    }
    let (mut folders, mut unread) = (Vec::new(), Vec::new());
    let mut note = |path: &Path, error: &io::Error| {
        if error.kind() != io::ErrorKind::NotFound {
            unread.push(StatusError::from_io(path, error));
        }
    };
    match std::fs::read_dir(services) {
        Err(error) => note(services, &error),
        Ok(entries) => {
            for entry in entries.flatten().take(ENTRIES_COUNT_MAX) {
                let path = entry.path();
                // The folder of a service is a link to where other users may not look.
                match path.metadata() {
                    Ok(found) if found.is_dir() => folders.push(path),
                    Ok(_) => {}
                    Err(error) => note(&path, &error),
                }
            }
        }
    }
    folders.sort();
    // A container works in the folder of the services, so the default folder is one of them.
    if let Ok(working) = default.canonicalize() {
        folders.retain(|folder| folder.canonicalize().ok().as_ref() != Some(&working));
    }
    folders.insert(0, default.to_owned());
    (folders, unread)
}

fn print(shown: &[Shown], folders: &[PathBuf], now_ms: u64) {
    for slave in shown {
        for line in lines(slave, now_ms) {
            // What the file says comes from elsewhere, and must not reach the terminal as it is.
            output::line(&line.replace(char::is_control, " "));
        }
    }
    if shown.is_empty() && !folders.is_empty() {
        let folders = folders.iter();
        let folders: Vec<String> = folders.map(|folder| folder.display().to_string()).collect();
        output::line(&format!(
            "no slave runs with the algorithms folder {}; give the folder of one that does",
            folders.join(" or ")
        ));
    }
}

fn lines(shown: &Shown, now_ms: u64) -> Vec<String> {
    let status = &shown.status;
    let ago = |at_ms: u64| duration(now_ms.saturating_sub(at_ms));
    let doing = match status.doing {
        _ if !shown.is_running => {
            format!("not running, last heard of {} ago", ago(status.updated_ms))
        }
        Doing::Starting => "starting".to_owned(),
        Doing::Computing => "computing".to_owned(),
        Doing::Waiting => "waiting for a batch".to_owned(),
        Doing::NoMaster => "the master does not answer".to_owned(),
        Doing::Stopping => "stopping".to_owned(),
    };
    let Status {
        name,
        machine,
        process,
        version,
        ..
    } = status;
    let mut lines = vec![
        format!("{name}: {doing}"),
        format!(
            "  process   {process} on {machine}, version {version}, up {}",
            ago(status.started_ms)
        ),
        format!("  master    {}", status.master),
        format!(
            "  worker    {}, {} nonces at a time",
            status.engine, status.workers
        ),
    ];
    if let Some(batch) = &status.batch {
        lines.push(format!(
            "  batch     {}",
            at_work(batch, &ago(batch.begun_ms), status.batches_ahead)
        ));
    }
    lines.push(format!(
        "  rate      {:.1} nonces/s over 1 min, {:.1} over 15 min",
        status.nonces_per_second_1m, status.nonces_per_second_15m
    ));
    lines.push(format!(
        "  done      {} batches, {} nonces; results: {} delivered, {} rejected, {} waiting",
        status.batches_done,
        status.nonces_done,
        status.results_delivered,
        status.results_rejected,
        status.results_held
    ));
    lines.push(match &status.last_error {
        Some(last) => format!(
            "  errors    {}; last {} ago: {}",
            status.errors,
            ago(last.at_ms),
            last.text
        ),
        None => format!("  errors    {}", status.errors),
    });
    let Cache { modules, bytes } = shown.cache;
    lines.push(format!(
        "  cache     {modules} modules, {:.1} MB with machine code, in {}",
        bytes as f64 / 1e6,
        shown.folder.display()
    ));
    lines
}

fn at_work(batch: &BatchAtWork, age: &str, ahead: usize) -> String {
    let BatchAtWork {
        id,
        algorithm_id,
        nonces,
        proofs,
        ..
    } = batch;
    let done = match batch.nonces_done {
        Some(done) => format!("{done} of {nonces} nonces"),
        None => format!("{nonces} nonces"),
    };
    format!("{id} of {algorithm_id}: {done}, {proofs} proofs, since {age}; {ahead} ahead")
}

/// In the largest two units.
fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// What cannot be read counts as not there.
fn cache(folder: &Path) -> Cache {
    let mut cache = Cache::default();
    for folder in [folder.to_owned(), folder.join("compiled")] {
        let entries = std::fs::read_dir(&folder).into_iter().flatten();
        for entry in entries.flatten().take(ENTRIES_COUNT_MAX) {
            let Ok(found) = entry.metadata() else {
                continue;
            };
            if found.is_file() {
                let is_module = entry
                    .path()
                    .extension()
                    .is_some_and(|found| found == "wasm");
                cache.modules += usize::from(is_module);
                cache.bytes += found.len();
            }
        }
    }
    cache
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(status: Status) -> Shown {
        Shown {
            folder: "algorithms".into(),
            is_running: true,
            cache: Cache {
                modules: 2,
                bytes: 1_500_000,
            },
            status,
        }
    }

    #[test]
    fn batch_at_work_is_shown_with_its_progress() {
        let mut slave = shown(Status {
            name: "rig-1".to_owned(),
            doing: Doing::Computing,
            batches_ahead: 1,
            batch: Some(BatchAtWork {
                id: "c0ffee_8".to_owned(),
                algorithm_id: "c003_a001".to_owned(),
                nonces: 1_024,
                nonces_done: Some(512),
                proofs: 2,
                begun_ms: 60_000,
            }),
            ..Status::default()
        });
        let text = lines(&slave, 75_000).join("\n");
        assert!(text.starts_with("rig-1: computing\n"), "{text}");
        let expected = "c0ffee_8 of c003_a001: 512 of 1024 nonces, 2 proofs, since 15 s; 1 ahead";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("2 modules, 1.5 MB"), "{text}");
        slave.is_running = false;
        let text = lines(&slave, 7_275_000).join("\n");
        assert!(
            text.starts_with("rig-1: not running, last heard of 2 h 1 min ago"),
            "{text}"
        );
    }

    #[test]
    fn services_are_looked_at_unless_folders_are_stated() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("main")).unwrap();
        std::fs::write(root.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink(root.path().join("loop"), root.path().join("loop")).unwrap();
        std::os::unix::fs::symlink("gone", root.path().join("link")).unwrap();
        let default = Path::new(DEFAULT_FOLDER);
        let (found, unread) = folders(&[], default, root.path());
        assert_eq!(unread.len(), 1, "{unread:?}");
        assert!(unread[0].to_string().contains("loop"));
        assert_eq!(
            found,
            [PathBuf::from("algorithms"), root.path().join("main")]
        );
        let stated = [PathBuf::from("x")];
        assert_eq!(folders(&stated, default, root.path()).0, stated);
        let (found, unread) = folders(&[], default, Path::new("/no/such/folder"));
        assert_eq!((found.len(), unread.len()), (1, 0));
    }

    #[test]
    fn default_folder_among_services_is_shown_once() {
        let root = tempfile::tempdir().unwrap();
        let at = |name| root.path().join(name);
        std::fs::create_dir(at("main")).unwrap();
        std::fs::create_dir(at("algorithms")).unwrap();
        // As the working folder of a container names it.
        let default = at("main").join("../algorithms");
        let (found, _) = folders(&[], &default, root.path());
        assert_eq!(found, [default, at("main")]);
    }

    #[test]
    fn folder_of_another_user_is_named_with_its_remedy() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let fault = StatusError::from_io(Path::new("/var/lib/tig-slave/a"), &denied);
        assert!(matches!(fault, StatusError::Denied { .. }));
        assert_eq!(
            fault.to_string(),
            "cannot look into /var/lib/tig-slave/a: permission denied; use sudo"
        );
    }

    #[test]
    fn durations_have_two_units() {
        for (seconds, expected) in [
            (0, "0 s"),
            (61, "1 min 1 s"),
            (7_260, "2 h 1 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(duration(seconds * 1_000), expected);
        }
    }
}
