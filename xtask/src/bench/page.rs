//! The generated part of `docs/performance.md`.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::figure::{Figure, Group};

/// Returns a line about the machine, and a table for each benchmark.
pub(super) fn table(groups: &[Group], machine: &str) -> String {
    let mut text = format!("{machine}\n");
    for group in groups {
        // Writing to a `String` never fails.
        let _ = write!(
            text,
            "\n### {}\n\n| figure | target | measured | |\n| --- | --- | --- | --- |\n",
            group.title
        );
        for figure in &group.figures {
            text += &row(figure);
        }
    }
    text
}

fn row(figure: &Figure) -> String {
    let Figure { name, value, unit, target } = figure;
    let target = if target == "-" { "" } else { target };
    let verdict = match figure.meets_target() {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "",
    };
    format!("| {name} | {target} | {value} {unit} | {verdict} |\n")
}

/// Returns `page` with `table` between the two markers.
///
/// # Errors
///
/// Returns an error if a marker is missing.
pub(super) fn fill(page: &str, table: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("the line {BEGIN:?} is missing"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("the line {END:?} is missing"))?;
    Ok(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

const BEGIN: &str = "<!-- written by `cargo xtask bench` -->";
const END: &str = "<!-- end of the generated part -->";

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(line: &str) -> Vec<Group> {
        vec![Group { title: "Over loopback", figures: vec![Figure::read(line).unwrap()] }]
    }

    #[test]
    fn the_row_of_a_figure_says_whether_the_target_is_met() {
        let table = table(&groups("figure\tHTTP/2\t0.99\tx\tat least 0.98"), "On a machine.");
        assert!(table.starts_with("On a machine.\n\n### Over loopback\n\n| figure |"), "{table}");
        assert!(table.ends_with("| HTTP/2 | at least 0.98 | 0.99 x | met |\n"), "{table}");
        assert!(row(&Figure::read("figure\ta\t0.9\tx\tat least 1").unwrap()).contains("| **missed** |"));
        assert_eq!(row(&Figure::read("figure\ta\t0.9\tns\t-").unwrap()), "| a |  | 0.9 ns |  |\n");
    }

    #[test]
    fn only_the_text_between_the_markers_is_replaced() {
        let page = format!("# Title\n\n{BEGIN}\nold\n{END}\n\nThe rest.\n");
        let filled = fill(&page, "new\n").unwrap();
        assert_eq!(filled, format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nThe rest.\n"));
        assert_eq!(fill(&filled, "new\n").unwrap(), filled);
        assert!(fill("# Title\n", "new\n").is_err());
    }
}
