//! Tables and figures of the documents.

use crate::assumptions::Number;

/// A Markdown table. The head's columns are separated by ` | `; those after the first `text` ones are figures.
pub(crate) fn table(head: &str, text: usize, rows: &[Vec<String>]) -> String {
    let rule = |column| if column < text { "---|" } else { "---:|" };
    let rules: String = (0..head.split(" | ").count()).map(rule).collect();
    let rows = rows.iter().map(|row| format!("| {} |\n", row.join(" | ")));
    format!("| {head} |\n|{rules}\n") + &rows.collect::<String>()
}

/// The table of these assumptions.
pub(crate) fn numbers(numbers: &[&Number]) -> String {
    let row = |number: &&Number| {
        let value = format!("{} {}", plain(number.value), number.unit);
        vec![
            number.what.clone(),
            value.trim().to_owned(),
            number.source.clone(),
        ]
    };
    table(
        "what | value | source",
        3,
        &numbers.iter().map(row).collect::<Vec<_>>(),
    )
}

/// The document with these tables, each between the comments `<!-- NAME -->` and `<!-- /NAME -->`.
pub(crate) fn with_tables(document: &str, tables: &[(&str, String)]) -> Result<String, String> {
    tables
        .iter()
        .try_fold(document.to_owned(), |text, (name, table)| {
            let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
            let (before, rest) = text
                .split_once(&begin)
                .ok_or_else(|| format!("{begin:?} is missing"))?;
            let (_, after) = rest
                .split_once(&end)
                .ok_or_else(|| format!("{end:?} is missing"))?;
            Ok(format!("{before}{begin}{table}{end}{after}"))
        })
}

/// Money to the cent. What is less than half a cent, but not nothing, is shown as such.
pub(crate) fn money(usd: f64) -> String {
    if usd > 0.0 && usd < 0.005 {
        return "< 0.01".to_owned();
    }
    grouped(&format!("{usd:.2}"))
}

/// A number with the places that it has.
pub(crate) fn plain(number: f64) -> String {
    grouped(&number.to_string())
}

/// A number rounded to a whole one.
pub(crate) fn whole(number: f64) -> String {
    plain(number.round())
}

/// A number with two figures that count, or whole from 10 on.
pub(crate) fn short(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        ..0.005 => "< 0.01".to_owned(),
        ..0.95 => format!("{number:.2}"),
        ..9.95 => format!("{number:.1}"),
        _ => whole(number),
    }
}

/// The text in bold on a condition.
pub(crate) fn bold_if(condition: bool, text: &str) -> String {
    let mark = if condition { "**" } else { "" };
    format!("{mark}{text}{mark}")
}

/// Commas between the thousands of a number.
fn grouped(number: &str) -> String {
    let (digits, places) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_places_that_count() {
        assert_eq!([0.0, 0.001, 1_234.567].map(money), ["0.00", "< 0.01", "1,234.57"]);
        assert_eq!(
            [0.0, 0.001, 0.026, 1.67, 9.99, 16_667.0].map(short),
            ["0", "< 0.01", "0.03", "1.7", "10", "16,667"]
        );
        assert_eq!(
            [0.0000133, 31.2, 1_769.0].map(plain),
            ["0.0000133", "31.2", "1,769"]
        );
    }

    #[test]
    fn a_table_replaces_what_is_between_its_comments() {
        let rows = [vec!["a".to_owned(), "1".to_owned()]];
        let tables = [("x", table("x | y", 1, &rows))];
        assert_eq!(
            with_tables("# X\n<!-- x -->\nold\n<!-- /x -->\nafter\n", &tables).unwrap(),
            "# X\n<!-- x -->\n| x | y |\n|---|---:|\n| a | 1 |\n<!-- /x -->\nafter\n"
        );
        assert!(with_tables("# X\n<!-- x -->\nold\n", &tables).is_err());
    }
}
