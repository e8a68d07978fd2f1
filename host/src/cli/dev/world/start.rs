//! Starts what runs in a world.

use std::ffi::OsString;
use std::os::unix::fs::symlink;

use serde_json::{Map, Value};

use super::super::child::{Lines, Program};
use super::super::description::{self, Companion, HOST, Ready};
use super::super::error::DevError;
use super::super::event_lines::EventLines;
use super::super::host_log;
use super::super::launch::{Launch, needs_host};
use super::super::placeholders::Values;
use super::super::run_folder::{BACKUP, PLUGINS};
use super::super::running::{ADDRESS, Running};
use super::{World, write_private};

/// Beginning of the host's first line.
const HOST_READY: &str = "listening on ";

impl World {
    /// Starts the programs and the host, once the plugin is in its place.
    pub(in super::super) async fn start(&mut self) -> Result<(), DevError> {
        let companions = self.description.companions.clone();
        let (after, before): (Vec<_>, Vec<_>) = companions.iter().partition(|it| needs_host(it));
        for companion in before {
            self.start_companion(companion).await?;
        }
        self.start_host().await?;
        for companion in after {
            self.start_companion(companion).await?;
        }
        Ok(())
    }

    async fn start_companion(&mut self, companion: &Companion) -> Result<(), DevError> {
        let launch = Launch::prepare(companion, &self.places.programs, &self.values)?;
        let program = Program {
            file: &launch.file,
            arguments: launch.arguments,
            folder: self.folder.path(),
            is_local: true,
        };
        let name = &companion.name;
        let started = Running::start(name, &program, &self.places.host, Lines::keep_in);
        let (running, output) = started?;
        let ready = launch.ready.as_ref();
        let said = self.wait_ready(running, output, ready).await?;
        let address = said.get(ADDRESS);
        let text = address.map_or_else(|| "runs".to_owned(), |it| format!("runs at {it}"));
        self.screen.show(name, &text);
        Ok(())
    }

    /// Adds a program to those that run, and what it says of itself to the values.
    async fn wait_ready(
        &mut self,
        mut running: Running,
        output: Lines,
        ready: Option<&Ready>,
    ) -> Result<Values, DevError> {
        let said = running.ready(output, ready).await;
        let name = running.name.clone();
        // Also if it is not ready, since it must be stopped then.
        self.running.push(running);
        let said = said?;
        let named = said.iter();
        let named = named.map(|(key, value)| (format!("{name}.{key}"), value.clone()));
        self.values.extend(named);
        Ok(said)
    }

    async fn start_host(&mut self) -> Result<(), DevError> {
        let config = self.config()?;
        for name in description::extensions(&config) {
            self.link_plugin(name).await?;
        }
        let file = self.path("config.json");
        let written = write_private(&file, &format!("{:#}\n", Value::Object(config)));
        written.map_err(DevError::system("write the host's config"))?;
        let arguments = ["--log-format", "json", "--exit-with-parent"];
        let mut arguments: Vec<OsString> = arguments.map(OsString::from).into();
        arguments.insert(0, file.into());
        let program = Program {
            file: &self.places.host,
            arguments,
            folder: self.folder.path(),
            is_local: true,
        };
        let (plugin, screen) = (self.plugin.clone(), self.screen.clone());
        let read = |lines, tail| host_log::show(lines, plugin, screen, tail);
        let (running, output) = Running::start(HOST, &program, &self.places.host, read)?;
        let ready = Ready::Line(HOST_READY.to_owned());
        let mut said = self.wait_ready(running, output, Some(&ready)).await?;
        let url = said.remove(ADDRESS).unwrap_or_default();
        let address = url.split_once("://").map_or(url.as_str(), |(_, it)| it);
        self.values
            .insert(format!("{HOST}.{ADDRESS}"), address.to_owned());
        self.screen.show(HOST, &format!("runs at {url}"));
        self.follow_events();
        Ok(())
    }

    fn follow_events(&mut self) {
        let events = EventLines {
            place: self.place(),
            names: self.places.events.clone(),
            handlers: self.handlers.clone(),
            screen: self.screen.clone(),
        };
        self.events = Some(tokio::spawn(events.follow()));
    }

    fn config(&self) -> Result<Map<String, Value>, DevError> {
        let mut config = self.description.config(&self.plugin, &self.values)?;
        config.insert("backup_folder".to_owned(), BACKUP.into());
        config.insert("plugin_folder".to_owned(), PLUGINS.into());
        config.entry("port").or_insert(0.into());
        Ok(config)
    }

    async fn link_plugin(&self, extension: &str) -> Result<(), DevError> {
        if extension == self.plugin {
            return Ok(());
        }
        let file_name = crate::config::plugin_file_name(extension);
        let path = self.places.plugins.join(file_name);
        if !path.exists() {
            let name = extension.to_owned();
            return Err(DevError::Plugin { name, path });
        }
        let link = self.plugin_file(extension);
        symlink(&path, &link).map_err(DevError::system(format!("write {}", link.display())))?;
        self.handlers.read(extension, path).await;
        Ok(())
    }
}
