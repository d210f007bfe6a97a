//! WCAG 2.2, success criteria 1.4.3 (text, 4.5) and 1.4.11 (borders and focus, 3), as far as colours decide them.

use pages::Form;
use shared::color::Rgb;

use crate::{between, html, pages};

/// Returns the variables of the style, first those of the light colour scheme and then those of the dark one.
fn schemes(accent: &str, accent_dark: &str) -> [Vec<(String, Rgb)>; 2] {
    let pages = pages(&[("ACCENT_COLOR", accent), ("ACCENT_COLOR_DARK", accent_dark)]);
    let page = pages.form(Form::VerifyEmail, "").unwrap();
    let style = between(html(&page), "<style>", "</style>").to_owned();
    let (light, dark) = style.split_once("prefers-color-scheme: dark").unwrap();
    [light, dark].map(|scheme| {
        let lines = scheme.lines().filter_map(|line| line.trim().strip_prefix("--"));
        lines
            .map(|line| {
                let (name, value) = line.trim_end_matches(';').split_once(": ").unwrap();
                (name.to_owned(), Rgb::parse(value).unwrap())
            })
            .collect()
    })
}

#[test]
fn text_borders_and_focus_have_the_contrast_of_aa_whatever_the_accent_is() {
    // The page's own colours, greys in the middle, where black and white are about equally legible, and pure ones.
    let accents = [
        "#1d4ed8", "#93c5fd", "#ffffff", "#14161a", "#757575", "#767676", "#777777", "#808080", "#ff0000",
        "#00ff00", "#0000ff", "#FFFF00", "#000000",
    ];
    for accent in accents {
        for scheme in schemes(accent, accent) {
            assert_eq!(scheme.len(), 7);
            let color = |name: &str| scheme.iter().find(|(known, _)| known == name).unwrap().1;
            assert_eq!(color("accent").to_string(), accent.to_lowercase());
            for (front, back, least) in [
                ("text", "page", 7.0),
                ("hint", "page", 4.5),
                ("problem", "page", 4.5),
                ("accent-text", "accent", 4.5),
                // A field's border, the button's border and the focus.
                ("border", "page", 3.0),
                ("text", "page", 3.0),
            ] {
                let contrast = color(front).contrast(color(back));
                assert!(contrast >= least, "{front} on {back} with {accent}: {contrast}");
            }
        }
    }
}

#[test]
fn text_on_the_least_favourable_grey_is_legible() {
    let greys = (0..=255).map(|level| Rgb::parse(&format!("#{level:02x}{level:02x}{level:02x}")).unwrap());
    let least = greys
        .map(|grey| grey.contrast(grey.legible_text()))
        .fold(f64::INFINITY, f64::min);
    assert!((4.5..4.7).contains(&least), "{least}");
}

#[test]
fn contrast_is_that_of_the_standard() {
    let contrast = |one, two| Rgb::parse(one).unwrap().contrast(Rgb::parse(two).unwrap());
    for (one, two, expected) in [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        // The two greys around the limit on white that WebAIM's checker and the guidelines' techniques name.
        ("#767676", "#ffffff", 4.54),
        ("#777777", "#ffffff", 4.48),
        ("#0000ff", "#ffffff", 8.59),
    ] {
        assert!((contrast(one, two) - expected).abs() < 0.01, "{one} {two}");
    }
}

#[test]
fn the_accent_colours_fill_the_button_alone_whose_border_is_the_texts() {
    let pages = pages(&[]);
    let page = pages.form(Form::VerifyEmail, "").unwrap();
    let uses = html(&page).lines().filter(|line| line.contains("var(--accent"));
    let uses: Vec<&str> = uses.collect();
    let [button] = uses.as_slice() else {
        panic!("{uses:?}");
    };
    assert!(button.starts_with("button {") && button.contains("border: 1px solid var(--text)"));
}
