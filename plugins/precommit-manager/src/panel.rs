//! The panel `precommits`: whether new work is begun, what it costs, what becomes of it, and why each challenge is passed over.

use std::collections::BTreeMap;

use serde_json::json;
use tig_plugin_api::panel::{
    Action, Column, Figure, Format, FunnelGroup, FunnelStage, Panel, PlotSeries, Row, Table, Tone,
    Widget,
};
use tig_plugin_api::{PanelQuery, Severity};
use tig_protocol::PreciseNumber;

use crate::conditions::Situation;
use crate::funnel::Funnel;
use crate::plan::Plan;
use crate::reason::{Hold, Reason};

/// Place among the stock panels.
const ORDER: u32 = 20;

const DAY_MS: f64 = 86_400_000.0;

/// Groups of the funnel.
const FUNNEL_GROUPS_COUNT_MAX: usize = 50;

pub(crate) fn panel(query: &PanelQuery, situation: &Situation<'_>) -> Panel {
    let mut widgets = vec![Widget::Table(new_work(situation)), figures(situation)];
    if let Some(plan) = situation.plan {
        widgets.push(funnel(plan));
        widgets.push(Widget::Table(challenges(query, plan)));
    }
    widgets.push(plot());
    Panel {
        title: "Precommits".to_owned(),
        order: ORDER,
        widgets,
    }
}

fn new_work(situation: &Situation<'_>) -> Table {
    let hold = situation.hold;
    let (state, tone) = match hold {
        Hold::Draining => ("draining", Tone::Warning),
        Hold::Paused => ("paused", Tone::Warning),
        _ if hold.severity() > Severity::Info => ("held up", Tone::Warning),
        _ => ("on", Tone::Good),
    };
    let (label, command) = match hold {
        Hold::Paused => ("Resume", "resume"),
        _ => ("Pause", "pause"),
    };
    let confirm = match hold {
        Hold::Paused => String::new(),
        _ => "Begin nothing new until you resume? What is paid for is finished.".to_owned(),
    };
    let action = Action {
        label: label.to_owned(),
        extension: "precommit_manager".to_owned(),
        command: command.to_owned(),
        arguments: json!({}),
        confirm,
    };
    let cells = [
        ("state", json!(state)),
        ("reason", json!(hold.code())),
        ("text", json!(hold.to_string())),
    ];
    let mut row = Row::new("new_work", cells).with_tone(tone);
    row.actions.push(action);
    Table {
        title: "New work".to_owned(),
        columns: vec![
            Column::new("state", "State", Format::State),
            Column::new("reason", "Reason", Format::State),
            Column::new("text", "What holds it up now", Format::Text),
        ],
        rows: vec![row],
        rows_total: 1,
        empty: String::new(),
    }
}

fn figures(situation: &Situation<'_>) -> Widget {
    let money = situation.money;
    let plan = situation.plan;
    let max = |max: u32| format!("of {max}");
    let limits = plan.map(|plan| {
        let config = plan.config;
        (
            max(config.max_precommits_per_block),
            max(config.max_unresolved),
        )
    });
    let (per_block, unresolved) = limits.unwrap_or_default();
    let runway_ms = money.runway_days.map(|days| (days * DAY_MS).round());
    let height = plan.map(|plan| plan.market.height);
    let made = plan.map(|plan| plan.ledger.made());
    let open = plan.map(|plan| plan.market.unresolved + plan.ledger.made());
    Widget::Figures {
        title: String::new(),
        figures: vec![
            Figure::new("block", json!(height), Format::Text),
            Figure::new("made at it", json!(made), Format::Number).with_note(per_block),
            Figure::new("without proof", json!(open), Format::Number).with_note(unresolved),
            Figure::new("spent in 24 h", json!(money.spent_today), Format::Amount),
            Figure::new(
                "budget per day",
                json!(money.budget_per_day),
                Format::Amount,
            ),
            Figure::new("fee balance", json!(money.balance), Format::Amount),
            Figure::new("balance lasts", json!(runway_ms), Format::Duration)
                .with_note("at the present spend"),
            Figure::new("fee per proof", json!(money.fee_per_proof), Format::Amount)
                .with_note("in the lifespan window"),
        ],
    }
}

fn funnel(plan: &Plan<'_>) -> Widget {
    let funnels = plan.market.funnels.iter().take(FUNNEL_GROUPS_COUNT_MAX);
    let group = |(challenge_id, funnel): (&String, &Funnel)| FunnelGroup {
        name: plan.market.challenge_name(challenge_id).to_owned(),
        stages: stages(funnel, computed(plan, challenge_id, funnel)),
        note: note(funnel),
    };
    Widget::Funnel {
        title: "Benchmarks of the lifespan window".to_owned(),
        groups: funnels.map(group).collect(),
    }
}

