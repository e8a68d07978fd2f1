//! What an extension shows to its operator. The dashboard and `tig-host` render panels without knowing their extension.
//!
//! An extension contributes a panel by a route `GET /operator/panel/<name>` that replies with the JSON of a [`Panel`]. The
//! name of the panel is the last part of the path. The query may have `id=ID`, for what the panel shows of one thing,
//! and `find=TEXT`, `offset=N` and `limit=N` for its rows. Names from outside may stand in every text: renderers escape them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Path under which the routes of panels are.
pub const PANEL_PATH: &str = "/operator/panel/";

/// Rows of a table when the query does not say how many.
pub const ROWS_COUNT_DEFAULT: usize = 200;

/// Body of the reply of a panel's route.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Panel {
    /// Heading: `Slaves`.
    pub title: String,
    /// Panels are shown in ascending order; the stock ones have 10, 20, ...
    #[serde(default)]
    pub order: u32,
    /// From top to bottom.
    pub widgets: Vec<Widget>,
}

/// One part of a [`Panel`]. Renderers leave out kinds that they do not know.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Widget {
    /// A few values, each with its label.
    Figures {
        /// Heading, or empty.
        #[serde(default)]
        title: String,
        /// From left to right.
        figures: Vec<Figure>,
    },
    /// Rows that people search, sort and act on.
    Table(Table),
    /// How many of each group have come how far.
    Funnel {
        /// Heading, or empty.
        #[serde(default)]
        title: String,
        /// One row of bars for each.
        groups: Vec<FunnelGroup>,
    },
    /// When each of several things began and ended.
    Timeline {
        /// Heading, or empty.
        #[serde(default)]
        title: String,
        /// From top to bottom.
        lanes: Vec<Lane>,
    },
    /// Values over two whole numbers, such as a grid of difficulties.
    HeatMap(HeatMap),
    /// Metrics over time, from the host's history.
    Plot {
        /// Heading.
        title: String,
        /// Unit of the values, or empty.
        #[serde(default)]
        unit: String,
        /// Lines of the plot.
        series: Vec<PlotSeries>,
    },
    /// A kind that only newer renderers know.
    #[serde(other)]
    Unknown,
}

/// A value with its label.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub label: String,
    /// A number, a text, or null if it is not known.
    pub value: Value,
    /// How it is written.
    #[serde(default)]
    pub format: Format,
    /// Some more words, or empty.
    #[serde(default)]
    pub note: String,
}

impl Figure {
    /// A figure without a note.
    #[must_use]
    pub fn new(label: &str, value: Value, format: Format) -> Self {
        Self {
            label: label.to_owned(),
            value,
            format,
            note: String::new(),
        }
    }

    /// The figure with a note.
    #[must_use]
    pub fn with_note(self, note: impl Into<String>) -> Self {
        let note = note.into();
        Self { note, ..self }
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As it is.
    #[default]
    Text,
    /// A number, in groups of three digits.
    Number,
    /// A number per second.
    Rate,
    /// A part of one, written in percent.
    Share,
    /// An amount in the network's token.
    Amount,
    /// A number of bytes.
    Bytes,
    /// A duration in milliseconds.
    Duration,
    /// A point in time in Unix milliseconds.
    Time,
    /// One of a few words; see [`Tone`] of the row for its colour.
    State,
    /// A long id, of which the beginning is shown.
    Id,
}

/// A table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Table {
    /// Heading, or empty.
    #[serde(default)]
    pub title: String,
    /// From left to right.
    pub columns: Vec<Column>,
    /// In the order in which they are shown first.
    pub rows: Vec<Row>,
    /// Number of rows that match the query, with those that are left out.
    pub rows_total: u64,
    /// Shown in place of no rows.
    #[serde(default)]
    pub empty: String,
}

/// A column of a [`Table`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Column {
    /// Key of its cells in [`Row::cells`].
    pub key: String,
    /// Heading.
    pub label: String,
    /// How its cells are written.
    #[serde(default)]
    pub format: Format,
}

impl Column {
    /// A column.
    #[must_use]
    pub fn new(key: &str, label: &str, format: Format) -> Self {
        Self {
            key: key.to_owned(),
            label: label.to_owned(),
            format,
        }
    }
}

