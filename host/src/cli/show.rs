//! `tig-host panel`, and panels by their own names.

use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use tig_plugin_api::panel::{Panel, PlotSeries, Widget};

use super::admin::{AdminError, Where};
use super::client::{OperatorClient, path_part, runtime};
use super::output;
use super::panel::format::Formatter;
use super::panel::plot::{Histories, rates, sum};
use super::panel::{Canvas, lines, rows};
use super::terminal::{Terminal, now_ms};
use crate::control::report::PanelsReport;

/// Times that a plot may show: the last of them where little is known of the first yet.
const PLOT_HOURS: [u64; 2] = [24, 1];

/// Values that make a plot.
const VALUES_COUNT_MIN: usize = 4;

/// Points of a plot.
const POINTS_COUNT: usize = 41;

/// Which rows of a panel are shown.
#[derive(Args, Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct PanelArguments {
    /// Only rows with this text in them
    #[arg(long, value_name = "TEXT")]
    pub(super) find: Option<String>,
    /// At most so many rows
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Leave out so many rows before
    #[arg(long, value_name = "N")]
    pub(super) offset: Option<usize>,
}

/// Values of one metric.
#[derive(Debug, Deserialize)]
struct History {
    step_ms: u64,
    series: Vec<HistorySeries>,
}

#[derive(Debug, Deserialize)]
struct HistorySeries {
    values: Vec<Option<f64>>,
}

/// Lists the panels, or shows one of them, or what it shows of one row.
pub(super) fn panel(
    place: &Where,
    name: Option<&str>,
    id: Option<&str>,
    arguments: &PanelArguments,
) -> Result<ExitCode, AdminError> {
    let client = OperatorClient::new(place)?;
    runtime()?.block_on(async {
        match name {
            None => list(&client, place.json).await,
            Some(name) => show(&client, name, id, arguments, place.json).await,
        }
    })
}

async fn list(client: &OperatorClient, as_json: bool) -> Result<ExitCode, AdminError> {
    let reply: Value = client.get("v1/panels", &[]).await?;
    if as_json {
        output::json(&reply);
        return Ok(ExitCode::SUCCESS);
    }
    let panels = PanelsReport::deserialize(&reply)?.panels;
    if panels.is_empty() {
        output::line("no panels: the running extensions have none");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = vec![vec!["PANEL".to_owned(), "EXTENSION".to_owned()]];
    table.extend(panels.into_iter().map(|it| vec![it.name, it.extension]));
    output::table(&table);
    Ok(ExitCode::SUCCESS)
}

async fn show(
    client: &OperatorClient,
    name: &str,
    id: Option<&str>,
    arguments: &PanelArguments,
    as_json: bool,
) -> Result<ExitCode, AdminError> {
    let mut query = arguments.query();
    if let Some(id) = id {
        query.push(("id".to_owned(), id.to_owned()));
    }
    let reply = match fetch(client, name, &query).await {
        Err(AdminError::Refused(reason)) => match id {
            Some(id) => find_by_beginning(client, name, id, reason).await?,
            None => return Err(AdminError::Refused(reason)),
        },
        reply => reply?,
    };
    if as_json {
        output::json(&reply);
        return Ok(ExitCode::SUCCESS);
    }
    let panel = Panel::deserialize(&reply)?;
    let terminal = Terminal::of_stdout();
    let canvas = Canvas {
        width: terminal.width,
        formatter: Formatter {
            now_ms: now_ms(),
            has_short_ids: terminal.width.is_some(),
        },
        histories: histories(client, &panel).await?,
    };
    for line in lines(&panel, &canvas) {
        terminal.print(&line);
    }
    Ok(ExitCode::SUCCESS)
}

/// The panel's reply.
pub(super) async fn fetch<T: serde::de::DeserializeOwned>(
    client: &OperatorClient,
    name: &str,
    query: &[(String, String)],
) -> Result<T, AdminError> {
    let path = format!("panel/{}", path_part(name));
    client.get(&path, query).await
}

/// Shown ids are the beginnings of long ones. A panel may find rows by other texts than their ids, so all are looked at in the end.
async fn find_by_beginning(
    client: &OperatorClient,
    name: &str,
    beginning: &str,
    reason: String,
) -> Result<Value, AdminError> {
    let beginning = beginning.trim_end_matches('…');
    for (key, value) in [("find", beginning), ("limit", "1000")] {
        let query = [(key.to_owned(), value.to_owned())];
        let panel: Panel = fetch(client, name, &query).await?;
        let mut found = rows(&panel).filter(|row| row.id.starts_with(beginning));
        match (found.next(), found.next()) {
            (Some(row), None) => {
                let query = [("id".to_owned(), row.id.clone())];
                return fetch(client, name, &query).await;
            }
            (Some(_), Some(_)) => {
                return Err(AdminError::Refused(format!(
                    "{reason}; several ids begin with `{beginning}`: give more of it"
                )));
            }
            (None, _) => {}
        }
    }
    Err(AdminError::Refused(reason))
}

/// Values of all plots of the panel.
pub(super) async fn histories(
    client: &OperatorClient,
    panel: &Panel,
) -> Result<Histories, AdminError> {
    let mut histories = Histories::NONE;
    let mut plots: Vec<&PlotSeries> = Vec::new();
    for widget in &panel.widgets {
        if let Widget::Plot { series, .. } = widget {
            plots.extend(series);
        }
    }
    for series in plots {
        for hours in PLOT_HOURS {
            let values = match history(client, series, hours).await {
                Ok(values) => values,
                // A metric of which nothing is known yet is shown so.
                Err(AdminError::Refused(_)) => break,
                Err(error) => return Err(error),
            };
            let is_enough = values.iter().flatten().count() >= VALUES_COUNT_MIN;
            histories.put(series, hours, values);
            if is_enough {
                break;
            }
        }
    }
    Ok(histories)
}

async fn history(
    client: &OperatorClient,
    series: &PlotSeries,
    hours: u64,
) -> Result<Vec<Option<f64>>, AdminError> {
    let to_ms = now_ms();
    let mut query = vec![
        ("metric".to_owned(), series.metric.clone()),
        (
            "from_ms".to_owned(),
            to_ms.saturating_sub(hours * 3_600_000).to_string(),
        ),
        ("to_ms".to_owned(), to_ms.to_string()),
        ("points".to_owned(), POINTS_COUNT.to_string()),
    ];
    let labels = series.labels.iter();
    query.extend(labels.map(|(key, value)| (format!("label.{key}"), value.clone())));
    let history: History = client.get("v1/history", &query).await?;
    let mut values: Vec<Vec<Option<f64>>> =
        history.series.into_iter().map(|it| it.values).collect();
    if series.is_rate {
        for values in &mut values {
            *values = rates(values, history.step_ms);
        }
    }
    Ok(sum(&values))
}

impl PanelArguments {
    fn query(&self) -> Vec<(String, String)> {
        let numbers = [("limit", self.limit), ("offset", self.offset)];
        let numbers = numbers
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?.to_string())));
        let find = self.find.clone().map(|text| ("find", text));
        let pairs = numbers.chain(find);
        pairs.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}
