//! The benchmarks of the lifespan window: how many are how far, and the newest ones on their way over the blocks.

use super::markup::{Escaped, Html, ShortId};
use super::scale::Scale;
use crate::network::{BenchmarkView, Stage, View};

/// Of the bar that shows how many are how far.
const BAR_WIDTH: f64 = 900.0;
const LANE_WIDTH: f64 = 260.0;

pub(super) fn section(main: &mut Html, view: &View) {
    main.push("<section><h2>Benchmarks</h2>");
    let counts = Stage::ALL.map(|stage| (stage, view.stages.get(&stage).copied().unwrap_or(0)));
    main.push("<ul class=\"legend\">");
    for (stage, count) in counts {
        let name = stage.name();
        main.add(format_args!(
            "<li><i class=\"{name}\"></i>{name} <b>{count}</b></li>"
        ));
    }
    main.add(format_args!(
        "<li title=\"left the lifespan window without a confirmed proof\">expired <b>{}</b></li></ul>",
        view.num_expired
    ));
    main.push(&bar(&counts));
    newest(main, view);
    main.push("</section>");
}

/// One bar whose parts are the stages.
fn bar(counts: &[(Stage, usize)]) -> String {
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let scale = Scale::new((0.0, total.max(1) as f64), (0.0, BAR_WIDTH));
    let mut svg = Html::default();
    svg.add(format_args!(
        "<svg class=\"stages\" viewBox=\"0 0 {BAR_WIDTH} 20\" role=\"img\" aria-label=\"benchmarks by stage\">\
         <rect class=\"block\" width=\"{BAR_WIDTH}\" height=\"20\"/>"
    ));
    let mut before = 0;
    for (stage, count) in counts.iter().filter(|(_, count)| *count > 0) {
        let (from, to) = (
            scale.place(before as f64),
            scale.place((before + count) as f64),
        );
        before += count;
        let name = stage.name();
        svg.add(format_args!(
            "<rect class=\"{name}\" x=\"{from}\" width=\"{}\" height=\"20\"><title>{name} {count}</title></rect>",
            to - from
        ));
    }
    svg.push("</svg>");
    svg.into_text()
}

fn newest(main: &mut Html, view: &View) {
    let Some(first) = view.benchmarks.iter().map(|it| it.block_started).min() else {
        main.push("<p>None is in the lifespan window.</p>");
        return;
    };
    let blocks = Scale::new(
        (first.into(), f64::from(view.height) + 1.0),
        (0.0, LANE_WIDTH),
    );
    main.add(format_args!(
        "<div class=\"wide\"><table><thead><tr><th>benchmark<th>player<th>challenge<th>algorithm<th>difficulty\
         <th class=\"number\">nonces<th class=\"number\">solutions<th>stage<th>blocks {first} to {}</tr></thead><tbody>",
        view.height
    ));
    for benchmark in &view.benchmarks {
        row(main, benchmark, blocks, view.height);
    }
    main.push("</tbody></table></div>");
}

fn row(main: &mut Html, benchmark: &BenchmarkView, blocks: Scale, height: u32) {
    let solutions = benchmark.num_solutions.map(|count| count.to_string());
    main.add(format_args!(
        "<tr><td>{}<td>{}<td>{}<td><code>{}</code><td>{:?}<td class=\"number\">{}<td class=\"number\">{}",
        ShortId(&benchmark.id),
        ShortId(&benchmark.player_id),
        Escaped(&benchmark.challenge),
        Escaped(&benchmark.algorithm_id),
        benchmark.difficulty,
        benchmark.num_nonces,
        solutions.unwrap_or_default(),
    ));
    let allegation = benchmark.allegation.as_deref().unwrap_or_default();
    main.add(format_args!(
        "<td title=\"{}\">{}{}<td>{}</tr>",
        Escaped(allegation),
        benchmark.stage.name(),
        if benchmark.active { ", active" } else { "" },
        lane(benchmark, blocks, height)
    ));
}