/// Benchmarks whose roots are all there, confirmed or not.
fn computed(plan: &Plan<'_>, challenge_id: &str, funnel: &Funnel) -> Option<u64> {
    if funnel.benchmarks == funnel.precommits {
        return Some(funnel.benchmarks);
    }
    let throughput = plan.throughput.challenges.get(challenge_id)?;
    let computed = funnel.benchmarks + throughput.computed_jobs?;
    // The jobs may be of a later or an earlier block.
    Some(computed.min(funnel.precommits))
}

fn stages(funnel: &Funnel, computed: Option<u64>) -> Vec<FunnelStage> {
    let stage = |(name, count): (&str, Option<u64>)| FunnelStage {
        name: name.to_owned(),
        count,
    };
    let stages = [
        ("precommit", Some(funnel.precommits)),
        ("roots", computed),
        ("benchmark", Some(funnel.benchmarks)),
        ("proof", Some(funnel.proofs)),
        ("active", funnel.active),
        ("qualifying", funnel.qualifying),
    ];
    stages.into_iter().map(stage).collect()
}

fn note(funnel: &Funnel) -> String {
    let mut note = format!("fees {:.6} TIG", funnel.fees.to_f64());
    if let Some(qualifiers) = funnel.qualifiers {
        note.push_str(&format!(", {qualifiers} solutions qualify"));
    }
    if funnel.frauds > 0 {
        note.push_str(&format!(", {} flagged as fraud", funnel.frauds));
    }
    note
}

fn challenges(query: &PanelQuery, plan: &Plan<'_>) -> Table {
    let reasons: BTreeMap<&str, Reason> = plan.all_reasons().into_iter().collect();
    let algorithm = |name: &str| {
        let selection = plan.applied.selection.get(name);
        selection.map_or("", |selection| selection.algorithm.as_str())
    };
    let found = plan.choices.keys().filter(|name| {
        let code = reasons.get(name.as_str()).map_or("", Reason::code);
        query.finds([name.as_str(), algorithm(name), code])
    });
    let row = |name: &String| challenge_row(plan, name, reasons.get(name.as_str()));
    let (rows, rows_total) = query.page(found, row);
    Table {
        title: "Challenges".to_owned(),
        columns: vec![
            Column::new("challenge", "Challenge", Format::Text),
            Column::new("algorithm", "Algorithm", Format::Text),
            Column::new("num_nonces", "Nonces", Format::Number),
            Column::new("weight", "Weight", Format::Number),
            Column::new("chosen_by", "Chosen by", Format::Text),
            Column::new("fee", "Fee", Format::Amount),
            Column::new("made", "At this block", Format::Number),
            Column::new("reason", "Reason", Format::State),
            Column::new("text", "Why it is passed over", Format::Text),
        ],
        rows,
        rows_total,
        empty: "no challenge is configured or active".to_owned(),
    }
}

fn challenge_row(plan: &Plan<'_>, name: &str, reason: Option<&Reason>) -> Row {
    let selection = plan.applied.selection.get(name);
    let choice = plan
        .choices
        .get(name)
        .and_then(|choice| choice.as_ref().ok());
    let fee = choice.map(|choice| PreciseNumber::to_f64(choice.fee));
    let made = choice.map(|choice| plan.ledger.made_of(&choice.challenge_id));
    let tone = match reason.map(Reason::severity) {
        None if choice.is_some() => Tone::Good,
        None | Some(Severity::Info) => Tone::Neutral,
        Some(Severity::Warning) => Tone::Warning,
        Some(Severity::Critical) => Tone::Bad,
    };
    let cells = [
        ("challenge", json!(name)),
        ("algorithm", json!(selection.map(|of| &of.algorithm))),
        ("num_nonces", json!(selection.map(|of| of.num_nonces))),
        ("weight", json!(selection.map(|of| of.weight))),
        ("chosen_by", json!(plan.applied.chosen_by(name))),
        ("fee", json!(fee)),
        ("made", json!(made)),
        ("reason", json!(reason.map(Reason::code))),
        ("text", json!(reason.map(ToString::to_string))),
    ];
    Row::new(name, cells).with_tone(tone)
}

fn plot() -> Widget {
    let series = |label: &str, name: &str| {
        let metric = format!("tig_extension_{name}");
        PlotSeries::new(label, &metric, &[("extension", "precommit_manager")])
    };
    Widget::Plot {
        title: "Fees".to_owned(),
        unit: "TIG".to_owned(),
        series: vec![
            series("spent in 24 h", "fees_of_the_last_day_tig"),
            series("fee balance", "fee_balance_tig"),
        ],
    }
}
