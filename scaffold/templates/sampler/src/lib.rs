//! Extension `plugin_name`: proposes difficulties for each challenge, in place of `difficulty_sampler`.
//!
//! | | |
//! |---|---|
//! | handles | `new_block` |
//! | emits | `difficulty_samples`, one for each active challenge |
//! | config keys | `num_samples`, `hardness` |

mod region;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

use self::region::{Point, Region};

/// Difficulties of one challenge and block: far more than are used.
const SAMPLES_COUNT_MAX: u32 = 10_000;

/// Section `plugin_name` of the host's config.
#[derive(ConfigSchema, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Difficulties that are drawn for each challenge and block, from 1 to 10,000.
    num_samples: u32,
    /// From 0 to 1: 0 draws anywhere between the frontiers, 1 at the upper one.
    hardness: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            num_samples: 100,
            hardness: 0.0,
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
        let (num_samples, hardness) = (config.num_samples, config.hardness);
        if !(0.0..=1.0).contains(&hardness) {
            bail!("config.plugin_name.hardness: {hardness} is not between 0 and 1");
        }
        if !(1..=SAMPLES_COUNT_MAX).contains(&num_samples) {
            let max = SAMPLES_COUNT_MAX;
            bail!("config.plugin_name.num_samples: {num_samples} is not between 1 and {max}");
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
            let samples = match Region::decode(&parameters[id], data) {
                Ok(region) => self.draw_all(ctx, &region),
                Err(error) => {
                    let reason = error.to_string();
                    ctx.warn_with(
                        "bad challenge",
                        &[("challenge_id", id), ("reason", &reason)],
                    );
                    continue;
                }
            };
            let block_id = &event.block["id"];
            let samples = json!({ "challenge_id": id, "block_id": block_id, "samples": samples });
            ctx.emit_json("difficulty_samples", &samples)?;
        }
        Ok(())
    }
}

impl Sampler {
    fn draw_all(&self, ctx: &mut Context<'_>, region: &Region) -> Vec<Point> {
        let draws = 0..self.config.num_samples;
        draws.filter_map(|_| self.draw(ctx, region)).collect()
    }

    /// The policy: a random point on the line from an easy end of the region to a hard one.
    fn draw(&self, ctx: &mut Context<'_>, region: &Region) -> Option<Point> {
        let easy = pick(ctx, &region.easy_ends)?;
        let hard = pick(ctx, &region.hard_ends)?;
        let hardness = self.config.hardness;
        let share = hardness + (1.0 - hardness) * ctx.random_unit();
        let between = |(&easy, &hard): (&i32, &i32)| {
            let value = f64::from(easy) * (1.0 - share) + f64::from(hard) * share;
            value.round() as i32
        };
        let point: Point = easy.iter().zip(hard).map(between).collect();
        // Where frontiers bend, such a line leaves the region; its ends never do.
        Some(match region.admits(&point) {
            true => point,
            false if share < 0.5 => easy.clone(),
            false => hard.clone(),
        })
    }
}

fn pick<'a>(ctx: &mut Context<'_>, points: &'a [Point]) -> Option<&'a Point> {
    let index = ctx.random_unit() * points.len() as f64;
    points.get(index as usize)
}
