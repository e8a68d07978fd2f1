//! Geometry of difficulties: dominance, frontiers and bounds (tig-protocol.md section 10).
//!
//! Frontiers are sets: every function that returns one returns it sorted and without duplicates.

mod layers;
mod sample;

use std::cmp::Ordering;

pub use layers::hard_layers;
pub use sample::sample;

/// A difficulty, in the order of the challenge's parameters.
pub type Point = Vec<i32>;

/// `Greater` if `a` dominates `b`: higher in some dimension and lower in none. `Equal` also if neither dominates.
/// Dimensions that only one of the points has do not count.
pub fn pareto_compare(a: &[i32], b: &[i32]) -> Ordering {
    let higher = a.iter().zip(b).any(|(a, b)| a > b);
    let lower = a.iter().zip(b).any(|(a, b)| a < b);
    higher.cmp(&lower)
}

/// The points that no other point dominates.
pub fn hard_frontier(points: &[Point]) -> Vec<Point> {
    frontier(points, Ordering::Less)
}

/// The points that dominate no other point.
pub fn easy_frontier(points: &[Point]) -> Vec<Point> {
    frontier(points, Ordering::Greater)
}

/// The points that never compare as `excluded` to another.
fn frontier(points: &[Point], excluded: Ordering) -> Vec<Point> {
    if layers::are_planar(points) {
        return layers::planar_frontier(points, excluded);
    }
    let outside = |point: &&Point| {
        points
            .iter()
            .all(|other| pareto_compare(point, other) != excluded)
    };
    sorted(points.iter().filter(outside).cloned().collect())
}

fn sorted(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_unstable();
    points.dedup();
    points
}

/// Where a difficulty lies between two frontiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Some point of the lower frontier dominates it: too easy.
    Below,
    /// Admissible; the points of both frontiers are.
    Within,
    /// It dominates some point of the upper frontier: too hard.
    Above,
}

/// Where `point` lies between the frontiers `lower` and `upper`.
pub fn position(point: &[i32], lower: &[Point], upper: &[Point]) -> Position {
    if lower
        .iter()
        .any(|bound| pareto_compare(point, bound).is_lt())
    {
        Position::Below
    } else if upper
        .iter()
        .any(|bound| pareto_compare(point, bound).is_gt())
    {
        Position::Above
    } else {
        Position::Within
    }
}

/// The lower and the upper frontier of a challenge: the base frontier is the lower one if the factor exceeds 1.
pub fn lower_and_upper<'a>(
    base: &'a [Point],
    scaled: &'a [Point],
    scaling_factor: f64,
) -> (&'a [Point], &'a [Point]) {
    if scaling_factor > 1.0 {
        (base, scaled)
    } else {
        (scaled, base)
    }
}

/// The smallest and the largest difficulty of a challenge.
///
/// Invariant: both have the same number of dimensions, and no minimum exceeds its maximum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    min: Point,
    max: Point,
}

/// Why points and bounds do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
    /// Points of different dimensions.
    #[error("difficulty {point:?} must have {dimensions} dimensions")]
    Dimensions {
        /// The offending point.
        point: Point,
        /// Dimensions of the bounds.
        dimensions: usize,
    },
    /// A minimum above its maximum.
    #[error("minimum difficulty {min:?} exceeds the maximum {max:?}")]
    Reversed {
        /// The minima.
        min: Point,
        /// The maxima.
        max: Point,
    },
}

impl Bounds {
    /// Checks the invariant.
    ///
    /// # Errors
    /// Different dimensions, or a minimum above its maximum.
    pub fn new(min: Point, max: Point) -> Result<Self, BoundsError> {
        if min.len() != max.len() {
            return Err(BoundsError::Dimensions {
                dimensions: min.len(),
                point: max,
            });
        }
        if min.iter().zip(&max).any(|(min, max)| min > max) {
            return Err(BoundsError::Reversed { min, max });
        }
        Ok(Self { min, max })
    }

    /// The smallest difficulty.
    pub fn min(&self) -> &[i32] {
        &self.min
    }

    /// The largest difficulty.
    pub fn max(&self) -> &[i32] {
        &self.max
    }

    /// Whether every coordinate of `point` lies between its minimum and its maximum.
    pub fn contains(&self, point: &[i32]) -> bool {
        let inside = |((value, min), max): ((&i32, &i32), &i32)| min <= value && value <= max;
        point.len() == self.min.len() && point.iter().zip(&self.min).zip(&self.max).all(inside)
    }

    /// Moves `point` away from the minimum by `factor` and clamps it. Integers wrap, as in the original.
    ///
    /// # Errors
    /// A point of other dimensions than the bounds.
    pub fn scale_point(&self, point: &[i32], factor: f64) -> Result<Point, BoundsError> {
        if point.len() != self.min.len() {
            return Err(BoundsError::Dimensions {
                point: point.to_vec(),
                dimensions: self.min.len(),
            });
        }
        let scale = |((value, &min), &max): ((&i32, &i32), &i32)| {
            let steps = f64::from(value.wrapping_sub(min).wrapping_add(1)) * factor;
            min.wrapping_add(steps.ceil() as i32)
                .wrapping_sub(1)
                .clamp(min, max)
        };
        Ok(point
            .iter()
            .zip(&self.min)
            .zip(&self.max)
            .map(scale)
            .collect())
    }

    /// Scales a frontier; its hard frontier if `factor` exceeds 1, else its easy one.
    ///
    /// # Errors
    /// Points of other dimensions than the bounds.
    pub fn scale(&self, points: &[Point], factor: f64) -> Result<Vec<Point>, BoundsError> {
        let scaled: Result<Vec<Point>, _> = points
            .iter()
            .map(|point| self.scale_point(point, factor))
            .collect();
        let scaled = scaled?;
        Ok(if factor > 1.0 {
            hard_frontier(&scaled)
        } else {
            easy_frontier(&scaled)
        })
    }

    /// Adds the points that make a frontier reach every axis.
    ///
    /// # Errors
    /// Points of other dimensions than the bounds.
    pub fn extend(&self, points: &[Point]) -> Result<Vec<Point>, BoundsError> {
        let dimensions = self.min.len();
        if let Some(point) = points.iter().find(|point| point.len() != dimensions) {
            return Err(BoundsError::Dimensions {
                point: point.clone(),
                dimensions,
            });
        }
        let mut extended = points.to_vec();
        for i in 0..dimensions {
            let mut end = self.min.clone();
            // A frontier without points extends from the minimum itself.
            end[i] = extended
                .iter()
                .map(|point| point[i])
                .max()
                .unwrap_or(self.min[i]);
            if !extended.contains(&end) {
                end[i] = end[i].saturating_add(1).min(self.max[i]);
                extended.push(end);
            }
        }
        Ok(sorted(extended))
    }
}
