//! Extension `plugin_name`: proposes difficulties for each challenge, in place of `difficulty_sampler`.
//!
//! | | |
//! |---|---|
//! | handles | `new_block` |
//! | emits | `difficulty_samples`, one for each active challenge |
//! | config keys | `num_samples`, `hardness` |

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

/// Section `plugin_name` of the host's config.
#[derive(ConfigSchema, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Difficulties that are drawn for each challenge and block.
    num_samples: u32,
    /// From 0 to 1: 0 draws anywhere between the frontiers, 1 at the upper one.
    hardness: f64,
}

impl Default for Config {
    fn default() -> Self {
        let (num_samples, hardness) = (100, 0.0);
        Self {
            num_samples,
            hardness,
        }
    }
}

/// What is read of the event. Challenges are decoded one by one, so that a bad one stops no other.
#[derive(Deserialize)]
struct NewBlock {
    block: Value,
    challenges: BTreeMap<String, Value>,
}

/// Proposes difficulties.
pub struct Sampler {
    config: Config,
}

#[extension(emits("difficulty_samples"))]
impl Sampler {
    fn new(config: Config, _ctx: &mut Context<'_>) -> Result<Self> {
        if !(0.0..=1.0).contains(&config.hardness) {
            bail!(
                "config.plugin_name.hardness: {} is not between 0 and 1",
                config.hardness
            );
        }
        Ok(Self { config })
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let parameters = &event.block["config"]["difficulty"]["parameters"];
        for (id, challenge) in &event.challenges {
            let data = &challenge["block_data"];
            // Without data it is not active.
            if data.is_null() {
                continue;
            }
            let region = match Region::decode(&parameters[id], data) {
                Ok(region) => region,
                Err(error) => {
                    ctx.warn_with(
                        "no samples",
                        &[("challenge_id", id), ("reason", &error.to_string())],
                    );
                    continue;
                }
            };
            let draws = 0..self.config.num_samples;
            let samples: Vec<_> = draws
                .filter_map(|_| region.draw(ctx, self.config.hardness))
                .collect();
            let block_id = &event.block["id"];
            let samples = json!({ "challenge_id": id, "block_id": block_id, "samples": samples });
            ctx.emit_json("difficulty_samples", &samples)?;
        }
        Ok(())
    }
}

/// Difficulties have one value for each parameter of their challenge.
type Point = Vec<i32>;

/// What the network admits: difficulties that are neither easier than a point of the lower frontier nor harder than one of
/// the upper frontier.
struct Region {
    bounds: Vec<Parameter>,
    lower: Vec<Point>,
    upper: Vec<Point>,
}

#[derive(Deserialize)]
struct Parameter {
    min_value: i32,
    max_value: i32,
}

impl Region {
    fn decode(parameters: &Value, data: &Value) -> serde_json::Result<Self> {
        let base = Vec::deserialize(&data["base_frontier"])?;
        let scaled = Vec::deserialize(&data["scaled_frontier"])?;
        let scaling_factor = f64::deserialize(&data["scaling_factor"])?;
        let (lower, upper) = match scaling_factor > 1.0 {
            true => (base, scaled),
            false => (scaled, base),
        };
        let bounds = Vec::deserialize(parameters)?;
        Ok(Self {
            bounds,
            lower,
            upper,
        })
    }

    /// A random point on the line from a point of the lower frontier to one of the upper frontier.
    fn draw(&self, ctx: &mut Context<'_>, hardness: f64) -> Option<Point> {
        let (from, to) = (self.pick(ctx, &self.lower)?, self.pick(ctx, &self.upper)?);
        let share = hardness + (1.0 - hardness) * ctx.random_unit();
        let between = |(&from, &to)| f64::from(from) * (1.0 - share) + f64::from(to) * share;
        let point: Point = from
            .iter()
            .zip(to)
            .map(|pair| between(pair).round() as i32)
            .collect();
        // Where frontiers bend, such a line leaves the region; its ends never do.
        let end = if share < 0.5 { from } else { to };
        Some(if self.admits(&point) {
            point
        } else {
            end.clone()
        })
    }

    /// Draws one of the points that are admissible.
    fn pick<'a>(&self, ctx: &mut Context<'_>, points: &'a [Point]) -> Option<&'a Point> {
        let admissible: Vec<_> = points.iter().filter(|point| self.admits(point)).collect();
        let index = ctx.random_unit() * admissible.len() as f64;
        admissible.get(index as usize).copied()
    }

    fn admits(&self, point: &Point) -> bool {
        let is_inside = |(value, bounds): (&i32, &Parameter)| {
            (bounds.min_value..=bounds.max_value).contains(value)
        };
        point.len() == self.bounds.len()
            && point.iter().zip(&self.bounds).all(is_inside)
            && !self.lower.iter().any(|bound| is_easier(point, bound))
            && !self.upper.iter().any(|bound| is_easier(bound, point))
    }
}

/// Whether `one` is easier in some parameter and harder in none.
fn is_easier(one: &Point, other: &Point) -> bool {
    one != other && one.iter().zip(other).all(|(one, other)| one <= other)
}

#[cfg(test)]
mod tests;
