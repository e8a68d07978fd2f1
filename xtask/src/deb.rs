//! `cargo xtask deb`: the Debian packages `tig-host`, `tig-slave` and `compute-horde`.
//!
//! What they hold is in the `Cargo.toml` of the three programs; here it is built, stripped, sealed and laid where cargo-deb looks for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use horde_system_tests::{EXTENSIONS, LANGUAGE_EXTENSIONS};
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
/// The package with the host, and the one of a validator that needs it.
const HOST: &str = "tig-host";
const VALIDATOR: &str = "compute-horde";
/// In the template of `.env`: the folder of wallets, and the one of an installed validator, in its own folder.
const WALLETS: (&str, &str) = (
    "BITTENSOR_WALLET_DIRECTORY=~/.bittensor/wallets",
    "BITTENSOR_WALLET_DIRECTORY=wallets",
);

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

/// Builds the packages, and prints their paths.
pub(crate) fn run_with(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    if !options.no_build {
        build(&workspace, &options.profile)?;
    }
    let built = Built::new(&workspace, &options.profile);
    built.stage_host(&workspace)?;
    built.stage_slave()?;
    built.stage_validator(&workspace)?;
    let output = options.output.clone();
    let output = output.unwrap_or_else(|| workspace.target.join("debian"));
    fs::create_dir_all(&output)?;
    for name in [HOST, "tig-slave", VALIDATOR] {
        let path = package(&workspace, options, name, &output)?;
        if name == VALIDATOR {
            depend_on_own_version(&path, &built.emptied("unpacked")?, options.fast)?;
        }
        result(&path.display().to_string());
    }
    Ok(())
}

fn extensions() -> impl Iterator<Item = &'static str> {
    PLUGINS.into_iter().chain([DASHBOARD, NOTIFIER])
}

fn validator_extensions() -> impl Iterator<Item = &'static str> {
    EXTENSIONS.into_iter().chain(LANGUAGE_EXTENSIONS)
}

fn build(workspace: &Workspace, profile: &str) -> Result<()> {
    let programs = [HOST, "tig-slave", "tig-worker", VALIDATOR];
    let extensions = extensions().chain(validator_extensions());
    let names: Vec<&str> = programs.into_iter().chain(extensions).collect();
    run(workspace
        .cargo_for("build", &names)
        .args(["--profile", profile]))
}

/// The path of the package that is made.
fn package(workspace: &Workspace, options: &Options, name: &str, output: &Path) -> Result<PathBuf> {
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
    Ok(PathBuf::from(read(&mut command)?.trim()))
}

/// Lets a package that needs the host take that of its own version only, for which cargo-deb has no word: packs it again.
fn depend_on_own_version(package: &Path, unpacked: &Path, fast: bool) -> Result<()> {
    let dpkg = || Command::new("dpkg-deb");
    run(dpkg().arg("--raw-extract").args([package, unpacked]))?;
    let control = unpacked.join("DEBIAN/control");
    let text = fs::read_to_string(&control)?;
    fs::write(&control, with_own_version(&text)?)?;
    let level = if fast { "-z1" } else { "-z6" };
    run(dpkg()
        .args(["--root-owner-group", "-Zxz", level, "--build"])
        .args([unpacked, package])
        // It names the package that it makes, as we do.
        .stdout(Stdio::null()))
}

