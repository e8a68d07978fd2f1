//! Pairs of numbers in the plane: the recording as rings, the replay as dots; larger where there are more.

use super::super::consequences::PairBits;
use super::super::consequences::values::Values;
use super::super::shown;
use super::super::sides::Sides;
use super::figure::{BOTTOM, Caption, Figures, HEIGHT, LEFT, RIGHT, TOP, add_axes};
use super::markup::Markup;
use super::scale::Scale;

/// Radius of a dot for one pair; it grows up to the greater one.
const RADIUS: f64 = 2.5;
const RADIUS_MAX: f64 = 9.0;

/// Adds the plane of the pairs of `title`.
pub(super) fn add_scatter(
    page: &mut Markup,
    figures: &mut Figures,
    title: &str,
    pairs: &Values<PairBits>,
) {
    let points: Vec<([f64; 2], Sides<u64>)> = pairs
        .all()
        .map(|(bits, counts)| (bits.map(f64::from_bits), counts))
        .collect();
    let along = |axis: usize| points.iter().map(move |(pair, _)| pair[axis]);
    let x = Scale::around(along(0), (LEFT, RIGHT));
    let y = Scale::around(along(1), (BOTTOM, TOP));
    let side = |count: &dyn Fn(Sides<u64>) -> u64| {
        let counts = points.iter().map(|(_, counts)| count(*counts));
        counts.filter(|count| *count > 0).count()
    };
    let mut description = format!(
        "{} pairs are recorded and {} replayed; a larger mark stands for more events.",
        side(&|counts| counts.recorded),
        side(&|counts| counts.replayed)
    );
    if pairs.others != Sides::default() {
        description += " Further pairs are left out.";
    }
    let caption = Caption {
        title,
        description: &description,
    };
    figures.add(page, &caption, HEIGHT, |svg| {
        add_axes(svg, (&x, &y), ["first number", "second number"]);
        for ([first, second], counts) in &points {
            let (at_x, at_y) = (x.place(*first), y.place(*second));
            let (first, second) = (shown::number(*first), shown::number(*second));
            let Sides { recorded, replayed } = counts;
            svg.add(format_args!(
                "<g><title>[{first}, {second}]: {recorded} recorded, {replayed} replayed</title>"
            ));
            for (class, count) in [("dot", replayed), ("ring", recorded)] {
                if *count > 0 {
                    let radius = (RADIUS + ((count - 1) as f64).sqrt() / 2.0).min(RADIUS_MAX);
                    svg.add(format_args!(
                        "<circle class=\"{class}\" cx=\"{at_x:.1}\" cy=\"{at_y:.1}\" r=\"{radius:.1}\"/>"
                    ));
                }
            }
            svg.push("</g>");
        }
    });
}
