//! Tables and figures of the document.

/// A Markdown table; all columns but the first are aligned to the right where `figures` says so.
pub(crate) fn table(head: &[&str], figures: bool, rows: &[Vec<String>]) -> String {
    let rule = head
        .iter()
        .enumerate()
        .map(|(column, _)| if figures && column > 0 { "---:" } else { "---" });
    let mut lines = vec![
        format!("| {} |", head.join(" | ")),
        format!("|{}|", rule.collect::<Vec<_>>().join("|")),
    ];
    lines.extend(rows.iter().map(|row| format!("| {} |", row.join(" | "))));
    lines.join("\n") + "\n"
}

/// Money to the cent, with commas. What is less than half a cent, but not nothing, is said so.
pub(crate) fn money(amount: f64) -> String {
    if amount > 0.0 && amount < 0.005 {
        return "< 0.01".to_owned();
    }
    let text = format!("{amount:.2}");
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    format!("{}.{cents}", grouped(whole))
}

/// A whole number with commas.
pub(crate) fn whole(number: f64) -> String {
    grouped(&format!("{number:.0}"))
}

/// A share of 1 as a percentage.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_half_a_cent_is_not_shown_as_nothing() {
        assert_eq!([0.0, 0.001, 0.006].map(money), ["0.00", "< 0.01", "0.01"]);
    }

    #[test]
    fn money_has_two_places_and_a_comma_for_each_thousand() {
        assert_eq!(
            [0.0, 5.5, 1234.567, 1_000_000.0].map(money),
            ["0.00", "5.50", "1,234.57", "1,000,000.00"]
        );
    }

    #[test]
    fn a_table_of_figures_is_aligned_to_the_right() {
        let rows = [vec!["a".to_owned(), "1".to_owned()]];
        assert_eq!(
            table(&["x", "y"], true, &rows),
            "| x | y |\n|---|---:|\n| a | 1 |\n"
        );
    }
}
