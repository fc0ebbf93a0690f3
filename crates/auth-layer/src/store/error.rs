//! `StoreError`: the error of a store.

use std::borrow::Cow;
use std::fmt;

use crate::error::BoxError;

/// The error of a store. It never holds a token.
///
/// ```
/// use auth_layer::store::{StoreError, StoreErrorKind};
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
    /// Creates the error of a store that cannot be reached. The message says what could not be done. Neither the
    /// message nor the cause may hold a token.
    pub fn new(message: impl Into<Cow<'static, str>>, source: impl Into<BoxError>) -> Self {
        Self::of(StoreErrorKind::Unreachable, message).with_source(source)
    }

    /// Creates an error. The message says what is wrong and what to do. It must not hold a token.
    pub fn of(kind: StoreErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Adds the cause, which must not hold a token.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the kind of the error.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Puts the path of a file in front of the message.
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

/// The kind of a [`StoreError`].
///
/// ```
/// use auth_layer::store::{StoreError, StoreErrorKind};
///
/// fn may_pass(error: &StoreError) -> bool {
///     error.kind() == StoreErrorKind::Unreachable
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store cannot be reached, read or written now. A later call may succeed.
    Unreachable,
    /// The stored data is not a valid record, such as half of one.
    Corrupt,
    /// A file or folder is open to other users, belongs to another user, or is not a regular file or folder.
    Permissions,
    /// A newer version of this crate wrote the record.
    Newer,
    /// The record is sealed, and no key that was given opens it.
    Sealed,
}
