//! Difficulties in the plane: what is admissible between two frontiers, and where solutions count.

use std::collections::BTreeMap;

use tig_protocol::difficulty::Point;

use super::markup::{Escaped, Html};
use super::scale::Scale;

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 320.0;
/// Where the axes are: left, right, top, bottom.
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = HEIGHT - 44.0;

/// Radius of a dot; it grows with the solutions up to the larger one.
const RADIUS: f64 = 3.0;
const RADIUS_MAX: f64 = 10.0;

/// A difficulty at which solutions count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dot<'a> {
    pub(super) at: &'a Point,
    pub(super) num_solutions: u32,
    pub(super) num_benchmarks: usize,
    /// Whether its solutions may qualify.
    pub(super) qualifies: bool,
}

/// A plot of a challenge with two difficulty parameters.
#[derive(Debug)]
pub(super) struct Plot<'a> {
    /// Names of the parameters.
    pub(super) axes: [&'a str; 2],
    pub(super) base: &'a [Point],
    pub(super) scaled: &'a [Point],
    /// Whether the base frontier is the lower bound.
    pub(super) base_is_lower: bool,
    pub(super) dots: Vec<Dot<'a>>,
}

/// On which side of its points a frontier has what it excludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Lower,
    Upper,
}

struct Plane {
    x: Scale,
    y: Scale,
}

impl Plane {
    fn place(&self, point: &Point) -> Option<(i32, i32)> {
        let &[x, y] = point.as_slice() else {
            return None;
        };
        Some((self.x.place(x.into()), self.y.place(y.into())))
    }

    /// The corners of a frontier from left to right. Below a point of a lower frontier everything to the left is
    /// excluded as well, above one of an upper frontier everything to the right.
    fn stairs(&self, frontier: &[Point], side: Side) -> Vec<(i32, i32)> {
        let mut places: Vec<_> = frontier.iter().filter_map(|it| self.place(it)).collect();
        // Places grow downwards.
        places.sort_unstable();
        let mut corners: Vec<(i32, i32)> = Vec::new();
        for place in places {
            if let Some(&last) = corners.last() {
                corners.push(match side {
                    Side::Lower => (last.0, place.1),
                    Side::Upper => (place.0, last.1),
                });
            }
            corners.push(place);
        }
        corners
    }
}

impl Plot<'_> {
    /// The picture as an SVG element.
    pub(super) fn svg(&self) -> String {
        let all = || {
            let dots = self.dots.iter().map(|dot| dot.at);
            self.base.iter().chain(self.scaled).chain(dots)
        };
        let along = |axis: usize| all().filter_map(move |point| point.get(axis).copied());
        let plane = Plane {
            x: Scale::around(along(0).collect::<Vec<_>>().into_iter(), (LEFT, RIGHT)),
            y: Scale::around(along(1).collect::<Vec<_>>().into_iter(), (BOTTOM, TOP)),
        };
        let [x, y] = self.axes.map(Escaped);
        let mut svg = Html::default();
        svg.add(format_args!(
            "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"difficulties by {x} and {y}\">"
        ));
        self.axes(&mut svg, &plane);
        self.frontiers(&mut svg, &plane);
        self.dots(&mut svg, &plane);
        svg.push("</svg>");
        svg.into_text()
    }

    fn axes(&self, svg: &mut Html, plane: &Plane) {
        svg.push("<g class=\"axes\">");
        for tick in plane.x.ticks() {
            let x = plane.x.place(tick as f64);
            svg.add(format_args!(
                "<path d=\"M{x} {TOP}V{BOTTOM}\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>",
                BOTTOM + 16.0
            ));
        }
        for tick in plane.y.ticks() {
            let y = plane.y.place(tick as f64);
            svg.add(format_args!(
                "<path d=\"M{LEFT} {y}H{RIGHT}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{tick}</text>",
                LEFT - 6.0,
                y + 4
            ));
        }
        let [x, y] = self.axes.map(Escaped);
        let (middle_x, middle_y) = ((LEFT + RIGHT) / 2.0, (TOP + BOTTOM) / 2.0);
        svg.add(format_args!(
            "<text class=\"axis\" x=\"{middle_x}\" y=\"{}\" text-anchor=\"middle\">{x}</text>\
             <text class=\"axis\" transform=\"translate(12 {middle_y}) rotate(-90)\" text-anchor=\"middle\">{y}</text></g>",
            HEIGHT - 8.0
        ));
    }

    fn frontiers(&self, svg: &mut Html, plane: &Plane) {
        let (base, scaled) = if self.base_is_lower {
            (Side::Lower, Side::Upper)
        } else {
            (Side::Upper, Side::Lower)
        };
        let base = plane.stairs(self.base, base);
        let scaled = plane.stairs(self.scaled, scaled);
        let around: Vec<_> = base.iter().chain(scaled.iter().rev()).copied().collect();
        svg.add(format_args!(
            "<path class=\"admissible\" d=\"{}Z\"/>",
            path(&around)
        ));
        for (name, stairs, frontier) in [
            ("scaled_frontier", scaled, self.scaled),
            ("base_frontier", base, self.base),
        ] {
            svg.add(format_args!(
                "<path class=\"{name}\" d=\"{}\"/>",
                path(&stairs)
            ));
            for point in frontier {
                let Some((x, y)) = plane.place(point) else {
                    continue;
                };
                svg.add(format_args!(
                    "<path class=\"{name} point\" d=\"M{} {}h5v5h-5z\"><title>{name} {point:?}</title></path>",
                    x - 2,
                    y - 2
                ));
            }
        }
    }

    /// Dots at the same place are one.
    fn dots(&self, svg: &mut Html, plane: &Plane) {
        let mut places: BTreeMap<(i32, i32), Dot<'_>> = BTreeMap::new();
        for dot in &self.dots {
            let Some(place) = plane.place(dot.at) else {
                continue;
            };
            places
                .entry(place)
                .and_modify(|other| {
                    other.num_solutions = other.num_solutions.saturating_add(dot.num_solutions);
                    other.num_benchmarks += dot.num_benchmarks;
                    other.qualifies |= dot.qualifies;
                })
                .or_insert(*dot);
        }
        for ((x, y), dot) in places {
            let radius = (RADIUS + f64::from(dot.num_solutions).sqrt() / 2.0).min(RADIUS_MAX);
            let class = if dot.qualifies { "qualifier" } else { "active" };
            svg.add(format_args!(
                "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius:.1}\"><title>{class} {:?}: \
                 {} solutions of {} benchmarks</title></circle>",
                dot.at, dot.num_solutions, dot.num_benchmarks
            ));
        }
    }
}

