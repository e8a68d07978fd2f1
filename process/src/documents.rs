//! What shells and manuals know of a program's command line: two commands of each program.

use std::io;
use std::path::PathBuf;

use clap::Subcommand;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::output;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Documents {
    /// Prints a script by which a shell completes words of this program
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the manual page; with FOLDER, writes it there with those of the subcommands
    Man {
        /// Where the pages are written
        // Another name than `--folder` of a program.
        #[arg(value_name = "FOLDER")]
        pages: Option<PathBuf>,
    },
}

impl Documents {
    /// Prints or writes what is asked of the program of `command`.
    ///
    /// # Errors
    ///
    /// A page, or standard output, cannot be written.
    pub fn write(&self, mut command: clap::Command) -> io::Result<()> {
        let mut text = Vec::new();
        match self {
            Self::Completions { shell } => {
                let program = command.get_name().to_owned();
                clap_complete::generate(*shell, &mut command, program, &mut text);
            }
            Self::Man { pages: None } => Man::new(command).render(&mut text)?,
            Self::Man {
                pages: Some(folder),
            } => {
                let written = std::fs::create_dir_all(folder)
                    .and_then(|()| clap_mangen::generate_to(command, folder));
                return written.map_err(|error| {
                    let text = format!("cannot write pages into {}: {error}", folder.display());
                    io::Error::new(error.kind(), text)
                });
            }
        }
        output::line(String::from_utf8_lossy(&text).trim_end());
        output::check().map_err(io::Error::other)
    }
}
