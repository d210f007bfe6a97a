//! How long an invocation is billed at a memory size. Computed, not measured: a function gets a core's share in proportion to its
//! memory, and the work takes longer by as much; waiting does not.

use crate::assumed::Lambda;

/// Billed milliseconds of a warm invocation, rounded up to a whole one as Lambda does.
///
/// Above the memory of a full core nothing gets quicker: the functions run on one thread.
pub(crate) fn billed_ms(lambda: &Lambda, memory_mb: u32, cpu_ms: f64, waiting_ms: f64) -> f64 {
    let slower = (f64::from(lambda.full_core_mb) / f64::from(memory_mb)).max(1.0);
    (cpu_ms * slower + waiting_ms).ceil()
}

/// GB-seconds of an average invocation, with its share of the cold starts.
pub(crate) fn gb_seconds(lambda: &Lambda, memory_mb: u32, billed_ms: f64) -> f64 {
    f64::from(memory_mb) / 1024.0 * (billed_ms + lambda.cold_share * lambda.cold_ms) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lambda(cold_share: f64) -> Lambda {
        Lambda {
            full_core_mb: 1769,
            sizes_mb: Vec::new(),
            cold_share,
            cold_ms: 100.0,
        }
    }

    #[test]
    fn work_takes_longer_on_less_memory_and_waiting_does_not() {
        let at = |memory_mb| billed_ms(&lambda(0.0), memory_mb, 32.7, 10.0);
        // 32.7 × 1769 / 128 = 451.9; 32.7 × 1769 / 1024 = 56.5
        assert_eq!([128, 1024, 1769].map(at), [462.0, 67.0, 43.0]);
        assert_eq!(billed_ms(&lambda(0.0), 128, 0.0, 10.0), 10.0);
    }

    #[test]
    fn work_gets_no_quicker_beyond_a_full_core() {
        assert_eq!(billed_ms(&lambda(0.0), 3538, 32.7, 10.0), 43.0);
    }

    #[test]
    fn a_cold_start_is_billed_by_its_share() {
        // Half a GB for 50 ms, and 1 % of 100 ms.
        assert!((gb_seconds(&lambda(0.01), 512, 50.0) - 0.0255).abs() < 1e-12);
        assert!((gb_seconds(&lambda(0.0), 512, 50.0) - 0.025).abs() < 1e-12);
    }
}
