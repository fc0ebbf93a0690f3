//! The part of `docs/performance.md` that is written by machine.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::figure::{Figure, Group};

/// The figures of each benchmark as a table, below what they were measured on.
pub(super) fn table(groups: &[Group], machine: &str) -> String {
    let mut text = format!("{machine}\n");
    for group in groups {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n### {}\n\n| figure | wanted | measured | |\n| --- | --- | --- | --- |\n",
            group.title
        );
        for figure in &group.figures {
            text += &row(figure);
        }
    }
    text
}

fn row(figure: &Figure) -> String {
    let Figure { name, value, unit, wanted } = figure;
    let wanted = if wanted == "-" { "" } else { wanted };
    let verdict = match figure.is_as_wanted() {
        Some(true) => "as wanted",
        Some(false) => "**missed**",
        None => "",
    };
    format!("| {name} | {wanted} | {value} {unit} | {verdict} |\n")
}

/// Puts the table in its place on the page.
pub(super) fn fill(page: &str, table: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("{BEGIN:?} is missing"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{END:?} is missing"))?;
    Ok(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

const BEGIN: &str = "<!-- written by `cargo xtask bench` -->";
const END: &str = "<!-- written by hand again -->";

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(line: &str) -> Vec<Group> {
        vec![Group { title: "Over loopback", figures: vec![Figure::read(line).unwrap()] }]
    }

    #[test]
    fn a_figure_becomes_a_row_that_says_whether_it_is_as_wanted() {
        let table = table(&groups("figure\tHTTP/2\t0.99\tx\tat least 0.98"), "On a machine.");
        assert!(table.starts_with("On a machine.\n\n### Over loopback\n\n| figure |"), "{table}");
        assert!(table.ends_with("| HTTP/2 | at least 0.98 | 0.99 x | as wanted |\n"), "{table}");
        assert!(row(&Figure::read("figure\ta\t0.9\tx\tat least 1").unwrap()).contains("| **missed** |"));
        assert_eq!(row(&Figure::read("figure\ta\t0.9\tns\t-").unwrap()), "| a |  | 0.9 ns |  |\n");
    }

    #[test]
    fn only_what_is_between_the_marks_is_written() {
        let page = format!("# Title\n\n{BEGIN}\nold\n{END}\n\nThe rest.\n");
        let filled = fill(&page, "new\n").unwrap();
        assert_eq!(filled, format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nThe rest.\n"));
        assert_eq!(fill(&filled, "new\n").unwrap(), filled);
        assert!(fill("# Title\n", "new\n").is_err());
    }
}
