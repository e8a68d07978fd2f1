//! Times how long the 100 MB of a vector search take: drawn as one would at first, one list a vector and then
//! serialised, against [`vector_search::Instance::write_bytes`]. Run it with `--release`.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use tig_challenges::vector_search::{DIMENSIONS, Instance, NUM_DATABASE};
use tig_protocol::rng::{Rng, Xoshiro256PlusPlus};

const RUNS: usize = 9;

fn main() -> std::io::Result<()> {
    let instance = Instance {
        seed: [1; 32],
        num_queries: 10,
        better_than_baseline: 350,
    };
    let mut guest_memory = vec![1; instance.num_bytes()];
    let straightforward = median(|| drop(black_box(serialised(&lists(&instance)))));
    let fresh = median(|| drop(black_box(instance.to_bytes())));
    let in_place = median(|| instance.write_bytes(black_box(&mut guest_memory)));
    let mut out = std::io::stdout();
    for (name, time) in [
        ("lists, then serialised", straightforward),
        ("to_bytes", fresh),
        ("write_bytes into memory in use", in_place),
    ] {
        let ratio = straightforward.as_secs_f64() / time.as_secs_f64();
        let milliseconds = time.as_secs_f64() * 1e3;
        writeln!(out, "{name:32} {milliseconds:7.1} ms  {ratio:4.1}x")?;
    }
    Ok(())
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times = [(); RUNS].map(|()| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    times.sort();
    times[RUNS / 2]
}

fn lists(instance: &Instance) -> Vec<Vec<f32>> {
    let mut rng = Xoshiro256PlusPlus::from_instance_seed(instance.seed);
    let mut vector = |_| (0..DIMENSIONS).map(|_| rng.unit_f32()).collect();
    (0..NUM_DATABASE + instance.num_queries as usize)
        .map(&mut vector)
        .collect()
}

fn serialised(vectors: &[Vec<f32>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for vector in vectors {
        bytes.extend((vector.len() as u64).to_le_bytes());
        bytes.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
    }
    bytes
}
