//! What it takes to send a request a second time.

use std::cell::RefCell;

use bytes::Bytes;
use http::{Extensions, HeaderName, HeaderValue, Method, Request, Uri, Version};
use http_body::Body;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Empty, Full};

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

fn is_empty(body: &impl Body) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}

/// A request, kept aside in case it has to be sent again.
#[derive(Debug)]
pub(super) struct Kept<B> {
    head: Recycled,
    body: B,
}

impl<B: TryClone> Kept<B> {
    /// Keeps a copy of `request`, if its body can be sent again.
    pub(super) fn of(request: &Request<B>) -> Option<Self> {
        let body = request.body().try_clone()?;
        let mut head = Recycled::take();
        if let Some(head) = &mut head.0 {
            head.method.clone_from(request.method());
            head.uri = Some(request.uri().clone());
            head.version = request.version();
            for (name, value) in request.headers() {
                head.names.push(name.clone());
                head.values.push(value.clone());
            }
            if !request.extensions().is_empty() {
                head.extensions = request.extensions().clone();
            }
        }
        Some(Self { head, body })
    }

    /// The request as it was.
    pub(super) fn into_request(mut self) -> Request<B> {
        let mut request = Request::new(self.body);
        if let Some(head) = &mut self.head.0 {
            request.method_mut().clone_from(&head.method);
            *request.uri_mut() = head.uri.take().unwrap_or_default();
            *request.version_mut() = head.version;
            *request.extensions_mut() = std::mem::take(&mut head.extensions);
            for (name, value) in head.names.drain(..).zip(head.values.drain(..)) {
                request.headers_mut().append(name, value);
            }
        }
        request
    }
}

/// The head of a request. Its headers are two rows instead of a map, which needs no hashing.
#[derive(Debug, Default)]
struct Head {
    method: Method,
    uri: Option<Uri>,
    version: Version,
    names: Vec<HeaderName>,
    values: Vec<HeaderValue>,
    extensions: Extensions,
}

/// A head whose memory is used again: after a few requests on a thread, keeping one aside costs no allocation, and
/// moves a pointer. It is `None` only while it is being dropped.
#[derive(Debug)]
struct Recycled(Option<Box<Head>>);

impl Recycled {
    fn take() -> Self {
        let idle = IDLE.try_with(|idle| idle.try_borrow_mut().ok()?.pop());
        Self(Some(idle.ok().flatten().unwrap_or_default()))
    }
}

impl Drop for Recycled {
    fn drop(&mut self) {
        let Some(mut head) = self.0.take() else { return };
        // Nothing of the request is held on to, and no more memory than a request is likely to need.
        head.uri = None;
        head.names.clear();
        head.values.clear();
        head.extensions.clear();
        if head.names.capacity() <= MOST_HEADERS {
            // Where the thread is ending, or its row is full, the memory is given back.
            let _ = IDLE.try_with(|idle| {
                let mut idle = idle.try_borrow_mut().ok()?;
                (idle.len() < MOST_IDLE).then(|| idle.push(head))
            });
        }
    }
}

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes are what is used again")]
    static IDLE: RefCell<Vec<Box<Head>>> = const { RefCell::new(Vec::new()) };
}

/// How many heads a thread holds on to: a few kilobytes.
const MOST_IDLE: usize = 64;
const MOST_HEADERS: usize = 32;
