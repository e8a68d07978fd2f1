//! `frontiers.json`: dominance, frontiers, scaling, bounds and draws.

use std::cmp::Ordering;

use serde_json::{Value, json};
use tig_protocol::difficulty::{
    Bounds, Point, Position, hard_frontier, pareto_compare, position, sample,
};
use tig_protocol::rng::ChaCha12;

use super::{List, error_upheld};
use crate::case::{Case, field, text};

pub(super) const CASES: List = List {
    name: "cases",
    check: |_, case| case.same_result(answer(case)?),
    uphold: |_, law, case| error_upheld(law, answer(case)?),
};

/// The outer error is a case that cannot be read, the inner one an answer.
fn answer(case: Case<'_>) -> Result<Result<Value, String>, String> {
    let input = case.get("input");
    let points = |name: &str| field::<Vec<Point>>(input, name);
    Ok(match case.field::<String>("op")?.as_str() {
        "pareto_compare" => {
            let (a, b): (Point, Point) = (field(input, "a")?, field(input, "b")?);
            Ok(json!(dominance(pareto_compare(&a, &b))))
        }
        "pareto_frontier" => Ok(json!(hard_frontier(&points("points")?))),
        "within" => {
            let point: Point = field(input, "point")?;
            Ok(json!(position_name(position(
                &point,
                &points("lower")?,
                &points("upper")?
            ))))
        }
        "sample" => draws(input, &points("points")?)?,
        op => scaled(op, input)?,
    })
}

/// Operations within bounds.
fn scaled(op: &str, input: &Value) -> Result<Result<Value, String>, String> {
    let bounds = match Bounds::new(field(input, "min_point")?, field(input, "max_point")?) {
        Ok(bounds) => bounds,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let done = match op {
        "extend" => bounds
            .extend(&field::<Vec<Point>>(input, "points")?)
            .map(|points| json!(points)),
        "scale_frontier" => {
            let points: Vec<Point> = field(input, "points")?;
            bounds
                .scale(&points, multiplier(input)?)
                .map(|points| json!(points))
        }
        "scale_point" => {
            let point: Point = field(input, "point")?;
            bounds
                .scale_point(&point, multiplier(input)?)
                .map(|point| json!(point))
        }
        other => return Err(format!("unknown operation `{other}`")),
    };
    Ok(done.map_err(text))
}

fn draws(input: &Value, points: &[Point]) -> Result<Result<Value, String>, String> {
    let mut rng = ChaCha12::seed_from_u64(field(input, "rng_seed_u64")?);
    let count: usize = field(input, "count")?;
    let drawn: Option<Vec<Point>> = (0..count).map(|_| sample(points, &mut rng)).collect();
    Ok(drawn
        .map(|points| json!(points))
        .ok_or_else(|| "nothing to draw from".to_owned()))
}

fn multiplier(input: &Value) -> Result<f64, String> {
    let bits: String = field(input, "multiplier_bits")?;
    u64::from_str_radix(&bits, 16)
        .map(f64::from_bits)
        .map_err(text)
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
