//! Why a store could not do what it was asked.

use std::borrow::Cow;
use std::fmt;

use crate::error::BoxError;

/// Why a store could not do what it was asked. It never holds a token.
///
/// ```
/// use auth_layer::{StoreError, StoreErrorKind};
///
/// let error = StoreError::new("cannot reach the store", "connection refused");
/// assert_eq!(error.to_string(), "cannot reach the store");
/// assert_eq!(error.kind(), StoreErrorKind::Unreachable);
/// ```
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: Cow<'static, str>,
    source: Option<BoxError>,
}

impl StoreError {
    /// A store that cannot be reached: what could not be done, with its cause. Neither may hold a token.
    pub fn new(message: impl Into<Cow<'static, str>>, source: impl Into<BoxError>) -> Self {
        Self::of(StoreErrorKind::Unreachable, message).with_source(source)
    }

    /// An error of a kind, which says what is wrong and what to do. It may hold no token.
    pub fn of(kind: StoreErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Adds the cause, which may hold no token.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of trouble it is.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The same error, told of a file.
    #[cfg(feature = "file-store")]
    pub(super) fn at(mut self, path: &std::path::Path) -> Self {
        self.message = format!("{}: {}", path.display(), self.message).into();
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// What kind of trouble a store is in.
///
/// ```
/// use auth_layer::{StoreError, StoreErrorKind};
///
/// fn may_pass(error: &StoreError) -> bool {
///     error.kind() == StoreErrorKind::Unreachable
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It cannot be reached, read or written now. This may pass.
    Unreachable,
    /// What it holds is no record: half of one, or something else.
    Corrupt,
    /// What it holds is open to others, belongs to somebody else, or is no file.
    Permissions,
    /// A newer version of this crate wrote the record.
    Newer,
    /// The record is sealed, and no key at hand opens it.
    Sealed,
}