/// The text of a control file, with the version of the package behind the name of the host among its dependencies.
fn with_own_version(control: &str) -> Result<String> {
    let field = |name: &str| control.lines().find_map(|line| line.strip_prefix(name));
    let (Some(version), Some(depends)) = (field("Version: "), field("Depends: ")) else {
        return Err("the control file has no Version or Depends".into());
    };
    let needs_host = |word: &str| word.trim() == HOST;
    if !depends.split(',').any(needs_host) {
        return Err(format!("the package does not depend on {HOST}: {depends}").into());
    }
    let words = depends.split(',').map(|word| match needs_host(word) {
        true => format!("{HOST} (= {version})"),
        false => word.trim().to_owned(),
    });
    let words: Vec<String> = words.collect();
    let line = format!("Depends: {depends}\n");
    Ok(control.replace(&line, &format!("Depends: {}\n", words.join(", "))))
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
        let host = stage.join(HOST);
        self.strip(HOST, &host)?;
        self.stage_plugins(&stage, extensions())?;
        stage_documents(&stage, &[HOST])?;
        let example = fs::read(workspace.root.join("config.example.json"))?;
        let config = installed_config(serde_json::from_slice(&example)?);
        fs::write(stage.join("config.example.json"), format!("{config:#}\n"))?;
        Ok(())
    }

    fn stage_slave(&self) -> Result<()> {
        let stage = self.emptied("slave")?;
        let programs = ["tig-slave", "tig-worker"];
        for program in programs {
            self.strip(program, &stage.join(program))?;
        }
        stage_documents(&stage, &programs)
    }

    fn stage_validator(&self, workspace: &Workspace) -> Result<()> {
        let stage = self.emptied("horde")?;
        self.strip(VALIDATOR, &stage.join(VALIDATOR))?;
        self.stage_plugins(&stage, validator_extensions())?;
        stage_documents(&stage, &[VALIDATOR])?;
        let template = fs::read_to_string(workspace.root.join(".env.template"))?;
        Ok(fs::write(stage.join("env"), installed_env(&template)?)?)
    }

    /// Seals need the program of the host, which is laid down before.
    fn stage_plugins(
        &self,
        stage: &Path,
        extensions: impl Iterator<Item = &'static str>,
    ) -> Result<()> {
        let host = self.stage.join("host").join(HOST);
        let plugins = stage.join("plugins");
        fs::create_dir(&plugins)?;
        for extension in extensions {
            let name = plugin_file_name(extension);
            let plugin = plugins.join(&name);
            self.strip(&name, &plugin)?;
            run(Command::new(&host).args(["plugin", "seal"]).arg(plugin))?;
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

/// Manual pages of programs in `stage`, and what they print for each shell, in files of the names that the shells look for.
fn stage_documents(stage: &Path, programs: &[&str]) -> Result<()> {
    let (manual, completions) = (stage.join("man"), stage.join("completions"));
    fs::create_dir(&completions)?;
    for program in programs {
        let command = || Command::new(stage.join(program));
        run(command().arg("man").arg(&manual))?;
        for (shell, name) in [
            ("bash", (*program).to_owned()),
            ("zsh", format!("_{program}")),
            ("fish", format!("{program}.fish")),
        ] {
            let script = read(command().args(["completions", shell]))?;
            fs::write(completions.join(name), script)?;
        }
    }
    run(Command::new("gzip").args(["-9nr"]).arg(manual))
}

/// The template of `.env` with the folder of wallets of an installed validator.
fn installed_env(template: &str) -> Result<String> {
    let (former, installed) = WALLETS;
    if !template.contains(former) {
        return Err(format!(".env.template has no {former}").into());
    }
    Ok(template.replace(former, installed))
}

/// The example with the folders of an installed host.
fn installed_config(mut example: Value) -> Value {
    for (key, folder) in FOLDERS {
        example[key] = json!(folder);
    }
    example
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validator_depends_on_host_of_its_version() {
        let control = "Package: compute-horde\nVersion: 1.2-1\nDepends: libc6 (>= 2.34), tig-host\nDescription: d\n";
        let text = with_own_version(control).unwrap();
        let expected = control.replace("tig-host\n", "tig-host (= 1.2-1)\n");
        assert_eq!(text, expected);
        let without = control.replace(", tig-host", "");
        let error = with_own_version(&without).unwrap_err().to_string();
        assert!(error.contains("does not depend on tig-host"), "{error}");
    }
}
