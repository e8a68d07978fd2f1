//! The module of a job: from memory, from the algorithms folder, or from its URL.
//!
//! Invariant: a job's first batch asks the URL whether its module changed (an id does not promise its bytes, and wrong
//! bytes give wrong runtime signatures); later batches of the job use the same bytes. Without an answer there is no module.

mod content;
mod download;
mod index;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tig_http_client::Trust;
use tig_protocol::Batch;
use tig_worker::{Algorithm, BadModule, Cache};

pub(crate) use self::content::write_whole;

use self::content::ContentId;
use self::download::{Answer, DownloadError};
use self::index::{Index, Pins, Source, Validators};
use crate::found::describe;
use crate::name::SlaveName;

/// Compiled modules kept in memory; there are four challenges, and a selection of algorithms changes rarely.
const COMPILED_MAX: usize = 8;
/// File of the index inside the algorithms folder.
const INDEX_FILE: &str = "index.json";
/// Folder of machine code inside the algorithms folder, so that a restart need not compile again.
const COMPILED_FOLDER: &str = "compiled";
/// First bytes of every module: magic and version 1 of the binary format.
const WASM_HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// A module that was checked and compiled.
#[derive(Debug, Clone)]
pub(crate) struct Module {
    /// File of the module, for an external worker.
    pub(crate) path: PathBuf,
    /// Code of the module, for the built-in worker.
    pub(crate) algorithm: Algorithm,
}

