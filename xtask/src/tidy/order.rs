//! The order of the files of `auth-layer`, as ARCHITECTURE.md gives it.

use anyhow::{Context, Result, ensure};

use super::tree::Tree;

/// Folders and files of a crate in rows: a file uses its own row and the rows below.
#[derive(Debug)]
pub(super) struct Order(Vec<Vec<String>>);

impl Order {
    /// Reads the table behind the line that says which crate it is for.
    pub(super) fn read(tree: &Tree) -> Result<Self> {
        let map = tree.get(FILE).context("ARCHITECTURE.md is missing")?;
        let (_, after) = map.text.split_once(BEGIN).context("ARCHITECTURE.md has no map of auth-layer")?;
        let rows =
            after.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
        let rows: Vec<Vec<String>> = rows
            .skip(2)
            .map(|row| {
                let cell = row.split('|').nth(1).unwrap_or_default();
                cell.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches('/').to_owned()).collect()
            })
            .collect();
        ensure!(
            rows.iter().all(|row| !row.is_empty()),
            "each row of the map in ARCHITECTURE.md names a file"
        );
        Ok(Self(rows))
    }

    /// Returns whether the file at `from` stands below the file at `to`, both relative to the source folder.
    ///
    /// # Errors
    ///
    /// Returns an error if a file has no row.
    pub(super) fn is_upward(&self, from: &str, to: &str) -> Result<bool> {
        Ok(self.row(from)? > self.row(to)?)
    }

    fn row(&self, path: &str) -> Result<usize> {
        let name = path.split('/').next().unwrap_or(path);
        // The root of the crate names everything.
        if name == "lib.rs" {
            return Ok(0);
        }
        let row = self.0.iter().position(|row| row.iter().any(|entry| entry == name));
        row.with_context(|| format!("the map in ARCHITECTURE.md has no row for `{name}` of auth-layer"))
    }
}

const FILE: &str = "ARCHITECTURE.md";
const BEGIN: &str = "`crates/auth-layer`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_the_map_are_the_order() {
        let map = "`crates/auth-layer`:\n\n| folder | idea |\n| --- | --- |\n| `a.rs`, `b/` | x |\n| `c/` | `y` |\n\n| d |\n";
        let order = Order::read(&Tree::of(&[("ARCHITECTURE.md", map)])).unwrap();
        assert!(!order.is_upward("a.rs", "c/mod.rs").unwrap());
        assert!(!order.is_upward("a.rs", "b/mod.rs").unwrap());
        assert!(order.is_upward("c/mod.rs", "b/x.rs").unwrap());
        assert!(order.is_upward("d.rs", "a.rs").is_err());
    }
}