/// From which block on a benchmark was how far; the last is where it is.
fn steps(benchmark: &BenchmarkView) -> Vec<(u32, Stage)> {
    let confirmed = [
        (Some(benchmark.block_started), Stage::PrecommitPending),
        (benchmark.precommit, Stage::Precommit),
        (benchmark.benchmark, Stage::Benchmark),
        (benchmark.proof, Stage::Proof),
        (benchmark.fraud, Stage::Fraud),
    ];
    let mut steps: Vec<(u32, Stage)> = confirmed
        .into_iter()
        .filter_map(|(height, stage)| Some((height?, stage)))
        .collect();
    if let Some((_, stage)) = steps.last_mut() {
        *stage = benchmark.stage;
    }
    steps
}

fn lane(benchmark: &BenchmarkView, blocks: Scale, height: u32) -> String {
    let steps = steps(benchmark);
    let ends = steps
        .iter()
        .skip(1)
        .map(|(from, _)| *from)
        .chain([height.saturating_add(1)]);
    let mut svg = Html::default();
    svg.add(format_args!(
        "<svg class=\"lane\" viewBox=\"0 0 {LANE_WIDTH} 10\" role=\"img\" aria-label=\"its way over the blocks\">"
    ));
    for ((from, stage), to) in steps.iter().zip(ends) {
        let (left, right) = (blocks.place((*from).into()), blocks.place(to.into()));
        let name = stage.name();
        svg.add(format_args!(
            "<rect class=\"{name}\" x=\"{left}\" width=\"{}\" height=\"10\"><title>{name} from block {from}</title></rect>",
            right.saturating_sub(left)
        ));
    }
    svg.push("</svg>");
    svg.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn benchmark(stage: Stage, heights: [Option<u32>; 4]) -> BenchmarkView {
        let [precommit, benchmark, proof, fraud] = heights;
        BenchmarkView {
            id: "ab".repeat(16),
            player_id: "0x11".to_owned(),
            challenge: "knapsack".to_owned(),
            algorithm_id: "c003_a001".to_owned(),
            difficulty: vec![50, 10],
            stage,
            active: false,
            num_nonces: 5,
            num_solutions: None,
            block_started: 10,
            precommit,
            benchmark,
            proof,
            fraud,
            allegation: None,
        }
    }

    #[test]
    fn a_lane_has_each_step_from_its_block_on() {
        let blocks = Scale::new((10.0, 20.0), (0.0, 100.0));
        let pending = benchmark(Stage::ProofPending, [Some(11), Some(13), None, None]);
        let svg = lane(&pending, blocks, 19);
        for rect in [
            "class=\"precommit_pending\" x=\"0\" width=\"10\"",
            "class=\"precommit\" x=\"10\" width=\"20\"",
            "class=\"proof_pending\" x=\"30\" width=\"70\"",
        ] {
            assert!(svg.contains(rect), "{rect} in {svg}");
        }
        // Proof and fraud come with the same block: the fraud is what counts.
        let fraud = benchmark(Stage::Fraud, [Some(11), Some(13), Some(14), Some(14)]);
        let svg = lane(&fraud, blocks, 19);
        assert!(
            svg.contains("class=\"proof\" x=\"40\" width=\"0\""),
            "{svg}"
        );
        assert!(
            svg.contains("class=\"fraud\" x=\"40\" width=\"60\""),
            "{svg}"
        );
    }

    #[test]
    fn the_parts_of_the_bar_fill_it_as_they_share() {
        let svg = bar(&[(Stage::Precommit, 1), (Stage::Proof, 0), (Stage::Fraud, 2)]);
        assert!(
            svg.contains("class=\"precommit\" x=\"0\" width=\"300\""),
            "{svg}"
        );
        assert!(
            svg.contains("class=\"fraud\" x=\"300\" width=\"600\""),
            "{svg}"
        );
        assert!(!svg.contains("\"proof\""), "{svg}");
    }
}
