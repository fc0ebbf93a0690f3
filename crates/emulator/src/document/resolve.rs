//! Follows references inside one document.

use serde_json::Value;

/// Gives what `value` refers to, or `value` itself where it is no reference.
///
/// A reference that leads nowhere, out of the document or round in a circle ends at the reference.
pub(super) fn resolve<'a>(root: &'a Value, value: &'a Value) -> &'a Value {
    let mut current = value;
    for _ in 0..MOST_HOPS {
        let target = current
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.strip_prefix('#'))
            .and_then(|pointer| root.pointer(pointer));
        match target {
            Some(target) => current = target,
            None => return current,
        }
    }
    current
}

const MOST_HOPS: usize = 16;
