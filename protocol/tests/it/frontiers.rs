//! `frontiers.json`: dominance, frontiers, scaling and bounds.

use std::cmp::Ordering;

use serde_json::{Value, json};
use tig_protocol::difficulty::{
    Bounds, Point, Position, easy_frontier, hard_frontier, lower_and_upper, pareto_compare,
    position,
};

use crate::outcome::same_outcome;
use crate::vectors::{self, Report, field};

/// All operations but `sample`, which the benchmarker does not use.
fn operations(file: &Value) -> Report {
    Report::of(file, "cases", |case| {
        let op: String = field(case, "op")?;
        if op == "sample" {
            return Ok(());
        }
        same_outcome(case, operation(&op, &case["input"]))
    })
}

fn operation(op: &str, input: &Value) -> Result<Value, String> {
    let text = |error: tig_protocol::difficulty::BoundsError| error.to_string();
    let points = |name: &str| field::<Vec<Point>>(input, name);
    let bounds =
        || Bounds::new(field(input, "min_point")?, field(input, "max_point")?).map_err(text);
    Ok(match op {
        "pareto_compare" => {
            let (a, b): (Point, Point) = (field(input, "a")?, field(input, "b")?);
            json!(dominance(pareto_compare(&a, &b)))
        }
        "pareto_frontier" => json!(hard_frontier(&points("points")?)),
        "extend" => json!(bounds()?.extend(&points("points")?).map_err(text)?),
        "scale_frontier" => json!(
            bounds()?
                .scale(&points("points")?, multiplier(input)?)
                .map_err(text)?
        ),
        "scale_point" => {
            let point: Point = field(input, "point")?;
            json!(
                bounds()?
                    .scale_point(&point, multiplier(input)?)
                    .map_err(text)?
            )
        }
        "within" => {
            let point: Point = field(input, "point")?;
            json!(position_name(position(
                &point,
                &points("lower")?,
                &points("upper")?
            )))
        }
        other => panic!("unknown operation {other}"),
    })
}

fn multiplier(input: &Value) -> Result<f64, String> {
    let bits: String = field(input, "multiplier_bits")?;
    u64::from_str_radix(&bits, 16)
        .map(f64::from_bits)
        .map_err(|error| error.to_string())
}

fn dominance(ordering: Ordering) -> &'static str {
    match ordering {
        Ordering::Less => "BDominatesA",
        Ordering::Equal => "Equal",
        Ordering::Greater => "ADominatesB",
    }
}

fn position_name(position: Position) -> &'static str {
    match position {
        Position::Below => "Below",
        Position::Within => "Within",
        Position::Above => "Above",
    }
}

#[test]
fn frontiers_are_those_of_the_original() {
    operations(&vectors::read("frontiers.json")).assert_conforms();
}

/// The example of tig-protocol.md section 11.
#[test]
fn frontiers_follow_the_qualifiers() {
    let bounds = Bounds::new(vec![50, 300], vec![i32::MAX, i32::MAX]).unwrap();
    let qualifiers = [vec![60, 310], vec![55, 330], vec![50, 350], vec![70, 330]];
    let base = bounds.extend(&easy_frontier(&qualifiers)).unwrap();
    assert_eq!(base, [[50, 350], [55, 330], [60, 310], [61, 300]]);
    let scaled = |factor| {
        bounds
            .extend(&bounds.scale(&base, factor).unwrap())
            .unwrap()
    };
    assert_eq!(scaled(0.5), [[50, 325], [52, 315], [55, 300]]);
    assert_eq!(scaled(1.0), base);
    assert_eq!(
        scaled(2.0),
        [
            [50, 402],
            [51, 401],
            [61, 361],
            [71, 321],
            [73, 301],
            [74, 300]
        ]
    );
    assert_eq!(scaled(0.05), [[50, 300]]);

    let (lower, upper) = (&base, &scaled(2.0));
    assert_eq!(
        lower_and_upper(&base, upper, 2.0),
        (lower.as_slice(), upper.as_slice())
    );
    assert_eq!(position(&[50, 300], lower, upper), Position::Below);
    assert_eq!(position(&[61, 361], lower, upper), Position::Within);
    assert_eq!(position(&[62, 361], lower, upper), Position::Above);
}

#[test]
fn bounds_refuse_points_of_other_dimensions() {
    assert!(Bounds::new(vec![1], vec![2, 3]).is_err());
    assert!(Bounds::new(vec![5], vec![4]).is_err());
    let bounds = Bounds::new(vec![1, 1], vec![9, 9]).unwrap();
    assert!(bounds.extend(&[vec![1]]).is_err());
    assert!(bounds.scale(&[vec![1, 2, 3]], 1.5).is_err());
    assert!(bounds.contains(&[1, 9]));
    assert!(!bounds.contains(&[1, 10]));
    assert!(!bounds.contains(&[1]));
}
