//! Collects the content of `GET /metrics`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::http::client::HttpClient;
use crate::observe::history::History;
use crate::observe::process;
use crate::observe::prometheus::{self, MetricSink, Shown, Snapshot, Text, visit};
use crate::runtime::extension::Extension;
use crate::runtime::shared::Shared;

/// The sources of the metrics.
pub(crate) struct Metrics {
    shared: Arc<Shared>,
    client: HttpClient,
    store_file: PathBuf,
    history: Arc<History>,
    started: Instant,
}

impl Metrics {
    /// Metrics of `client`, of the extensions in `shared`, of their store in `store_file`, and of `history`.
    #[must_use]
    pub(crate) fn new(
        shared: Arc<Shared>,
        client: HttpClient,
        store_file: PathBuf,
        history: Arc<History>,
    ) -> Self {
        Self {
            shared,
            client,
            store_file,
            history,
            started: Instant::now(),
        }
    }

    /// The response with all metrics as text, as of now.
    #[must_use]
    pub(crate) fn response(&self) -> Response {
        let mut text = Text::default();
        self.visit(&mut text);
        let header = [(CONTENT_TYPE, prometheus::CONTENT_TYPE)];
        (header, text.into_string()).into_response()
    }

    /// Passes all metrics to `sink`, as of now.
    pub(crate) fn visit(&self, sink: &mut impl MetricSink) {
        visit(&self.snapshot(), sink);
        self.history.visit(sink);
    }

    fn snapshot(&self) -> Snapshot {
        let extensions = self.shared.services.bus.extensions();
        let shown = |extension: &Arc<Extension>| Shown {
            status: extension.status(),
            cpu: extension
                .meters
                .thread()
                .and_then(|thread| process::cpu_of(&thread)),
            calls_in_flight: extension.calls(),
            series: extension.meters.series(),
        };
        Snapshot {
            uptime: self.started.elapsed(),
            store_bytes: std::fs::metadata(&self.store_file)
                .ok()
                .map(|file| file.len()),
            disk_free_bytes: process::disk_free_bytes(&self.store_file),
            resident_bytes: process::resident_bytes(),
            open_files: process::open_files(),
            open_files_max: process::open_files_max(),
            http: self.client.counts(),
            own_conditions: self.shared.conditions.get(),
            extensions: extensions.iter().map(shown).collect(),
        }
    }
}
