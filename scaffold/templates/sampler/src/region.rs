//! The difficulties that the network admits. The network refuses all others, so change the policy, not this.

use serde::Deserialize;
use serde_json::Value;

/// A difficulty: one value for each parameter of its challenge.
pub(crate) type Point = Vec<i32>;

/// Difficulties that are neither easier than a point of the lower frontier nor harder than one of the upper frontier.
pub(crate) struct Region {
    bounds: Vec<Parameter>,
    lower: Vec<Point>,
    upper: Vec<Point>,
    /// Points of the lower frontier that are admissible; of the upper one if there are none.
    pub(crate) easy_ends: Vec<Point>,
    /// Points of the upper frontier that are admissible; of the lower one if there are none.
    pub(crate) hard_ends: Vec<Point>,
}

#[derive(Deserialize)]
struct Parameter {
    min_value: i32,
    max_value: i32,
}

impl Region {
    /// Of a challenge's parameters in the block's config, and its data at the block.
    pub(crate) fn decode(parameters: &Value, data: &Value) -> serde_json::Result<Self> {
        let base = Vec::deserialize(&data["base_frontier"])?;
        let scaled = Vec::deserialize(&data["scaled_frontier"])?;
        let scaling_factor = f64::deserialize(&data["scaling_factor"])?;
        let (lower, upper) = match scaling_factor > 1.0 {
            true => (base, scaled),
            false => (scaled, base),
        };
        let mut region = Self {
            bounds: Vec::deserialize(parameters)?,
            lower,
            upper,
            easy_ends: Vec::new(),
            hard_ends: Vec::new(),
        };
        let [easy, hard] = [&region.lower, &region.upper].map(|points| region.admissible(points));
        let or = |one: &Vec<Point>, other: &Vec<Point>| match one.is_empty() {
            true => other.clone(),
            false => one.clone(),
        };
        (region.easy_ends, region.hard_ends) = (or(&easy, &hard), or(&hard, &easy));
        Ok(region)
    }

    /// Whether the network takes this difficulty.
    pub(crate) fn admits(&self, point: &Point) -> bool {
        let is_inside = |(value, bounds): (&i32, &Parameter)| {
            (bounds.min_value..=bounds.max_value).contains(value)
        };
        point.len() == self.bounds.len()
            && point.iter().zip(&self.bounds).all(is_inside)
            && !self.lower.iter().any(|bound| is_easier(point, bound))
            && !self.upper.iter().any(|bound| is_easier(bound, point))
    }

    fn admissible(&self, points: &[Point]) -> Vec<Point> {
        let points = points.iter().filter(|point| self.admits(point));
        points.cloned().collect()
    }
}

/// Whether `one` is easier in some parameter and harder in none.
fn is_easier(one: &Point, other: &Point) -> bool {
    one != other && one.iter().zip(other).all(|(one, other)| one <= other)
}