/// A batch has no module.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WasmError {
    #[error("cannot download the module")]
    Download(#[from] DownloadError),
    #[error("the download is not a WASM module: the server sent {found}")]
    NotWasm { found: String },
    #[error("cannot compile the module")]
    Compile(#[source] BadModule),
    #[error("cannot use the algorithms folder")]
    Folder(#[from] io::Error),
    #[error("a module check was cut off")]
    CutOff(#[source] tokio::task::JoinError),
}

/// All modules of one slave.
#[derive(Debug)]
pub(crate) struct WasmStore {
    folder: PathBuf,
    client: reqwest::Client,
    index: Index,
    pins: Pins,
    compiled: VecDeque<(ContentId, Module)>,
    is_cache_fault_logged: Arc<AtomicBool>,
}

impl WasmStore {
    /// Opens `folder`, which must exist. An index that cannot be read costs a download per module, so an empty one takes its place.
    pub(crate) fn open(folder: PathBuf, name: &SlaveName, trust: &Trust) -> reqwest::Result<Self> {
        let index = std::fs::read(folder.join(INDEX_FILE))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        let client = download::client(name, trust)?;
        Ok(Self {
            folder,
            client,
            index,
            pins: Pins::default(),
            compiled: VecDeque::new(),
            is_cache_fault_logged: Arc::default(),
        })
    }

    /// The module that `batch` runs.
    pub(crate) async fn module_for(&mut self, batch: &Batch) -> Result<Module, WasmError> {
        let source = Source {
            algorithm_id: batch.settings.algorithm_id.clone(),
            download_url: batch.download_url.clone(),
        };
        if let Some(content) = self.pins.get(&batch.benchmark_id, &source)
            && let Some(module) = self.module(content).await?
        {
            return Ok(module);
        }
        let (content, module) = self.revalidate(&source).await?;
        self.pins.put(&batch.benchmark_id, source, content);
        Ok(module)
    }

    /// Asks the URL, and takes over what it holds now.
    async fn revalidate(&mut self, source: &Source) -> Result<(ContentId, Module), WasmError> {
        let known = self.index.get(source).cloned();
        let held = match &known {
            Some(entry) => self
                .module(entry.content)
                .await?
                .map(|module| (entry.content, module)),
            None => None,
        };
        let validators = known
            .filter(|_| held.is_some())
            .map(|entry| entry.validators)
            .unwrap_or_default();
        match download::fetch(&self.client, &source.download_url, &validators).await? {
            Answer::NotModified => {
                held.ok_or(DownloadError::Status(reqwest::StatusCode::NOT_MODIFIED).into())
            }
            Answer::Bytes { bytes, validators } => self.take(source, bytes, validators).await,
        }
    }

    /// Checks what was downloaded, and only then keeps it.
    async fn take(
        &mut self,
        source: &Source,
        bytes: Vec<u8>,
        validators: Validators,
    ) -> Result<(ContentId, Module), WasmError> {
        let folder = self.folder.clone();
        let is_logged = Arc::clone(&self.is_cache_fault_logged);
        let (content, module) = blocking(move || {
            let content = ContentId::of(&bytes);
            let module = compile(&folder, content, &bytes, &is_logged)?;
            if content::load(&folder, content)?.is_none() {
                content::write_whole(&module.path, &bytes)?;
            }
            Ok((content, module))
        })
        .await?;
        tracing::info!(algorithm_id = source.algorithm_id, %content, "module downloaded");
        self.keep_compiled(content, &module);
        self.index.put(source.clone(), content, validators);
        // Slaves that share the folder overwrite each other's index: what is lost is asked for again.
        let text = serde_json::to_vec(&self.index).map_err(io::Error::from)?;
        let path = self.folder.join(INDEX_FILE);
        let written = blocking(move || Ok(content::write_whole(&path, &text)?)).await;
        // A full disk costs the batch nothing for which everything is at hand.
        if let Err(error) = written {
            let error = tig_process::error_chain::error_chain(&error);
            tracing::warn!(
                file = INDEX_FILE,
                error,
                "cannot keep the index of modules; they are asked for again"
            );
        }
        Ok((content, module))
    }

    /// The module with this content, unless its file is missing or damaged.
    async fn module(&mut self, content: ContentId) -> Result<Option<Module>, WasmError> {
        if let Some((_, module)) = self.compiled.iter().find(|(known, _)| *known == content)
            && module.path.is_file()
        {
            return Ok(Some(module.clone()));
        }
        let folder = self.folder.clone();
        let is_logged = Arc::clone(&self.is_cache_fault_logged);
        let loaded = blocking(move || {
            content::load(&folder, content)?
                .map(|bytes| compile(&folder, content, &bytes, &is_logged))
                .transpose()
        });
        let module = loaded.await?;
        if let Some(module) = &module {
            self.keep_compiled(content, module);
        }
        Ok(module)
    }

    fn keep_compiled(&mut self, content: ContentId, module: &Module) {
        self.compiled.retain(|(known, _)| *known != content);
        self.compiled.push_back((content, module.clone()));
        while self.compiled.len() > COMPILED_MAX {
            self.compiled.pop_front();
        }
    }
}

/// The log has the fault of a cache once, however many modules are tried.
fn compile(
    folder: &Path,
    content: ContentId,
    bytes: &[u8],
    is_cache_fault_logged: &AtomicBool,
) -> Result<Module, WasmError> {
    if !bytes.starts_with(WASM_HEADER) {
        return Err(WasmError::NotWasm {
            found: describe(bytes),
        });
    }
    // Said before and after: a large module takes a minute unless its machine code is kept.
    tracing::info!(%content, bytes = bytes.len(), "loading module");
    let start = Instant::now();
    let algorithm = match Cache::open(&folder.join(COMPILED_FOLDER)) {
        Ok(cache) => Algorithm::load(bytes, &cache),
        Err(error) => {
            if !is_cache_fault_logged.swap(true, Ordering::Relaxed) {
                tracing::warn!(%error, "cannot keep machine code in the algorithms folder; each start compiles the modules again");
            }
            Algorithm::compile(bytes)
        }
    }
    .map_err(WasmError::Compile)?;
    let ms = start.elapsed().as_millis();
    tracing::info!(%content, %ms, "module loaded");
    Ok(Module {
        path: content.path_in(folder),
        algorithm,
    })
}

/// Files and compilation stay off the threads that serve sockets.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WasmError> + Send + 'static,
) -> Result<T, WasmError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(WasmError::CutOff)?
}
