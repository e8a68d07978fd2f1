//! What the operator sees: conditions, and the panel `selection`. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tig_plugin_api::panel::{Column, Figure, Format, Panel, PlotSeries, Row, Table, Widget};
use tig_plugin_api::{Condition, PanelQuery, Severity};

use crate::decide::Decided;
use crate::facts::Lack;

/// Place behind the stock panel of precommits.
const ORDER: u32 = 25;

/// Lines of the plot.
const SERIES_COUNT_MAX: usize = 20;

/// What the last block has led to.
pub(crate) struct Shown {
    pub(crate) height: u32,
    /// As the network has computed it.
    pub(crate) imbalance: Option<f64>,
    /// By challenge name.
    pub(crate) challenges: BTreeMap<String, Decided>,
}

/// Why nothing is selected.
pub(crate) fn lack_condition(lack: Lack) -> Condition {
    let (code, text) = match lack {
        Lack::Qualifiers => (
            "no_qualifiers",
            "the block lists no qualifiers of this player, so that there is nothing to balance: the config's weights hold",
        ),
        Lack::Challenges => (
            "few_challenges",
            "fewer than two of the challenges are active, so that there is nothing to balance: the config's weights hold",
        ),
    };
    Condition::new(code, Severity::Info, text)
}

/// What the decision had to do without.
pub(crate) fn conditions(
    wanted: &BTreeSet<String>,
    challenges: &BTreeMap<String, Decided>,
) -> Vec<Condition> {
    let condition = |name: &String, code, text| {
        let text = format!("challenge {name}: {text}");
        Condition::new(code, Severity::Info, text).about(name)
    };
    let absent = wanted.iter().filter(|name| !challenges.contains_key(*name));
    let absent = absent.map(|name| {
        let condition = condition(name, "not_active", "it is not active at this block");
        condition
            .with_remedy("correct the name in config.balancing_selector.challenges if it is wrong")
    });
    let is_unmeasured = |decided: &Decided| decided.facts.measures.seconds.is_none();
    let unmeasured = challenges
        .iter()
        .filter(|(_, decided)| is_unmeasured(decided));
    let unmeasured = unmeasured.map(|(name, _)| {
        let text = "the time of a precommit is not measured yet, and counts as that of a mean one";
        condition(name, "no_rate", text)
    });
    absent.chain(unmeasured).collect()
}

/// `shown` is `None` before the first decision.
pub(crate) fn panel(query: &PanelQuery, shown: Option<&Shown>) -> Panel {
    let mut widgets = Vec::new();
    if let Some(shown) = shown {
        widgets.push(figures(shown));
        widgets.push(plot(shown));
    }
    widgets.push(Widget::Table(table(query, shown)));
    Panel {
        title: "Selection".to_owned(),
        order: ORDER,
        widgets,
    }
}

fn figures(shown: &Shown) -> Widget {
    let figures = vec![
        Figure::new("block", json!(shown.height), Format::Text),
        Figure::new("imbalance", json!(shown.imbalance), Format::Share)
            .with_note("as the network computes it; 0 is even"),
    ];
    Widget::Figures {
        title: String::new(),
        figures,
    }
}

fn plot(shown: &Shown) -> Widget {
    let series = shown
        .challenges
        .keys()
        .take(SERIES_COUNT_MAX)
        .map(|name| PlotSeries {
            label: name.clone(),
            metric: "tig_extension_selected_share".to_owned(),
            labels: BTreeMap::from([
                ("extension".to_owned(), "balancing_selector".to_owned()),
                ("challenge".to_owned(), name.clone()),
            ]),
            is_rate: false,
        });
    Widget::Plot {
        title: "Shares of precommits".to_owned(),
        unit: String::new(),
        series: series.collect(),
    }
}

fn table(query: &PanelQuery, shown: Option<&Shown>) -> Table {
    let challenges = shown.into_iter().flat_map(|shown| &shown.challenges);
    let found = challenges.filter(|(name, decided)| {
        let algorithm = decided.algorithm.as_deref().unwrap_or_default();
        query.finds([name.as_str(), algorithm])
    });
    let (rows, rows_total) = query.page(found, |(name, decided)| row(name, decided));
    Table {
        title: "Challenges".to_owned(),
        columns: vec![
            Column::new("challenge", "Challenge", Format::Text),
            Column::new("qualifiers", "Your qualifiers", Format::Number),
            Column::new("of", "Of all", Format::Number),
            Column::new("part", "Your part", Format::Share),
            Column::new("need", "Need", Format::Number),
            Column::new("rate", "Nonces/s", Format::Rate),
            Column::new("time", "Time of a precommit", Format::Duration),
            Column::new("fee", "Its fee", Format::Amount),
            Column::new("cost", "Cost", Format::Number),
            Column::new("target", "Target", Format::Share),
            Column::new("share", "Share of precommits", Format::Share),
            Column::new("algorithm", "Algorithm", Format::Text),
        ],
        rows,
        rows_total,
        empty: "Nothing is selected yet: the config's weights hold.".to_owned(),
    }
}

fn row(name: &str, decided: &Decided) -> Row {
    let (facts, target) = (&decided.facts, &decided.target);
    let time_ms = facts
        .measures
        .seconds
        .map(|seconds| (seconds * 1_000.0).round());
    let cells = [
        ("challenge", json!(name)),
        ("qualifiers", json!(facts.qualifiers)),
        ("of", json!(facts.network_qualifiers)),
        ("part", json!(facts.measures.part)),
        ("need", json!(target.need)),
        ("rate", json!(facts.nonces_per_second)),
        ("time", json!(time_ms)),
        ("fee", json!(facts.measures.fee)),
        ("cost", json!(target.cost)),
        ("target", json!(target.share)),
        ("share", json!(decided.share)),
        ("algorithm", json!(decided.algorithm)),
    ];
    Row::new(name, cells)
}
