//! A request, kept aside in case it has to be sent again.

use std::cell::RefCell;

use http::{Extensions, HeaderName, HeaderValue, Method, Request, Uri, Version};

use super::try_clone::TryClone;
use crate::operation::OperationMeta;

/// A request, kept aside in case it has to be sent again.
#[derive(Debug)]
pub(crate) struct Kept<B> {
    head: Recycled,
    body: B,
}

impl<B: TryClone> Kept<B> {
    /// Keeps a copy of `request`, if its body can be sent again.
    pub(crate) fn of(request: &Request<B>) -> Option<Self> {
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
            head.extensions = KeptExtensions::of(request.extensions());
        }
        Some(Self { head, body })
    }

    /// Whether its body can be sent.
    pub(crate) fn is_whole(&self) -> bool {
        self.body.is_whole()
    }

    /// The request as it was.
    pub(crate) fn into_request(mut self) -> Request<B> {
        let mut request = Request::new(self.body);
        if let Some(head) = &mut self.head.0 {
            request.method_mut().clone_from(&head.method);
            *request.uri_mut() = head.uri.take().unwrap_or_default();
            *request.version_mut() = head.version;
            *request.extensions_mut() = std::mem::take(&mut head.extensions).into_extensions();
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
    extensions: KeptExtensions,
}

/// The extensions of a request that is kept.
#[derive(Debug, Default)]
enum KeptExtensions {
    #[default]
    None,
    /// What a generated client sets, and nothing else: kept without the heap that a map of it takes.
    Operation(&'static OperationMeta),
    Any(Extensions),
}

impl KeptExtensions {
    fn of(extensions: &Extensions) -> Self {
        if extensions.is_empty() {
            return Self::None;
        }
        match extensions.get::<&'static OperationMeta>() {
            Some(operation) if extensions.len() == 1 => Self::Operation(operation),
            _ => Self::Any(extensions.clone()),
        }
    }

    fn into_extensions(self) -> Extensions {
        match self {
            Self::None => Extensions::new(),
            Self::Operation(operation) => {
                let mut extensions = Extensions::new();
                extensions.insert(operation);
                extensions
            }
            Self::Any(extensions) => extensions,
        }
    }
}

/// A head whose memory is used again: after a few requests on a thread, keeping one aside costs no allocation of its
/// own, and moves a pointer. (A name or value that is cloned for the first time may move to shared memory.) It is
/// `None` only while it is being dropped.
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
        head.extensions = KeptExtensions::None;
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
