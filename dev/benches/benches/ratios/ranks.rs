//! Whether two samples differ, by Mann and Whitney's rank test: it assumes no distribution, and outliers count as one rank each.

use std::time::Duration;

/// The standard score beyond which a difference is no chance: once in a thousand tests, two-sided.
const SIGNIFICANT: f64 = 3.29;

#[derive(Default)]
pub(crate) struct Comparison {
    ours: Vec<f64>,
    bare: Vec<f64>,
}

impl Comparison {
    pub(crate) fn push(&mut self, ours: Duration, bare: Duration) {
        self.ours.push(ours.as_secs_f64());
        self.bare.push(bare.as_secs_f64());
    }

    /// Prints the ratio and the difference of the medians, and the rank test's standard score.
    pub(crate) fn print(&self, what: &str) {
        let (ours, bare) = (median(&self.ours), median(&self.bare));
        println!(
            "{what}: {:.4} ({} pairs, medians {:.3} ms over {:.3} ms, difference {:+.3} ms, rank test z {:+.2}{})",
            ours / bare,
            self.ours.len(),
            ours * 1000.0,
            bare * 1000.0,
            (ours - bare) * 1000.0,
            self.score(0.0),
            if self.differs() { ", no chance" } else { "" },
        );
    }

    /// Reports whether the samples differ at all.
    pub(crate) fn differs(&self) -> bool {
        self.score(0.0).abs() > SIGNIFICANT
    }

    /// Reports whether the samples differ by less than `bound`, in either direction. Both the medians and the rank test of samples
    /// moved by `bound` must show it.
    pub(crate) fn is_within(&self, bound: Duration) -> bool {
        let bound = bound.as_secs_f64();
        (median(&self.ours) - median(&self.bare)).abs() < bound
            && self.score(-bound) < -SIGNIFICANT
            && self.score(bound) > SIGNIFICANT
    }

    /// Returns the standard score of U for our sample moved by `shift`, positive where ours is greater, by the normal approximation.
    fn score(&self, shift: f64) -> f64 {
        let mut all: Vec<(f64, bool)> = self
            .ours
            .iter()
            .map(|value| (value + shift, true))
            .chain(self.bare.iter().map(|value| (*value, false)))
            .collect();
        all.sort_by(|left, right| left.0.total_cmp(&right.0));
        // Ties of nanoseconds are too few to count.
        let ranks: f64 = all
            .iter()
            .zip(1_u32..)
            .filter_map(|((_, is_ours), rank)| is_ours.then_some(f64::from(rank)))
            .sum();
        let (n, m) = (self.ours.len() as f64, self.bare.len() as f64);
        let u = ranks - n * (n + 1.0) / 2.0;
        (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
