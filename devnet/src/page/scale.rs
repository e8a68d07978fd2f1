//! From numbers to places on an axis, and the numbers that are written beside it.

/// Labels of an axis, about.
const TICKS: f64 = 6.0;
/// Room between the outermost values and the ends of the axis, as part of their distance.
const MARGIN: f64 = 0.06;

/// An axis from one number to another, between two places. Places are in units of the picture, whole ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// The axis from `from` to `to`, which is above it.
    pub(super) fn new((from, to): (f64, f64), (start, end): (f64, f64)) -> Self {
        Self {
            from,
            to,
            start,
            end,
        }
    }

    /// An axis with room for all the values.
    pub(super) fn around(values: impl Iterator<Item = i32> + Clone, places: (f64, f64)) -> Self {
        let least = f64::from(values.clone().min().unwrap_or(0));
        let most = f64::from(values.max().unwrap_or(0));
        let margin = ((most - least) * MARGIN).max(1.0);
        Self::new((least - margin, most + margin), places)
    }

    pub(super) fn place(&self, value: f64) -> i32 {
        let part = (value - self.from) / (self.to - self.from);
        (self.start + part * (self.end - self.start)).round() as i32
    }

    /// Round whole numbers on the axis, ascending.
    pub(super) fn ticks(&self) -> Vec<i64> {
        let rough = (self.to - self.from) / TICKS;
        let magnitude = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|factor| factor * magnitude)
            .into_iter()
            .find(|&step| step >= rough)
            .unwrap_or(rough)
            .max(1.0) as i64;
        let first = (self.from / step as f64).ceil() as i64 * step;
        (0..)
            .map(|index| first + index * step)
            .take_while(|&tick| tick as f64 <= self.to)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_order_and_stay_on_the_axis() {
        let values = [50, 51, 70, 1_000];
        let scale = Scale::around(values.into_iter(), (0.0, 300.0));
        let places = values.map(|value| scale.place(value.into()));
        assert!(
            places.is_sorted() && places[0] > 0 && places[3] < 300,
            "{places:?}"
        );
        // Upwards in a picture.
        let scale = Scale::around(values.into_iter(), (300.0, 0.0));
        assert!(scale.place(50.0) > scale.place(1_000.0));
    }

    #[test]
    fn ticks_are_round_and_few_on_any_axis() {
        for (values, first, step) in [
            (vec![50, 60], 50, 2),
            (vec![7], 6, 1),
            (vec![300, 330], 300, 10),
            (vec![i32::MIN, i32::MAX], -2_000_000_000, 1_000_000_000),
            (vec![], -1, 1),
        ] {
            let ticks = Scale::around(values.iter().copied(), (0.0, 100.0)).ticks();
            assert!((2..=7).contains(&ticks.len()), "{values:?}: {ticks:?}");
            assert_eq!((ticks[0], ticks[1] - ticks[0]), (first, step), "{values:?}");
        }
    }
}
