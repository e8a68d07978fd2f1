//! The panel `network`: where the chain is, what of ours it lists, and how the API does.

use serde_json::json;
use tig_plugin_api::panel::{Figure, Format, Panel, PlotSeries, Widget};

use crate::health::Health;
use crate::history::History;

/// Place among the stock panels.
const ORDER: u32 = 60;

pub(crate) fn panel(api_url: &str, health: &Health, history: Option<&History>) -> Panel {
    let mut widgets = Vec::new();
    widgets.extend(history.map(chain));
    widgets.push(api(api_url, health));
    let plots = [
        (
            "Age of the newest block",
            "s",
            "tig_extension_block_age_seconds",
            false,
        ),
        (
            "Time of an answer",
            "s",
            "tig_extension_api_latency_seconds",
            false,
        ),
        ("Polls", "1/s", "tig_extension_polls_total", true),
    ];
    widgets.extend(plots.map(|(title, unit, metric, is_rate)| plot(title, unit, metric, is_rate)));
    Panel {
        title: "Network".to_owned(),
        order: ORDER,
        widgets,
    }
}

fn chain(history: &History) -> Widget {
    let listed = history.counts();
    Widget::Figures {
        title: "Newest block".to_owned(),
        figures: vec![
            Figure::new("Height", json!(history.height()), Format::Number),
            Figure::new("Round", json!(history.round()), Format::Number),
            Figure::new("Came", json!(history.seen_ms()), Format::Time),
            Figure::new("Block", json!(history.block_id()), Format::Id),
            Figure::new(
                "Our precommits in the window",
                json!(listed.precommits),
                Format::Number,
            ),
            Figure::new(
                "Of them benchmarks",
                json!(listed.benchmarks),
                Format::Number,
            ),
            Figure::new("Of them proofs", json!(listed.proofs), Format::Number),
            Figure::new("Frauds", json!(history.frauds().count()), Format::Number),
        ],
    }
}

fn api(api_url: &str, health: &Health) -> Widget {
    let mut figures = vec![
        Figure::new("URL", json!(api_url), Format::Text),
        Figure::new("Last answer", json!(health.last_ok_ms), Format::Time),
        Figure::new("It took", json!(health.latency_ms), Format::Duration),
        Figure::new("Failures in a row", json!(health.failures), Format::Number),
    ];
    if let Some(since_ms) = health.failing_since_ms {
        figures.push(Figure::new("Failing since", json!(since_ms), Format::Time));
    }
    if let Some(trouble) = &health.last_trouble {
        figures.push(Figure::new(
            "Last failure",
            json!(trouble.text),
            Format::Text,
        ));
        figures.push(Figure::new("It was", json!(trouble.at_ms), Format::Time));
    }
    if let Some(ahead_ms) = health.clock_ahead_ms {
        let ahead_ms = json!(ahead_ms.unsigned_abs());
        let ahead = Figure::new("Clocks differ by", ahead_ms, Format::Duration);
        figures.push(ahead.with_note("the API's clock against ours, to the second"));
    }
    Widget::Figures {
        title: "API".to_owned(),
        figures,
    }
}

fn plot(title: &str, unit: &str, metric: &str, is_rate: bool) -> Widget {
    let series = PlotSeries::new(title, metric, &[("extension", "data_fetcher")]);
    Widget::Plot {
        title: title.to_owned(),
        unit: unit.to_owned(),
        series: vec![PlotSeries { is_rate, ..series }],
    }
}
