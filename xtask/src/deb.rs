//! `cargo xtask deb`: the Debian packages `tig-host` and `tig-slave`.
//!
//! What they hold is in the `Cargo.toml` of the two programs; here it is built, stripped, sealed and laid where cargo-deb looks for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tig_system_tests::{DASHBOARD, NOTIFIER, PLUGINS, plugin_file_name};

use crate::output::result;
use crate::workspace::{Workspace, read, run};
use crate::{Result, tools};

/// Where packaged files lie, in the folder of a profile.
const STAGE: &str = "deb";
/// What the config of an installed host says of folders; the unit makes them.
const FOLDERS: [(&str, &str); 3] = [
    ("backup_folder", "/var/lib/tig-host"),
    ("plugin_cache_folder", "/var/cache/tig-host"),
    ("plugin_folder", "/usr/lib/tig-host/plugins"),
];
/// Shells, and the names of the files in which they look for completions.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "tig-host"),
    ("zsh", "_tig-host"),
    ("fish", "tig-host.fish"),
];

/// Settings of the packages.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Cargo's profile
    #[arg(long, default_value = "release")]
    profile: String,
    /// Folder of the packages [default: target/debian]
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Version of the packages [default: that of the workspace]
    #[arg(long, value_name = "VERSION")]
    deb_version: Option<String>,
    /// Package what was built before
    #[arg(long)]
    no_build: bool,
    /// Compress less: larger packages, sooner
    #[arg(long)]
    fast: bool,
}

/// Builds both packages, and prints their paths.
pub(crate) fn run_with(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    if !options.no_build {
        build(&workspace, &options.profile)?;
    }
    let built = Built::new(&workspace, &options.profile);
    built.stage_host(&workspace)?;
    built.stage_slave()?;
    let output = options.output.clone();
    let output = output.unwrap_or_else(|| workspace.target.join("debian"));
    fs::create_dir_all(&output)?;
    for name in ["tig-host", "tig-slave"] {
        package(&workspace, options, name, &output)?;
    }
    Ok(())
}

fn extensions() -> impl Iterator<Item = &'static str> {
    PLUGINS.into_iter().chain([DASHBOARD, NOTIFIER])
}

fn build(workspace: &Workspace, profile: &str) -> Result<()> {
    let programs = ["tig-host", "tig-slave", "tig-worker"];
    let names: Vec<&str> = programs.into_iter().chain(extensions()).collect();
    run(workspace
        .cargo_for("build", &names)
        .args(["--profile", profile]))
}

fn package(workspace: &Workspace, options: &Options, name: &str, output: &Path) -> Result<()> {
    let mut command = Command::new(tools::cargo_deb(workspace)?);
    command
        .current_dir(&workspace.root)
        .args(["-p", name, "--no-build", "--no-strip", "--quiet"])
        .args(["--profile", &options.profile])
        .arg("--output")
        .arg(output);
    if options.fast {
        command.arg("--fast");
    }
    if let Some(version) = &options.deb_version {
        command.args(["--deb-version", version]);
    }
    result(read(&mut command)?.trim());
    Ok(())
}

/// What was built in a profile, and where it is laid for the packages.
struct Built {
    folder: PathBuf,
    stage: PathBuf,
}

impl Built {
    fn new(workspace: &Workspace, profile: &str) -> Self {
        // Cargo's name for the folder of `dev`.
        let folder = if profile == "dev" { "debug" } else { profile };
        let folder = workspace.target.join(folder);
        let stage = folder.join(STAGE);
        Self { folder, stage }
    }

    fn stage_host(&self, workspace: &Workspace) -> Result<()> {
        let stage = self.emptied("host")?;
        let host = stage.join("tig-host");
        self.strip("tig-host", &host)?;
        let plugins = stage.join("plugins");
        fs::create_dir(&plugins)?;
        for extension in extensions() {
            let name = plugin_file_name(extension);
            let plugin = plugins.join(&name);
            self.strip(&name, &plugin)?;
            run(Command::new(&host).args(["plugin", "seal"]).arg(plugin))?;
        }
        let manual = stage.join("man");
        run(Command::new(&host).arg("man").arg(&manual))?;
        run(Command::new("gzip").args(["-9nr"]).arg(manual))?;
        let completions = stage.join("completions");
        fs::create_dir(&completions)?;
        for (shell, name) in SHELLS {
            let script = read(Command::new(&host).args(["completions", shell]))?;
            fs::write(completions.join(name), script)?;
        }
        let example = fs::read(workspace.root.join("config.example.json"))?;
        let config = installed_config(serde_json::from_slice(&example)?);
        fs::write(stage.join("config.example.json"), format!("{config:#}\n"))?;
        Ok(())
    }

    fn stage_slave(&self) -> Result<()> {
        let stage = self.emptied("slave")?;
        for program in ["tig-slave", "tig-worker"] {
            self.strip(program, &stage.join(program))?;
        }
        Ok(())
    }

    fn emptied(&self, name: &str) -> Result<PathBuf> {
        let stage = self.stage.join(name);
        if stage.exists() {
            fs::remove_dir_all(&stage)?;
        }
        fs::create_dir_all(&stage)?;
        Ok(stage)
    }

    /// Copies a file without debug information. Seals come later: they are of the whole file.
    fn strip(&self, name: &str, to: &Path) -> Result<()> {
        let mut command = Command::new("strip");
        command.arg("--strip-unneeded").arg("-o").arg(to);
        run(command.arg(self.folder.join(name)))
    }
}

/// The example with the folders of an installed host.
fn installed_config(mut example: Value) -> Value {
    for (key, folder) in FOLDERS {
        example[key] = json!(folder);
    }
    example
}
