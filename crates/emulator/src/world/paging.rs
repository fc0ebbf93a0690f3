//! Pages of a list.

use serde_json::Value;

/// Returns one page of a list. It is empty after the end of the list.
pub(super) fn page<'a>(all: &'a [&'a Value], number: usize, size: usize) -> &'a [&'a Value] {
    let start = number.saturating_mul(size).min(all.len());
    let end = start.saturating_add(size).min(all.len());
    all.get(start..end).unwrap_or_default()
}

/// Returns a number from a query: the default if it is absent, or `None` if it is not a number.
pub(super) fn number(given: Option<&str>, default: usize) -> Option<usize> {
    given.map_or(Some(default), |given| given.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{number, page};

    #[test]
    fn pages_cover_the_list_and_then_are_empty() {
        let values: Vec<Value> = (0..5).map(|value| json!(value)).collect();
        let all: Vec<&Value> = values.iter().collect();
        assert_eq!(page(&all, 0, 2), [&json!(0), &json!(1)]);
        assert_eq!(page(&all, 2, 2), [&json!(4)]);
        assert!(page(&all, 3, 2).is_empty());
        assert!(page(&all, usize::MAX, 2).is_empty());
    }

    #[test]
    fn a_number_is_read_or_not() {
        assert_eq!(number(None, 20), Some(20));
        assert_eq!(number(Some("3"), 20), Some(3));
        assert_eq!(number(Some("-3"), 20), None);
    }
}
