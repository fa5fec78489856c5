//! Small arithmetic: counts as reals, odds, rounding to what a file shows.

/// A count as a real number. Counts of rows stay far below 2³².
pub(crate) fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A real number as the nearest whole one, within the range of `i32`.
pub(crate) fn whole(value: f64) -> i32 {
    let rounded = value.round();
    if rounded.is_nan() {
        return 0;
    }
    let clipped = rounded.clamp(f64::from(i32::MIN), f64::from(i32::MAX));
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "rounded and clipped to the range just above"
    )]
    let whole = clipped as i32;
    whole
}

/// A real number as a whole one, upwards, within what a band of a pack may begin with.
pub(crate) fn whole_above(value: f64) -> i64 {
    const FARTHEST: f64 = 1e15;
    if value.is_nan() {
        return 0;
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "whole and within the 53 bits a real number holds exactly"
    )]
    let whole = value.ceil().clamp(-FARTHEST, FARTHEST) as i64;
    whole
}

/// Rounded to four decimals: what a model file shows, and coarse enough to be the same on every machine.
pub(crate) fn four(value: f64) -> f64 {
    let rounded = (value * 1e4).round() / 1e4;
    // No negative zero in a file.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Parts in a thousand.
pub(crate) fn permille(part: f64, of: f64) -> i32 {
    if of > 0.0 { whole(1000.0 * part / of) } else { 0 }
}

/// Probability of log-odds.
pub(crate) fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

/// Log-odds of counts; half a case on either side keeps them finite.
pub(crate) fn log_odds(bad: f64, all: f64) -> f64 {
    ((bad + 0.5) / (all - bad + 0.5)).ln()
}

/// `ln(1 + e^z)` without overflow.
pub(crate) fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// The shortest decimal number in `(below, upto]`: an edge people can read.
pub(crate) fn short_between(below: f64, upto: f64) -> f64 {
    let mut scale = 1.0;
    for _ in 0..7 {
        let candidate = (below * scale).floor() / scale + 1.0 / scale;
        // Dividing again gives the decimal nearest to what is written.
        let candidate = (candidate * scale).round() / scale;
        if candidate > below && candidate <= upto {
            return candidate;
        }
        scale *= 10.0;
    }
    upto
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_short_decimals_that_part_two_values() {
        for (below, upto, edge) in [
            (0.0, 1.0, 1.0),
            (3.0, 5.0, 4.0),
            (0.412, 0.449, 0.42),
            (-2.5, -1.5, -2.0),
        ] {
            assert!(
                (short_between(below, upto) - edge).abs() < 1e-12,
                "{below} {upto}"
            );
        }
    }

    #[test]
    fn odds_and_probability_are_inverse() {
        assert!((sigmoid(0.0) - 0.5).abs() < 1e-15);
        assert!((sigmoid(3.0_f64.ln()) - 0.75).abs() < 1e-12);
        assert!((log_odds(9.5, 20.0) - (10.0_f64 / 11.0).ln()).abs() < 1e-12);
        assert!((softplus(800.0) - 800.0).abs() < 1e-9 && softplus(-800.0) >= 0.0);
        assert_eq!(whole(-2.5), -3);
        assert_eq!(whole_above(9_999_999_999.5), 10_000_000_000);
        assert_eq!(permille(1.0, 3.0), 333);
    }
}