/// A row of a [`Table`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Row {
    /// What it is about; unique in its table. With `id=` of it, the panel shows the row's details.
    pub id: String,
    /// By the key of the column.
    pub cells: BTreeMap<String, Value>,
    /// Its colour.
    #[serde(default)]
    pub tone: Tone,
    /// Whether the panel has details of it.
    #[serde(default)]
    pub has_details: bool,
    /// What can be done with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

impl Row {
    /// A row with these cells, by the keys of their columns.
    #[must_use]
    pub fn new<'a>(
        id: impl Into<String>,
        cells: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Self {
        let cells = cells.into_iter();
        Self {
            id: id.into(),
            cells: cells.map(|(key, value)| (key.to_owned(), value)).collect(),
            ..Self::default()
        }
    }

    /// The row in another colour.
    #[must_use]
    pub fn with_tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// What a colour means; renderers add a sign or word, since not everybody sees colours.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Nothing special.
    #[default]
    Neutral,
    /// As it should be.
    Good,
    /// Look at it.
    Warning,
    /// Act.
    Bad,
}

/// A command of an extension that the operator may call; the dashboard shows it to operators with the token.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Action {
    /// Text of the button.
    pub label: String,
    /// The extension.
    pub extension: String,
    /// Its command.
    pub command: String,
    /// Arguments of the command, as a JSON object.
    pub arguments: Value,
    /// Question before the call, or empty for none.
    #[serde(default)]
    pub confirm: String,
}

/// A group of a funnel.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct FunnelGroup {
    /// Name: a challenge.
    pub name: String,
    /// From the first to the last; each is a part of the one before.
    pub stages: Vec<FunnelStage>,
    /// Some more words, such as the fees, or empty.
    #[serde(default)]
    pub note: String,
}

/// A stage of a [`FunnelGroup`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct FunnelStage {
    /// Name: `benchmark`.
    pub name: String,
    /// How many have come so far; `None` if it is not known.
    pub count: Option<u64>,
}

/// A lane of a timeline.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Lane {
    /// What it is about.
    pub id: String,
    /// What is written before it.
    pub label: String,
    /// In order of time.
    pub steps: Vec<Step>,
}

/// A step of a [`Lane`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Step {
    /// What happened, or happens.
    pub label: String,
    /// Unix milliseconds.
    pub begin_ms: u64,
    /// Unix milliseconds; `None` while it goes on. Equal to `begin_ms` for a moment.
    pub end_ms: Option<u64>,
    /// Its colour.
    #[serde(default)]
    pub tone: Tone,
}

/// A heat map.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct HeatMap {
    /// Heading.
    pub title: String,
    /// What goes from left to right.
    pub x_label: String,
    /// What goes from bottom to top.
    pub y_label: String,
    /// What a cell's value is.
    pub value_label: String,
    /// `[x, y, value]`.
    pub cells: Vec<(i64, i64, f64)>,
    /// Lines over the cells: frontiers.
    #[serde(default)]
    pub lines: Vec<Points>,
    /// Single points over the cells: our own benchmarks.
    #[serde(default)]
    pub marks: Vec<Points>,
}

/// Points of a heat map with one meaning.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Points {
    /// What they are.
    pub label: String,
    /// `[x, y]`.
    pub points: Vec<(i64, i64)>,
}

/// A line of a plot.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PlotSeries {
    /// What it is.
    pub label: String,
    /// Name of the metric in `GET /metrics`.
    pub metric: String,
    /// Labels that the metric's series must have. All series that have them are added up.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whether the change per second of a counter is shown, not its value.
    #[serde(default)]
    pub is_rate: bool,
}

impl PlotSeries {
    /// A line of the metric's values, of the series that have these labels.
    #[must_use]
    pub fn new(label: &str, metric: &str, labels: &[(&str, &str)]) -> Self {
        let labels = labels.iter();
        Self {
            label: label.to_owned(),
            metric: metric.to_owned(),
            labels: labels
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            is_rate: false,
        }
    }

    /// The line of the change per second.
    #[must_use]
    pub fn per_second(self) -> Self {
        Self {
            is_rate: true,
            ..self
        }
    }
}
