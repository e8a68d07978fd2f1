//! Drawing an instance of vector search into the memory of a guest, against doing it as one would at first.

use std::hint::black_box;
use std::time::Duration;

use tig_bench_report::{Line, Report, Result, Target, median_of_thread};
use tig_challenges::vector_search::{DIMENSIONS, Instance, NUM_DATABASE};
use tig_protocol::rng::{Rng, Xoshiro256PlusPlus};

const BUDGET: Duration = Duration::from_secs(5);
const NUM_QUERIES: usize = 10;
const SEED: [u8; 32] = [7; 32];

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let instance = Instance::generate(&SEED, NUM_QUERIES as i32, 350)?;
    let mut guest = vec![0; instance.num_bytes()];
    let ours = median_of_thread(BUDGET, || {
        instance.write_bytes(&mut guest);
        Ok(())
    })?;
    let mut other = vec![0; guest.len()];
    let straightforward = median_of_thread(BUDGET, || {
        let bytes = serialise(black_box(&vectors()));
        let rest = other.len() - bytes.len() - size_of::<f32>();
        other[rest..rest + bytes.len()].copy_from_slice(&bytes);
        Ok(())
    })?;
    let end = guest.len() - size_of::<f32>();
    if guest[40..end] != other[40..end] {
        return Err("the two ways to draw an instance differ".into());
    }
    report.add(&Line {
        name: "instance of vector search, into the guest's memory",
        value: ours.as_secs_f64() * 1e3,
        unit: "ms",
        target: Target::AtLeast(3.0),
        against: Some((
            "vectors of vectors, serialised, copied",
            straightforward.as_secs_f64() / ours.as_secs_f64(),
        )),
    })
}

/// Database and queries.
fn vectors() -> [Vec<Vec<f32>>; 2] {
    let mut rng = Xoshiro256PlusPlus::from_instance_seed(SEED);
    [NUM_DATABASE, NUM_QUERIES].map(|num_vectors| {
        let vector = |_| (0..DIMENSIONS).map(|_| rng.unit_f32()).collect();
        (0..num_vectors).map(vector).collect()
    })
}

fn serialise(lists: &[Vec<Vec<f32>>; 2]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for list in lists {
        bytes.extend((list.len() as u64).to_le_bytes());
        for vector in list {
            bytes.extend((vector.len() as u64).to_le_bytes());
            for number in vector {
                bytes.extend(number.to_le_bytes());
            }
        }
    }
    bytes
}
