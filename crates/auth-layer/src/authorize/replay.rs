//! What it takes to send a request a second time.

use bytes::Bytes;
use http::{Extensions, HeaderName, HeaderValue, Method, Request, Uri, Version};
use http_body::Body;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Empty, Full};
use smallvec::SmallVec;

use crate::operation::OperationMeta;

/// A body that may be sent again: bytes in hand can, cheaply; a stream cannot.
///
/// `None` means that the request is sent once: a rejection then goes back to the caller. A body is never sent
/// again as something else than it was.
///
/// ```
/// use auth_layer::TryClone;
/// use bytes::Bytes;
/// use http_body_util::Full;
///
/// assert!(Full::new(Bytes::from_static(b"in hand")).try_clone().is_some());
/// ```
pub trait TryClone: Sized {
    /// The same body once more, if it can be had.
    fn try_clone(&self) -> Option<Self>;
}

impl<D: Clone> TryClone for Full<D> {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl<D> TryClone for Empty<D> {
    fn try_clone(&self) -> Option<Self> {
        Some(Self::new())
    }
}

impl TryClone for String {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl TryClone for Bytes {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl TryClone for () {
    fn try_clone(&self) -> Option<Self> {
        Some(())
    }
}

/// A boxed body can be sent again only if there is nothing in it.
impl<D, E> TryClone for BoxBody<D, E>
where
    D: bytes::Buf + 'static,
    E: 'static,
{
    fn try_clone(&self) -> Option<Self> {
        is_empty(self).then(|| Self::new(Empty::new().map_err(|never| match never {})))
    }
}

/// A boxed body can be sent again only if there is nothing in it.
impl<D, E> TryClone for UnsyncBoxBody<D, E>
where
    D: bytes::Buf + 'static,
    E: 'static,
{
    fn try_clone(&self) -> Option<Self> {
        is_empty(self).then(|| Self::new(Empty::new().map_err(|never| match never {})))
    }
}

/// What hyper received cannot be sent again.
#[cfg(feature = "hyper-util")]
impl TryClone for hyper::body::Incoming {
    fn try_clone(&self) -> Option<Self> {
        None
    }
}

/// What reqwest has in hand can be sent again, at the price of a copy.
#[cfg(feature = "reqwest")]
impl TryClone for reqwest::Body {
    fn try_clone(&self) -> Option<Self> {
        match self.as_bytes() {
            Some(bytes) => Some(Bytes::copy_from_slice(bytes).into()),
            None => is_empty(self).then(|| Bytes::new().into()),
        }
    }
}

/// A body of no bytes that has not ended may still have trailers.
fn is_empty(body: &impl Body) -> bool {
    body.is_end_stream()
}

/// A request, kept aside in case it has to be sent again.
///
/// Its headers are kept as a row instead of a map: that needs no hashing, and no heap of ours up to
/// [`HEADERS_INLINE`] of them. (A name or value that is cloned for the first time may move to shared memory.)
#[derive(Debug)]
pub(super) struct Kept<B> {
    method: Method,
    uri: Uri,
    version: Version,
    headers: SmallVec<[(HeaderName, HeaderValue); HEADERS_INLINE]>,
    extensions: KeptExtensions,
    body: B,
}

/// The extensions of a request that is kept.
#[derive(Debug)]
enum KeptExtensions {
    /// What a generated client sets, and nothing else: kept without the heap that a map of it takes.
    Operation(&'static OperationMeta),
    Any(Extensions),
}

impl KeptExtensions {
    fn of(extensions: &Extensions) -> Self {
        match extensions.get::<&'static OperationMeta>() {
            Some(operation) if extensions.len() == 1 => Self::Operation(operation),
            _ => Self::Any(extensions.clone()),
        }
    }

    fn into_extensions(self) -> Extensions {
        match self {
            Self::Operation(operation) => {
                let mut extensions = Extensions::new();
                extensions.insert(operation);
                extensions
            }
            Self::Any(extensions) => extensions,
        }
    }
}

impl<B: TryClone> Kept<B> {
    /// Keeps a copy of `request`, if its body can be sent again.
    pub(super) fn of(request: &Request<B>) -> Option<Self> {
        let body = request.body().try_clone()?;
        let headers = request.headers().iter().map(|(name, value)| (name.clone(), value.clone()));
        Some(Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: headers.collect(),
            extensions: KeptExtensions::of(request.extensions()),
            body,
        })
    }

    /// The request as it was.
    pub(super) fn into_request(self) -> Request<B> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.extensions_mut() = self.extensions.into_extensions();
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        request
    }
}

/// As many headers as a request of our clients has.
const HEADERS_INLINE: usize = 6;
