//! A random difficulty on a frontier, as the original draws it.

use super::Point;
use crate::rng::Rng;

/// Draws a point of the staircase through the points of a two-dimensional `frontier`.
///
/// A coordinate is chosen, then a value of it between the smallest and the largest on the frontier. The other coordinate
/// is interpolated between the neighbours and rounded up; where that reaches a neighbour's own value the neighbour is the
/// draw, which otherwise would be dominated. `None` if the frontier is empty or a point has not two dimensions.
pub fn sample(frontier: &[Point], rng: &mut impl Rng) -> Option<Point> {
    if frontier.is_empty() || frontier.iter().any(|point| point.len() != 2) {
        return None;
    }
    let along = (rng.next_u32() % 2) as usize;
    let across = 1 - along;
    let mut points: Vec<&Point> = frontier.iter().collect();
    points.sort_unstable_by_key(|point| point[along]);
    let (first, last) = (points[0], points[points.len() - 1]);
    let value = draw_between(rng, first[along], last[along]);
    let next = points.partition_point(|point| point[along] < value);
    if points[next][along] == value {
        return Some(points[next].clone());
    }
    let (before, after) = (points[next - 1], points[next]);
    let share = distance(before[along], value) / distance(before[along], after[along]);
    let other = f64::from(before[across]) + share * distance(before[across], after[across]);
    let other = other.ceil() as i32;
    if let Some(neighbour) = [before, after]
        .into_iter()
        .find(|point| point[across] == other)
    {
        return Some(neighbour.clone());
    }
    let mut point = vec![value; 2];
    point[across] = other;
    Some(point)
}

/// One draw from `low..=high`, which is never empty.
fn draw_between(rng: &mut impl Rng, low: i32, high: i32) -> i32 {
    match high.abs_diff(low).checked_add(1) {
        Some(size) => low.wrapping_add_unsigned(rng.range_u32(0..size)),
        // The whole range of the type: every word is a draw.
        None => rng.next_u32() as i32,
    }
}

fn distance(from: i32, to: i32) -> f64 {
    f64::from(to) - f64::from(from)
}
