//! `Kept`: what a server said beside a token, and what the application may need.

use std::collections::BTreeMap;

/// Members of a token answer, and parameters of a callback, that a profile keeps beside the token: names and values.
///
/// [`Profile::with_kept`](crate::Profile::with_kept) and
/// [`Profile::with_kept_callback`](crate::Profile::with_kept_callback) choose them. They are not secrets.
pub type Kept = BTreeMap<String, String>;
