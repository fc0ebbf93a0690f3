//! `BoxError`: the error type at the seam to tower.

use std::error::Error as StdError;

/// The error type of tower services.
pub type BoxError = Box<dyn StdError + Send + Sync>;