fn path(corners: &[(i32, i32)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in corners.iter().enumerate() {
        path.push_str(&format!("{}{x} {y}", if index == 0 { 'M' } else { 'L' }));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(points: &[[i32; 2]]) -> Vec<Point> {
        points.iter().map(|point| point.to_vec()).collect()
    }

    fn unit_plane() -> Plane {
        let scale = Scale::new((0.0, 10.0), (0.0, 10.0));
        let down = Scale::new((0.0, 10.0), (10.0, 0.0));
        Plane { x: scale, y: down }
    }

    #[test]
    fn frontiers_exclude_the_too_easy_or_too_hard_side() {
        let plane = unit_plane();
        let frontier = points(&[[0, 9], [4, 5], [8, 0]]);
        assert_eq!(
            plane.stairs(&frontier, Side::Lower),
            [(0, 1), (0, 5), (4, 5), (4, 10), (8, 10)]
        );
        assert_eq!(
            plane.stairs(&frontier, Side::Upper),
            [(0, 1), (4, 1), (4, 5), (8, 5), (8, 10)]
        );
    }

    /// The attributes `name` of all elements that begin with `element`.
    fn attributes<'a>(svg: &'a str, element: &str, name: &str) -> Vec<&'a str> {
        let start = format!(" {name}=\"");
        svg.split(element)
            .skip(1)
            .filter_map(|rest| rest.split_once(&start)?.1.split('"').next())
            .collect()
    }

    #[test]
    fn all_points_are_drawn_inside_the_axes() {
        let (base, scaled) = (
            points(&[[50, 350], [60, 310]]),
            points(&[[50, 400], [70, 300]]),
        );
        let at = points(&[[55, 330], [65, 305], [i32::MAX, 300]]);
        let dot = |at, num_solutions, qualifies| Dot {
            at,
            num_solutions,
            num_benchmarks: 1,
            qualifies,
        };
        let plot = Plot {
            axes: ["num_<items>", "better_than_baseline"],
            base: &base,
            scaled: &scaled,
            base_is_lower: true,
            dots: vec![
                dot(&at[0], 4, true),
                dot(&at[1], 900, false),
                dot(&at[2], 0, false),
            ],
        };
        let svg = plot.svg();
        assert!(
            svg.contains(">num_&lt;items&gt;</text>")
                && svg.contains(">better_than_baseline</text>")
        );
        for [x, y] in [[50, 350], [60, 310]] {
            assert!(svg.contains(&format!("<title>base_frontier [{x}, {y}]</title>")));
        }
        assert!(svg.contains("<title>scaled_frontier [70, 300]</title>"));
        assert!(svg.contains("<title>active [65, 305]: 900 solutions of 1 benchmarks</title>"));
        let places = |name| -> Vec<f64> {
            let values = attributes(&svg, "<circle", name);
            values
                .into_iter()
                .map(|value| value.parse().unwrap())
                .collect()
        };
        // The first two lie together where the third is so far away.
        assert_eq!(
            attributes(&svg, "<circle", "class"),
            ["qualifier", "active", "active"]
        );
        assert!(places("cx").iter().all(|x| (LEFT..RIGHT).contains(x)));
        assert!(places("cy").iter().all(|y| (TOP..BOTTOM).contains(y)));
        assert!(
            places("r")
                .iter()
                .all(|r| (RADIUS..=RADIUS_MAX).contains(r))
        );
    }

    #[test]
    fn dots_at_one_place_are_counted_together() {
        let at = points(&[[50, 300], [51, 300]]);
        let far = points(&[[0, 0], [1_000_000, 1_000]]);
        let dot = |at, qualifies| Dot {
            at,
            num_solutions: u32::MAX,
            num_benchmarks: 2,
            qualifies,
        };
        let plot = Plot {
            axes: ["x", "y"],
            base: &far,
            scaled: &[],
            base_is_lower: false,
            dots: vec![dot(&at[0], false), dot(&at[1], true)],
        };
        let svg = plot.svg();
        assert!(
            svg.contains("qualifier [50, 300]: 4294967295 solutions of 4 benchmarks"),
            "{svg}"
        );
    }

    #[test]
    fn odd_points_and_none_still_give_a_picture() {
        let odd = vec![vec![], vec![1], vec![1, 2, 3]];
        let plot = Plot {
            axes: ["x", "y"],
            base: &odd,
            scaled: &[],
            base_is_lower: true,
            dots: Vec::new(),
        };
        let svg = plot.svg();
        assert!(
            svg.ends_with("</svg>") && !svg.contains("NaN") && !svg.contains("inf"),
            "{svg}"
        );
    }
}
