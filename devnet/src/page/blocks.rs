//! The latest blocks as bars of what they confirmed.

use super::markup::{Escaped, Html};
use super::scale::Scale;
use crate::network::{BlockView, View};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = HEIGHT - 22.0;
/// Blocks that there is room for.
const SLOTS: u32 = 60;
/// Room between two bars.
const GAP: i32 = 2;

pub(super) fn section(main: &mut Html, view: &View) {
    main.push("<section><h2>Blocks</h2><ul class=\"legend\">");
    for stage in ["precommit", "benchmark", "proof", "fraud"] {
        main.add(format_args!(
            "<li><i class=\"{stage}\"></i>{stage} confirmed</li>"
        ));
    }
    main.push("</ul>");
    main.push(&bars(&view.blocks, view.height));
    main.push("</section>");
}

/// Confirmations of a block, by the stage that it gave to benchmarks.
fn confirmed(block: &BlockView) -> [(&'static str, usize); 4] {
    [
        ("precommit", block.num_precommits),
        ("benchmark", block.num_benchmarks),
        ("proof", block.num_proofs),
        ("fraud", block.num_frauds),
    ]
}

fn bars(blocks: &[BlockView], height: u32) -> String {
    let total = |block: &BlockView| confirmed(block).iter().map(|(_, count)| count).sum();
    let most = blocks.iter().map(total).max().unwrap_or(0).max(4);
    let last = f64::from(height) + 1.0;
    let x = Scale::new((last - f64::from(SLOTS), last), (LEFT, WIDTH));
    let y = Scale::new((0.0, most as f64), (BOTTOM, TOP));
    let mut svg = Html::default();
    svg.add(format_args!(
        "<svg class=\"blocks\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"what each block confirmed\"><g class=\"axes\">"
    ));
    for tick in y.ticks() {
        let y = y.place(tick as f64);
        svg.add(format_args!(
            "<path d=\"M{LEFT} {y}H{WIDTH}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{tick}</text>",
            LEFT - 6.0,
            y + 4
        ));
    }
    for tick in x.ticks().into_iter().filter(|&tick| tick > 0) {
        let middle = x.place(tick as f64 + 0.5);
        svg.add(format_args!(
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>",
            HEIGHT - 6.0
        ));
    }
    svg.push("</g>");
    for block in blocks {
        bar(&mut svg, block, x, y);
    }
    svg.push("</svg>");
    svg.into_text()
}

fn bar(svg: &mut Html, block: &BlockView, x: Scale, y: Scale) {
    let (from, to) = (f64::from(block.height), f64::from(block.height) + 1.0);
    let (left, width) = (x.place(from), x.place(to) - x.place(from) - GAP);
    svg.add(format_args!(
        "<g><title>block {} {}: {} precommits, {} benchmarks, {} proofs, {} frauds confirmed; {} active</title>",
        block.height,
        Escaped(&block.id),
        block.num_precommits,
        block.num_benchmarks,
        block.num_proofs,
        block.num_frauds,
        block.num_active
    ));
    // Also where nothing was confirmed there is something to point at.
    svg.add(format_args!(
        "<rect class=\"block\" x=\"{left}\" y=\"{TOP}\" width=\"{width}\" height=\"{}\"/>",
        BOTTOM - TOP
    ));
    let mut below = 0;
    for (stage, count) in confirmed(block) {
        let (bottom, top) = (y.place(below as f64), y.place((below + count) as f64));
        below += count;
        if count > 0 {
            svg.add(format_args!(
                "<rect class=\"{stage}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\"/>",
                bottom - top
            ));
        }
    }
    svg.push("</g>");
}

#[cfg(test)]
mod tests {
    use tig_protocol::PreciseNumber;

    use super::*;

    #[test]
    fn bars_stand_on_the_axis_and_on_each_other() {
        let block = |height, num_precommits, num_proofs| BlockView {
            height,
            id: "ab".to_owned(),
            num_precommits,
            num_benchmarks: 0,
            num_proofs,
            num_frauds: 0,
            num_active: 0,
            fees_paid: PreciseNumber::ZERO,
        };
        let svg = bars(&[block(100, 10, 30), block(99, 0, 0)], 100);
        // 120 units are 40 confirmations.
        assert!(
            svg.contains(
                "<rect class=\"precommit\" x=\"886\" y=\"98\" width=\"12\" height=\"30\"/>"
            ),
            "{svg}"
        );
        assert!(
            svg.contains("<rect class=\"proof\" x=\"886\" y=\"8\" width=\"12\" height=\"90\"/>"),
            "{svg}"
        );
        assert!(svg.contains("<title>block 99 ab: 0 precommits"));
        assert!(!bars(&[], 1).contains("<rect"));
    }
}
