//! One figure of a benchmark.

/// What one benchmark printed.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) figures: Vec<Figure>,
}

/// A figure, and what is wanted of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: String,
    /// `at most 1.1`, `at least 0.95`, or `-` for nothing in particular.
    pub(super) wanted: String,
}

impl Figure {
    /// Reads a line, if it is one of a figure.
    pub(super) fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let ["figure", name, value, unit, wanted] = fields[..] else { return None };
        let value = value.parse().ok()?;
        Some(Self { name: name.to_owned(), value, unit: unit.to_owned(), wanted: wanted.to_owned() })
    }

    /// Whether it is as wanted; `None` if nothing is.
    pub(super) fn is_as_wanted(&self) -> Option<bool> {
        let bound = |words: &str| self.wanted.strip_prefix(words)?.trim().parse::<f64>().ok();
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
    fn is_as_wanted(line: &str) -> Option<bool> {
        Figure::read(line).unwrap().is_as_wanted()
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
    fn what_is_wanted_is_compared_with_what_came() {
        assert_eq!(is_as_wanted("figure\tratio\t1.1\tx\tat most 1.1"), Some(true));
        assert_eq!(is_as_wanted("figure\tratio\t1.101\tx\tat most 1.1"), Some(false));
        assert_eq!(is_as_wanted("figure\trate\t0.98\tx\tat least 0.98"), Some(true));
        assert_eq!(is_as_wanted("figure\trate\t0.97\tx\tat least 0.98"), Some(false));
        assert_eq!(is_as_wanted("figure\ttime\t131.5\tns\t-"), None);
    }
}
