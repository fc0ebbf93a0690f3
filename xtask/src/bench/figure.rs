//! The figures that benchmarks print.

/// The figures of one benchmark.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) figures: Vec<Figure>,
}

/// A measured value and its target.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: String,
    /// `at most 1.1`, `at least 0.95`, or `-` for no target.
    pub(super) target: String,
}

impl Figure {
    /// Parses a line of output. Returns `None` if the line is not a figure.
    pub(super) fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let ["figure", name, value, unit, target] = fields[..] else { return None };
        let value = value.parse().ok()?;
        Some(Self { name: name.to_owned(), value, unit: unit.to_owned(), target: target.to_owned() })
    }

    /// Returns whether the value meets its target, or `None` if there is no target.
    pub(super) fn meets_target(&self) -> Option<bool> {
        let bound = |words: &str| self.target.strip_prefix(words)?.trim().parse::<f64>().ok();
        if let Some(most) = bound("at most") {
            return Some(self.value <= most);
        }
        bound("at least").map(|least| self.value >= least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn meets_target(line: &str) -> Option<bool> {
        Figure::read(line).unwrap().meets_target()
    }

    #[test]
    fn a_figure_is_read_and_other_lines_are_not() {
        let figure = Figure::read("figure\ta GET: time\t131.5\tns\t-").unwrap();
        assert_eq!((figure.name.as_str(), figure.value, figure.unit.as_str()), ("a GET: time", 131.5, "ns"));
        for line in ["", "running 5 tests", "figure\ta GET\t131.5", "figure\ta GET\tmany\tns\t-"] {
            assert_eq!(Figure::read(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_value_is_compared_with_its_target() {
        assert_eq!(meets_target("figure\tratio\t1.1\tx\tat most 1.1"), Some(true));
        assert_eq!(meets_target("figure\tratio\t1.101\tx\tat most 1.1"), Some(false));
        assert_eq!(meets_target("figure\trate\t0.98\tx\tat least 0.98"), Some(true));
        assert_eq!(meets_target("figure\trate\t0.97\tx\tat least 0.98"), Some(false));
        assert_eq!(meets_target("figure\ttime\t131.5\tns\t-"), None);
    }
}
