//! `Kept`: a copy of a request, in case it has to be sent again.

use std::cell::RefCell;
use std::mem;

use http::{Extensions, HeaderName, HeaderValue, Method, Request, Uri, Version, uri};

use super::body_copy::BodyCopy;
use super::common::{Common, Place};
use super::try_clone::TryClone;
use super::under_retry::UnderRetry;
use crate::operation::OperationMeta;

/// A copy of a request, in case it has to be sent again.
#[derive(Debug)]
pub(crate) struct Kept<B> {
    head: Recycled,
    body: BodyCopy<B>,
}

/// The function by which a service keeps its requests: [`Kept::of`], or one that keeps none.
pub(crate) type Keep<B> = fn(&mut Request<B>, &Common) -> Option<Kept<B>>;

impl<B> Kept<B> {
    /// Keeps a copy of `request`, if its body can be sent again. It may replace the body with one that records itself.
    pub(crate) fn of(request: &mut Request<B>, common: &Common) -> Option<Self>
    where
        B: TryClone,
    {
        let body = request.body_mut().keep()?;
        let mut head = Recycled::take();
        if let Some(head) = &mut head.0 {
            head.fill(request, common);
        }
        Some(Self { head, body })
    }

    /// Returns whether the body of the copy can be sent now.
    pub(crate) fn is_whole(&self) -> bool {
        self.body.is_whole()
    }

    /// Returns the original request. `common` must be the one that was given to [`of`](Self::of).
    pub(crate) fn into_request(mut self, common: &Common) -> Request<B> {
        let mut request = Request::new(self.body.into_body());
        if let Some(head) = &mut self.head.0 {
            head.restore(&mut request, common);
        }
        request
    }
}

/// The head of a request. The headers are in vectors and not in a map, which would hash each name.
#[derive(Debug, Default)]
struct Head {
    method: Method,
    target: Target,
    /// The path and query, if the target is [`Target::Common`].
    path: String,
    version: Version,
    /// The headers in the order of the request.
    headers: Vec<Header>,
    /// The headers that have no place in [`Common`], in the same order.
    others: Vec<(HeaderName, HeaderValue)>,
    extensions: KeptExtensions,
}

#[derive(Debug, Default)]
enum Target {
    Common(Place),
    Whole(Uri),
    #[default]
    None,
}

#[derive(Clone, Copy, Debug)]
enum Header {
    Common(Place),
    Other,
}

impl Head {
    fn fill<B>(&mut self, request: &Request<B>, common: &Common) {
        self.method.clone_from(request.method());
        self.version = request.version();
        self.target = match (common.host(request.uri()), request.uri().path_and_query()) {
            (Some(host), Some(path)) => {
                self.path.push_str(path.as_str());
                Target::Common(host)
            }
            _ => Target::Whole(request.uri().clone()),
        };
        // Most requests have the same headers in the same order, so the next header is likely at the next place.
        let mut likely = Place::default();
        for (name, value) in request.headers() {
            self.headers.push(match common.header(likely, name, value) {
                Some(place) => {
                    likely = place.next();
                    Header::Common(place)
                }
                None => {
                    self.others.push((name.clone(), value.clone()));
                    Header::Other
                }
            });
        }
        self.extensions = KeptExtensions::of(request.extensions());
    }

    fn restore<B>(&mut self, request: &mut Request<B>, common: &Common) {
        request.method_mut().clone_from(&self.method);
        *request.version_mut() = self.version;
        *request.uri_mut() = match mem::take(&mut self.target) {
            Target::Common(place) => {
                let mut parts = uri::Parts::default();
                (parts.scheme, parts.authority) = common.host_at(place).cloned().unzip();
                parts.path_and_query = self.path.parse().ok();
                Uri::from_parts(parts).expect("they were the parts of a URI")
            }
            Target::Whole(uri) => uri,
            Target::None => Uri::default(),
        };
        let mut others = self.others.drain(..);
        for header in &self.headers {
            let header = match header {
                Header::Common(place) => common.header_at(*place).cloned(),
                Header::Other => others.next(),
            };
            if let Some((name, value)) = header {
                request.headers_mut().append(name, value);
            }
        }
        *request.extensions_mut() = mem::take(&mut self.extensions).into_extensions();
    }

    /// Clears the head. Returns whether it is small enough to be used again.
    fn clear(&mut self) -> bool {
        self.target = Target::None;
        self.path.clear();
        self.headers.clear();
        self.others.clear();
        self.extensions = KeptExtensions::None;
        // One unusual request must not take memory for the rest of the thread's life.
        self.headers.capacity() <= MOST_HEADERS && self.path.capacity() <= LONGEST_PATH
    }
}

