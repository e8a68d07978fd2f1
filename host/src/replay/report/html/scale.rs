//! From numbers to places on an axis, and the numbers that are written beside it.

/// Labels of an axis, about.
const TICKS: f64 = 5.0;

/// Labels of an axis, at most.
const TICKS_COUNT_MAX: usize = 12;

/// Room between the outermost values and the ends of the axis, as part of their distance.
const MARGIN: f64 = 0.06;

/// An axis from one number to another, between two places. Places are in units of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// An axis that ends at the outermost of the values; those that are not finite do not count.
    pub(super) fn exact(values: impl Iterator<Item = f64>, places: (f64, f64)) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let range = finite.fold(None, |range: Option<(f64, f64)>, value| {
            let (from, to) = range.unwrap_or((value, value));
            Some((from.min(value), to.max(value)))
        });
        let (from, to) = range.unwrap_or((0.0, 1.0));
        let is_wide = to - from > 0.0 && (to - from).is_finite();
        let (from, to) = if is_wide {
            (from, to)
        } else {
            // A single value, or a distance that no float holds.
            (
                from.clamp(-f64::MAX / 4.0, 0.0),
                to.clamp(1.0, f64::MAX / 4.0),
            )
        };
        Self {
            from,
            to,
            start: places.0,
            end: places.1,
        }
    }

    /// As [`Scale::exact`], with room on both sides.
    pub(super) fn around(values: impl Iterator<Item = f64>, places: (f64, f64)) -> Self {
        let mut scale = Self::exact(values, places);
        let margin = (scale.to - scale.from) * MARGIN;
        scale.from -= margin;
        scale.to += margin;
        scale
    }

    /// The place of a value, on the axis whatever the value.
    pub(super) fn place(&self, value: f64) -> f64 {
        let part = (value - self.from) / (self.to - self.from);
        let part = if part.is_nan() {
            0.0
        } else {
            part.clamp(0.0, 1.0)
        };
        self.start + part * (self.end - self.start)
    }

    /// Round numbers on the axis, ascending.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let rough = (self.to - self.from) / TICKS;
        let magnitude = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * magnitude);
        let step = steps.into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let first = (self.from / step).ceil();
        let ticks = (0..TICKS_COUNT_MAX).map(|index| (first + index as f64) * step);
        ticks
            .take_while(|tick| tick.is_finite() && *tick <= self.to + step * 1e-9)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_values_have_places_and_few_ticks() {
        for values in [
            vec![],
            vec![7.0],
            vec![-3.0],
            vec![0.001, 0.002],
            vec![-1e9, 1e9],
            vec![-f64::MAX, f64::MAX],
            vec![f64::NAN, f64::INFINITY, 3.0],
        ] {
            for scale in [
                Scale::exact(values.iter().copied(), (10.0, 110.0)),
                Scale::around(values.iter().copied(), (110.0, 10.0)),
            ] {
                for value in values.iter().chain(&[0.0, f64::MIN]) {
                    let place = scale.place(*value);
                    assert!((10.0..=110.0).contains(&place), "{values:?}: {place}");
                }
                let ticks = scale.ticks();
                assert!(
                    (2..=TICKS_COUNT_MAX).contains(&ticks.len()),
                    "{values:?}: {ticks:?}"
                );
                assert!(ticks.is_sorted(), "{ticks:?}");
            }
        }
    }

    #[test]
    fn values_keep_their_order() {
        let scale = Scale::around([50.0, 51.0, 70.0].into_iter(), (0.0, 300.0));
        let places = [50.0, 51.0, 70.0].map(|value| scale.place(value));
        assert!(places.is_sorted() && places[0] > 0.0 && places[2] < 300.0);
        assert_eq!(scale.ticks(), [50.0, 55.0, 60.0, 65.0, 70.0]);
    }
}
