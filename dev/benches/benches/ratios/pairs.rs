//! Times of two operations in turn, so that a drift of the machine affects both.

use std::time::Duration;

/// The first turns, which fill caches and connections.
const WARM_UP: usize = 5;

#[derive(Default)]
pub(crate) struct Pairs(Vec<(Duration, Duration)>);

impl Pairs {
    pub(crate) fn push(&mut self, ours: Duration, bare: Duration) {
        self.0.push((ours, bare));
    }

    /// Prints the ratio, and whether it meets its aim.
    pub(crate) fn print(&self, what: &str, aim: Option<f64>) {
        let sorted = |value: fn(&(Duration, Duration)) -> f64| {
            let mut values: Vec<f64> = self.0.iter().skip(WARM_UP).map(value).collect();
            values.sort_by(f64::total_cmp);
            move |percent: usize| values[(values.len() - 1) * percent / 100]
        };
        let ratio = sorted(|(ours, bare)| ours.as_secs_f64() / bare.as_secs_f64());
        println!(
            "{what}: {:.3} (quartiles {:.3} to {:.3}; medians {:.3} ms over {:.3} ms){}",
            ratio(50),
            ratio(25),
            ratio(75),
            sorted(|(ours, _)| ours.as_secs_f64() * 1000.0)(50),
            sorted(|(_, bare)| bare.as_secs_f64() * 1000.0)(50),
            verdict(ratio(50), aim)
        );
    }
}

/// Returns whether a value meets its aim, as text.
pub(crate) fn verdict(value: f64, aim: Option<f64>) -> String {
    let met = |aim| if value <= aim { "met" } else { "MISSED" };
    aim.map_or_else(String::new, |aim| format!(", aim {aim:.2}: {}", met(aim)))
}
