//! `tig-host dev`: a whole small world for one plugin, which takes each save of its sources.

mod build;
mod child;
mod dep_info;
mod description;
mod error;
mod event_lines;
pub(super) mod guard;
mod handlers;
mod host_log;
mod launch;
mod package;
mod placeholders;
mod reload;
mod run_folder;
mod running;
mod screen;
mod session;
mod snapshot;
mod sources;
mod test_run;
mod throttle;
mod world;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tig_process::error_chain::error_chain;
use tig_process::signals::{HangUp, Requests};

use self::build::Cargo;
use self::error::DevError;
use self::screen::Screen;
use self::session::{Session, Wishes};
use self::world::Places;
use super::output;
use super::terminal::Terminal;
use crate::config::folder_of_executable;

/// Time between two looks for a reader of the screen.
const READER_INTERVAL: Duration = Duration::from_millis(500);

/// What the command line says of a run.
#[derive(Args, Clone, Debug)]
pub(super) struct DevArguments {
    /// Folder of the plugin's crate
    #[arg(value_name = "PLUGIN_DIR", default_value = ".")]
    folder: PathBuf,
    /// Show only events of this name; give it again, or a list with commas, for more
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    events: Vec<String>,
    /// Run no tests
    #[arg(long)]
    no_test: bool,
    /// Build with optimisations
    #[arg(long)]
    release: bool,
    /// Build, test, start, and end when the plugin runs: for scripts
    #[arg(long)]
    once: bool,
    /// Folder of the other extensions' plugins; that of this program or its package by default
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// Stop when standard input ends
    #[arg(long)]
    exit_with_parent: bool,
}

/// Runs until it is interrupted.
pub(super) fn dev(arguments: &DevArguments) -> ExitCode {
    let code = Screen::start()
        .map_err(DevError::system("start a thread for the screen"))
        .and_then(|(screen, _flush)| run(arguments, screen));
    code.unwrap_or_else(|error| {
        output::error_line(&error_chain(&error));
        for line in error.lines() {
            output::note_line(&line);
        }
        error.exit_code()
    })
}

fn run(arguments: &DevArguments, screen: Screen) -> Result<ExitCode, DevError> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder
        .enable_all()
        .build()
        .map_err(DevError::system("start a runtime"))?;
    let wishes = wishes(arguments).map_err(DevError::system("find this program's own file"))?;
    runtime.block_on(async {
        let mut requests = Requests::listen(HangUp::Stops, arguments.exit_with_parent)
            .map_err(DevError::system("wait for signals"))?;
        let mut session = Session::open(wishes, &screen).await?;
        let work = async {
            if arguments.once {
                return session.run_once().await;
            }
            session.run().await;
            ExitCode::SUCCESS
        };
        let code = tokio::select! {
            code = work => code,
            // That is how it is meant to end.
            reason = requests.stop() => {
                screen.show("dev", &format!("{reason}: stopping"));
                ExitCode::SUCCESS
            }
            () = reader_gone() => ExitCode::SUCCESS,
        };
        tokio::select! {
            () = session.stop() => {}
            // The guards end everything by themselves.
            _ = requests.stop() => {}
        }
        Ok(code)
    })
}

fn wishes(arguments: &DevArguments) -> io::Result<Wishes> {
    let host = std::env::current_exe()?;
    let programs = host.parent().unwrap_or(Path::new("/")).to_owned();
    let plugins = match &arguments.plugins {
        Some(folder) => std::path::absolute(folder)?,
        None => folder_of_executable(),
    };
    Ok(Wishes {
        folder: arguments.folder.clone(),
        cargo: Cargo {
            guard: host.clone(),
            is_release: arguments.release,
            has_colours: Terminal::of_stdout().has_colours,
        },
        places: Places {
            host,
            programs,
            plugins,
            events: arguments.events.clone(),
        },
        has_tests: !arguments.no_test,
    })
}

/// Waits until standard output takes nothing any more.
async fn reader_gone() {
    while !output::is_closed() {
        tokio::time::sleep(READER_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: DevArguments,
    }

    #[test]
    fn events_leave_the_folder_alone() {
        let words = ["dev", "--events", "a,b", "--events", "c", "folder"];
        let arguments = Line::try_parse_from(words).unwrap().arguments;
        assert_eq!(arguments.events, ["a", "b", "c"]);
        assert_eq!(arguments.folder, Path::new("folder"));
    }
}
