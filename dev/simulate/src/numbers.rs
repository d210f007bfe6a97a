//! Numbers as the report shows them.

/// A whole number with commas between thousands.
#[must_use]
pub fn whole(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whole from 10 on; below, so many places that something is seen.
#[must_use]
pub fn short(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value >= 10.0 {
        whole(value)
    } else if value >= 0.01 {
        format!("{value:.2}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    } else {
        "under 0.01".to_owned()
    }
}

/// A share in per cent.
#[must_use]
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value == 0.0 {
        "0".to_owned()
    } else if value < 0.01 {
        "under 0.01 %".to_owned()
    } else if value < 10.0 {
        format!("{value:.2} %")
    } else {
        format!("{value:.1} %")
    }
}
