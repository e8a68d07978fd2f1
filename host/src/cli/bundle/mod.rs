//! `tig-host support-bundle`: what somebody who helps needs to see of a host, without its secrets.

mod archive;
mod machine;
mod named;
mod running;
mod scrub;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use tig_plugin_api::abi::API_VERSION;

use self::archive::{Bundle, unix_seconds};
use super::admin::Where;
use super::{doctor, output, plugins, store};
use crate::config::{Config, folder_of_executable};
use crate::error::HostError;
use crate::secrets::Secrets;
use crate::store::Archive;

/// Bytes at the end of a log that are put in.
const LOG_END_BYTES_MAX: u64 = 512 << 10;

/// What goes into a bundle, and where it goes.
#[derive(Args, Debug)]
pub(super) struct BundleArguments {
    /// The file to write, a compressed tar file; a new one in the working directory by default
    #[arg(long, value_name = "FILE.tar.gz")]
    output: Option<PathBuf>,
    /// A log of the host, of which the end is put in
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// Writes a bundle, and lists its contents.
///
/// # Errors
///
/// The file cannot be written.
pub(super) fn support_bundle(arguments: &BundleArguments) -> Result<ExitCode, HostError> {
    let place = &arguments.place;
    let default = PathBuf::from(format!("tig-host-support-{}.tar.gz", unix_seconds()));
    let path = arguments.output.clone().unwrap_or(default);
    let written = write(arguments, &path);
    let (entries, missing) = written.map_err(|error| {
        let text = format!("{}: {error}; name another file by --output", path.display());
        HostError::system("write the bundle")(io::Error::new(error.kind(), text))
    })?;
    if place.json {
        output::json(&json!({ "file": path, "entries": entries, "missing": missing }));
        return Ok(ExitCode::SUCCESS);
    }
    for entry in &entries {
        output::line(&format!(
            "{:>9} bytes  {}",
            entry.bytes,
            output::escaped(&entry.name)
        ));
    }
    for lack in &missing {
        let text = format!("{}: {}", lack.name, lack.reason);
        output::line(&format!("      not in it  {}", output::escaped(&text)));
    }
    output::line(&format!(
        "{}: written; secrets were removed by name, shape and value: look through it before you send it",
        path.display()
    ));
    Ok(ExitCode::SUCCESS)
}

type Contents = (Vec<archive::Entry>, Vec<archive::Missing>);

fn write(arguments: &BundleArguments, output: &Path) -> io::Result<Contents> {
    if output.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let place = &arguments.place;
    let config = place.config.clone().unwrap_or("config.json".into());
    let folder = place.folder().map_err(|error| error.to_string());
    let admin = folder
        .as_deref()
        .ok()
        .map(|folder| folder.join(crate::control::admin::FILE_NAME));
    let secrets = Secrets::collect(&config, admin);
    let mut bundle = Bundle::begin(output, secrets)?;
    bundle.add_json("version.json", &version())?;
    bundle.add_json("machine.json", &machine::facts())?;
    let read = Config::read_unchecked(&config).map_err(|error| error.to_string());
    bundle.add_found("config.json", read)?;
    bundle.add_found("doctor.json", findings(&config))?;
    bundle.add_found("plugins.json", plugin_files(&config))?;
    match &folder {
        Ok(folder) => {
            bundle.add_found("files.json", machine::sizes(folder))?;
            running::add(&mut bundle, place)?;
            bundle.add_found("store.json", store_sizes(folder))?;
        }
        Err(reason) => bundle.lack("store.json", reason),
    }
    for (index, log) in arguments.log.iter().enumerate() {
        let name = format!("log-{index}.txt");
        match end_of(log) {
            Ok(text) => bundle.add_text(&name, &text)?,
            Err(error) => bundle.lack(&name, &format!("{}: {error}", log.display())),
        }
    }
    bundle.finish(output)
}

fn version() -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "plugin_api": API_VERSION,
        "program": std::env::current_exe().ok(),
        "unix_seconds": unix_seconds(),
    })
}

/// What doctor finds without the network.
fn findings(config: &Path) -> Result<Value, String> {
    let found = doctor::look_offline(config).map_err(|error| error.to_string())?;
    Ok(json!(found))
}

/// Manifests and hashes of the plugin files.
fn plugin_files(config: &Path) -> Result<Value, String> {
    let config_value = Config::read_unchecked(config).unwrap_or_default();
    let base = config.parent().unwrap_or(Path::new(""));
    let named = config_value["plugin_folder"].as_str();
    let folder = named.map_or_else(folder_of_executable, |named| base.join(named));
    let files = plugins::plugin_files(&folder);
    let files = files.map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(files
        .iter()
        .map(|path| plugins::describe_file(path))
        .collect())
}

/// Number and bytes of the values of each extension.
fn store_sizes(folder: &Path) -> Result<Value, String> {
    let archive = Archive::open(folder).map_err(|error| error.to_string())?;
    let summary = store::summary(&archive).map_err(|error| error.to_string())?;
    Ok(json!(summary))
}

/// The end of a log, from the beginning of a line.
fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(LOG_END_BYTES_MAX);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(LOG_END_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(match begin {
        0 => text.into_owned(),
        // The first line may be half of one, whose secret has lost its name.
        _ => text
            .split_once('\n')
            .map_or("", |(_, rest)| rest)
            .to_owned(),
    })
}
