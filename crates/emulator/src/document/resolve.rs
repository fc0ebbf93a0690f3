//! Follows references inside one document.

use serde_json::Value;

/// Returns the value that `value` refers to, or `value` itself if it is not a reference.
///
/// If a reference leads nowhere, out of the document or into a cycle, the result is the last reference that was read.
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

// More than any real chain of references; a cycle ends here.
const MOST_HOPS: usize = 16;
