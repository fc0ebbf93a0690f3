//! Imports against the order of the files, and circles of files.

use anyhow::Result;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use super::finding::Finding;
use super::graph::Graph;
use super::order::Order;
use super::tree::Tree;

/// Reads every crate of the workspace. Returns the imports against the order, and the circles.
pub(super) fn findings(tree: &Tree) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let mut find =
        |rule, file: &str, text| found.push(Finding { file: file.to_owned(), line: 0, rule, text });
    for source in sources(tree) {
        let graph = Graph::of(tree, &source)?;
        if source == ORDERED {
            let order = Order::read(tree)?;
            for (from, to) in &graph.0 {
                if order.is_upward(&from[source.len()..], &to[source.len()..])? {
                    find("upward", from, format!("it imports {to}, which ARCHITECTURE.md lists above it"));
                }
            }
        }
        for circle in circles(&graph) {
            find("circle", &circle[0], format!("these files import each other: {}", circle.join(", ")));
        }
    }
    Ok(found)
}

/// Returns the source folders of the workspace.
fn sources(tree: &Tree) -> Vec<String> {
    let mut found: Vec<String> = tree
        .with_ending(".rs")
        .filter_map(|file| Some(format!("{}/src/", file.path.split_once("/src/")?.0)))
        .collect();
    found.dedup();
    found
}

/// Returns the sets of files that import each other, directly or through others.
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let edges: DiGraphMap<&str, ()> = graph.0.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    let mut found: Vec<Vec<String>> = tarjan_scc(&edges)
        .into_iter()
        .filter(|files| files.len() > 1)
        .map(|files| {
            let mut files: Vec<String> = files.into_iter().map(str::to_owned).collect();
            files.sort();
            files
        })
        .collect();
    found.sort();
    found
}

const ORDERED: &str = "crates/auth-layer/src/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_against_the_order_and_circles_are_found() {
        let map =
            "`crates/auth-layer`:\n\n| folder | idea |\n| --- | --- |\n| `a.rs` | x |\n| `b.rs` | y |\n";
        let tree = Tree::of(&[
            ("ARCHITECTURE.md", map),
            ("crates/auth-layer/src/a.rs", "use crate::b::B; pub struct A;"),
            ("crates/auth-layer/src/b.rs", "use crate::a::A; pub struct B;"),
            ("crates/auth-layer/src/lib.rs", "mod a; mod b; pub use a::A;"),
        ]);
        let found = findings(&tree).unwrap();
        let rules: Vec<_> = found.iter().map(|finding| (finding.rule, finding.file.as_str())).collect();
        let [a, b] = ["crates/auth-layer/src/a.rs", "crates/auth-layer/src/b.rs"];
        assert_eq!(rules, [("upward", b), ("circle", a)]);
        assert!(found[0].text.contains(a) && found[1].text.contains(b), "{found:?}");
    }
}