/// The extensions of a kept request.
#[derive(Debug, Default)]
enum KeptExtensions {
    #[default]
    None,
    /// The extension that a generated client sets, and no other. Unlike a map, it needs no allocation.
    Operation(&'static OperationMeta),
    /// The same, for a request that a retry layer sent.
    UnderRetry(Option<&'static OperationMeta>),
    Any(Extensions),
}

impl KeptExtensions {
    fn of(extensions: &Extensions) -> Self {
        if extensions.is_empty() {
            return Self::None;
        }
        let operation = extensions.get::<&'static OperationMeta>().copied();
        let others = extensions.len() - usize::from(operation.is_some());
        match operation {
            Some(operation) if others == 0 => Self::Operation(operation),
            operation if others == 1 && extensions.get::<UnderRetry>().is_some() => {
                Self::UnderRetry(operation)
            }
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
            Self::UnderRetry(operation) => {
                let mut extensions = Extensions::new();
                extensions.insert(UnderRetry);
                if let Some(operation) = operation {
                    extensions.insert(operation);
                }
                extensions
            }
            Self::Any(extensions) => extensions,
        }
    }
}

/// A head whose memory is used again. After a few requests on a thread, keeping a request allocates nothing and moves
/// one pointer. (The first clone of a header name or value may allocate.) It is `None` only while it is dropped.
#[derive(Debug)]
struct Recycled(Option<Box<Head>>);

impl Recycled {
    fn take() -> Self {
        // A request can be made in the destructor of another thread-local, when `IDLE` is gone already.
        let idle = IDLE.try_with(|idle| idle.try_borrow_mut().ok()?.pop());
        Self(Some(idle.ok().flatten().unwrap_or_default()))
    }
}

impl Drop for Recycled {
    fn drop(&mut self) {
        let Some(mut head) = self.0.take() else { return };
        if head.clear() {
            // The memory is freed if the thread is ending or its list is full.
            let _ = IDLE.try_with(|idle| {
                let mut idle = idle.try_borrow_mut().ok()?;
                (idle.len() < MOST_IDLE).then(|| idle.push(head))
            });
        }
    }
}

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes are reused")]
    static IDLE: RefCell<Vec<Box<Head>>> = const { RefCell::new(Vec::new()) };
}

/// The number of heads that a thread keeps. They take a few kilobytes.
const MOST_IDLE: usize = 64;
/// The largest header list of a head that is kept: more than a usual request has.
const MOST_HEADERS: usize = 32;
/// The longest path of a head that is kept, in bytes: longer than a usual path.
const LONGEST_PATH: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Request<String> {
        let mut request = Request::put(uri).version(Version::HTTP_2).body("body".to_owned()).unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        }
        request
    }

    /// Checks that a kept request is restored unchanged. Returns the number of its headers that have a common place.
    #[track_caller]
    fn round(common: &Common, request: &Request<String>) -> usize {
        let kept = Kept::of(&mut request.clone(), common).unwrap();
        let head = kept.head.0.as_deref().unwrap();
        let places = head.headers.iter().filter(|header| matches!(header, Header::Common(_))).count();
        let again = kept.into_request(common);
        assert_eq!((again.method(), again.uri()), (request.method(), request.uri()));
        assert_eq!((again.version(), again.body()), (request.version(), request.body()));
        let sensitive = |headers: &http::HeaderMap| {
            headers.iter().map(|(_, value)| value.is_sensitive()).collect::<Vec<_>>()
        };
        assert_eq!(again.headers(), request.headers());
        assert_eq!(sensitive(again.headers()), sensitive(request.headers()));
        places
    }

    #[test]
    fn a_kept_request_is_restored_unchanged() {
        let common = Common::default();
        let uris = [
            "https://api.example.com/v1/things/42?a=1&b=%20",
            "https://API.example.com/",
            "https://api.example.com:8443",
            "https://api.example.com?a=1",
            "https://api.example.com/?",
            "https://api.example.com//a/../b;c=d/%C3%BC/ü?ü",
            "http://127.0.0.1/x",
            "/only/a/path",
            "api.example.com:443",
            "*",
        ];
        let long = format!("https://api.example.com/{}", "long/".repeat(400));
        for uri in uris.into_iter().chain([&*long]) {
            for headers in [&[][..], &[("accept", "a"), ("x-list", "1"), ("x-list", "2"), ("x-list", "1")]] {
                round(&common, &request(uri, headers));
                round(&common, &request(uri, headers));
            }
        }
    }

    #[test]
    fn headers_of_earlier_requests_have_a_place() {
        let common = Common::default();
        let first = request("https://api.example.com/a", &[("accept", "a"), ("user-agent", "b")]);
        assert_eq!(round(&common, &first), 2);
        // The second request has another host, and its headers are in another order.
        let second = request("https://eu.example.com/b", &[("user-agent", "b"), ("accept", "a")]);
        assert_eq!(round(&common, &second), 2);
    }

    #[test]
    fn changing_values_take_two_places_and_long_or_sensitive_ones_none() {
        let common = Common::default();
        let mut secret = HeaderValue::from_static("secret");
        secret.set_sensitive(true);
        let places = (0..100).map(|n| {
            let mut request = request("https://api.example.com/a", &[("traceparent", &n.to_string())]);
            request.headers_mut().insert("x-key", secret.clone());
            request.headers_mut().insert("x-long", HeaderValue::from_str(&"l".repeat(129)).unwrap());
            round(&common, &request)
        });
        assert_eq!(places.sum::<usize>(), 2);
        // The same text without the sensitive mark is another header, and must not remove the mark from the first.
        let mut plain = request("https://api.example.com/a", &[("x-key", "secret")]);
        assert_eq!(round(&common, &plain), 1);
        plain.headers_mut().insert("x-key", secret);
        assert_eq!(round(&common, &plain), 0);
    }

    #[test]
    fn hosts_and_headers_without_a_place_are_restored_too() {
        let common = Common::default();
        for n in 0..40 {
            let headers: Vec<_> = (0..n).map(|n| (format!("x-{n}"), n.to_string())).collect();
            let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
            let places = round(&common, &request(&format!("https://{n}.example.com/"), &headers));
            assert_eq!(places, headers.len().min(16));
        }
    }
}
