//! The three processes together: devnet, host, slave.

use std::net::SocketAddr;
use std::process::Command;

use crate::config::MasterOptions;
use crate::observe::{DevnetStatus, Job, ObserveError, SlaveStats};
use crate::ports::own_port;
use crate::process::{Process, ProcessError};
use crate::site::Site;

/// Name of the slave of a stack.
pub const HONEST: &str = "local";

/// A running stack. Dropping it stops the slave first, then the host, then the network.
#[derive(Debug)]
pub struct Stack {
    /// `tig-slave`.
    pub slave: Process,
    /// `tig-host`.
    pub host: Process,
    /// `tig-devnet`.
    pub devnet: Process,
    /// `IP:PORT` of the host.
    pub host_address: String,
    /// `IP:PORT` of the network.
    pub devnet_address: String,
    /// Folder of the stack.
    pub site: Site,
}

/// Speed of the network and strength of the slave.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Milliseconds between blocks.
    pub block_ms: u64,
    /// Nonces that the slave computes at the same time.
    pub workers: usize,
}

/// The stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A process did not start.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The folder of the stack cannot be made.
    #[error(transparent)]
    Site(#[from] crate::site::SiteError),
}

impl Stack {
    /// Starts all three in `site`; the host's config is written first.
    ///
    /// # Errors
    /// One of them does not start.
    pub fn start(site: Site, options: &MasterOptions, pace: Pace) -> Result<Self, StartError> {
        let mut devnet = site.spawn("tig-devnet", &mut site.devnet(0, pace.block_ms))?;
        let devnet_address = devnet.address()?;
        // A host that starts again listens on the same port.
        site.write_config(options, &format!("http://{devnet_address}"), own_port())?;
        let mut host = site.spawn("tig-host", &mut site.host())?;
        let host_address = host.address()?;
        let mut slave = site.slave(&host_address, HONEST, pace.workers);
        let slave = site.spawn("tig-slave", &mut slave)?;
        Ok(Self {
            slave,
            host,
            devnet,
            host_address,
            devnet_address,
            site,
        })
    }

    /// Starts the host again at its address, after it has ended.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart_host(&mut self, options: &MasterOptions) -> Result<(), StartError> {
        self.restart_host_as(self.site.host(), options)
    }

    /// As [`Stack::restart_host`], by another command than usual.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart_host_as(
        &mut self,
        host: Command,
        options: &MasterOptions,
    ) -> Result<(), StartError> {
        self.begin_host_as(host, options)?;
        self.host_address = self.host.address()?;
        Ok(())
    }

    /// As [`Stack::restart_host`], but does not wait until it listens.
    ///
    /// # Errors
    /// It does not start.
    pub fn begin_host(&mut self, options: &MasterOptions) -> Result<(), StartError> {
        self.begin_host_as(self.site.host(), options)
    }

    fn begin_host_as(
        &mut self,
        mut host: Command,
        options: &MasterOptions,
    ) -> Result<(), StartError> {
        let port = self
            .host_address
            .parse()
            .map_or(0, |address: SocketAddr| address.port());
        let api_url = format!("http://{}", self.devnet_address);
        self.site.write_config(options, &api_url, port)?;
        self.host = self.site.spawn("tig-host", &mut host)?;
        Ok(())
    }

    /// Says whether all three still run.
    ///
    /// # Errors
    /// The first one that has ended.
    pub fn check_running(&mut self) -> Result<(), ProcessError> {
        for process in self.processes() {
            process.check_running()?;
        }
        Ok(())
    }

    /// Host, slave and network.
    pub fn processes(&mut self) -> [&mut Process; 3] {
        [&mut self.host, &mut self.slave, &mut self.devnet]
    }

    /// How far the network sees each benchmark.
    ///
    /// # Errors
    /// No answer.
    pub fn status(&self) -> Result<DevnetStatus, ObserveError> {
        DevnetStatus::fetch(&self.devnet_address)
    }

    /// The host's jobs.
    ///
    /// # Errors
    /// No answer.
    pub fn jobs(&self) -> Result<Vec<Job>, ObserveError> {
        Job::fetch_all(&self.host_address)
    }

    /// The slaves that the host knows.
    ///
    /// # Errors
    /// No answer.
    pub fn slaves(&self) -> Result<SlaveStats, ObserveError> {
        SlaveStats::fetch(&self.host_address)
    }
}
