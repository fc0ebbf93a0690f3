//! `ResponseValue`: a decoded value with the status and headers of its response.

use std::fmt;
use std::ops::{Deref, DerefMut};

use http::{HeaderMap, StatusCode};

use crate::collect::{Collected, collect};
use crate::refusal::{Refusal, request_id};
use crate::sent::Sent;
use crate::{Body, ByteStream, Response};

/// A value from a response, with the response's status and headers.
///
/// It dereferences to the value. `Debug` shows the status and the request id, and for an error response the API's code
/// and message. It shows no value and no other header, because they may hold secrets.
///
/// ```
/// use client_core::{ResponseValue, StatusCode};
///
/// fn show(names: &ResponseValue<Vec<String>>) {
///     assert_eq!(names.status(), StatusCode::OK);
///     if let Some(wait) = names.headers().get("retry-after") {
///         println!("next time in {wait:?}");
///     }
///     println!("{} names", names.len());
/// }
/// # let mut response = client_core::Response::default();
/// # show(&ResponseValue::<()>::empty(response).map(|()| Vec::new()));
/// ```
pub struct ResponseValue<T> {
    value: T,
    head: Box<Head>,
}

/// The status and headers of a response. They are boxed so that `Result`s of calls stay small.
#[derive(Clone)]
struct Head {
    status: StatusCode,
    headers: HeaderMap,
    /// The API's code and message. Empty for a 2xx response.
    refusal: Refusal,
}

impl<T> ResponseValue<T> {
    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Returns the API's error code: see [`Error::code`](crate::Error::code).
    pub(crate) fn code(&self) -> Option<&str> {
        self.head.refusal.code.as_deref()
    }

    /// Returns the API's error message: see [`Error::message`](crate::Error::message).
    pub(crate) fn message(&self) -> Option<&str> {
        self.head.refusal.message.as_deref()
    }

    /// Returns the id by which the API's support can find the request: see
    /// [`Error::request_id`](crate::Error::request_id).
    pub fn request_id(&self) -> Option<&str> {
        match self.head.status.is_success() {
            true => request_id(&self.head.headers),
            // The id of an error response was checked for the request's credential. The header was not.
            false => self.head.refusal.request_id.as_deref(),
        }
    }

    /// Returns the status and headers without the value.
    pub(crate) fn into_head(self) -> (StatusCode, HeaderMap) {
        (self.head.status, self.head.headers)
    }

    /// Returns the value without status and headers.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Converts the value and keeps status and headers.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> ResponseValue<U> {
        ResponseValue { value: change(self.value), head: self.head }
    }

    /// Splits a response into a value without content and its body.
    pub(crate) fn split(response: Response) -> (ResponseValue<()>, Body) {
        let (parts, body) = response.into_parts();
        let head = Head { status: parts.status, headers: parts.headers, refusal: Refusal::default() };
        (ResponseValue { value: (), head: Box::new(head) }, body)
    }

    /// Reads the body of a response up to its limit, and the API's code and message if it is not a 2xx.
    pub(crate) async fn collected(mut response: Response) -> (ResponseValue<()>, Collected) {
        let sent = response.extensions_mut().remove::<Sent>();
        let (mut value, body) = Self::split(response);
        let collected = collect(value.status(), body).await;
        if !value.status().is_success() {
            let sent = sent.as_ref().map(|Sent(header)| header);
            let Head { status, headers, refusal } = &mut *value.head;
            *refusal = Refusal::read(*status, headers, &collected.bytes, sent);
        }
        (value, collected)
    }
}

impl ResponseValue<()> {
    /// Converts a response without content. A body that it has is dropped unread.
    pub fn empty(response: Response) -> Self {
        Self::split(response).0
    }
}

impl ResponseValue<ByteStream> {
    /// Converts a response whose body the caller reads.
    pub fn stream(response: Response) -> Self {
        let (head, body) = ResponseValue::<()>::split(response);
        head.map(|()| body.into())
    }
}

impl<T> Deref for ResponseValue<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for ResponseValue<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Clone> Clone for ResponseValue<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), head: self.head.clone() }
    }
}

impl<T> fmt::Debug for ResponseValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ResponseValue");
        shown.field("status", &self.head.status);
        let words = [("code", self.code()), ("message", self.message()), ("request_id", self.request_id())];
        for (name, word) in words {
            if let Some(word) = word {
                shown.field(name, &word);
            }
        }
        shown.finish_non_exhaustive()
    }
}
