//! What came back: a value with the status and the headers it came under.

use std::fmt;
use std::ops::{Deref, DerefMut};

use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::collect::{Collected, collect};
use crate::mismatch::Mismatch;
use crate::refusal::{Refusal, request_id};
use crate::sent::Sent;
use crate::{ByteStream, Error, FromStatus, Response};

/// A value out of a response, with the response's status and headers.
///
/// It dereferences to the value. `Debug` shows the status, and of a refusal the API's code and message: values and other
/// headers than the request's id may hold secrets.
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

/// Boxed, so that results of calls stay small.
#[derive(Clone)]
struct Head {
    status: StatusCode,
    headers: HeaderMap,
    /// The API's words, where it refused.
    refusal: Refusal,
}

impl<T> ResponseValue<T> {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The code of an API's refusal; see [`Error::code`].
    pub(crate) fn code(&self) -> Option<&str> {
        self.head.refusal.code.as_deref()
    }

    /// The message of an API's refusal; see [`Error::message`].
    pub(crate) fn message(&self) -> Option<&str> {
        self.head.refusal.message.as_deref()
    }

    /// The id by which the API's support finds the request: see [`Error::request_id`].
    pub fn request_id(&self) -> Option<&str> {
        match self.head.status.is_success() {
            true => request_id(&self.head.headers),
            // A refusal's has been looked at for what must not be shown.
            false => self.head.refusal.request_id.as_deref(),
        }
    }

    /// Status and headers alone.
    pub(crate) fn into_head(self) -> (StatusCode, HeaderMap) {
        (self.head.status, self.head.headers)
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Changes the value; status and headers stay.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> ResponseValue<U> {
        ResponseValue { value: change(self.value), head: self.head }
    }

    /// Splits a response into a value without content and its body.
    pub(crate) fn split(response: Response) -> (ResponseValue<()>, crate::Body) {
        let (parts, body) = response.into_parts();
        let head = Head { status: parts.status, headers: parts.headers, refusal: Refusal::default() };
        (ResponseValue { value: (), head: Box::new(head) }, body)
    }

    /// Reads the body of a response up to the bounds, and the API's words if it is a refusal.
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

impl<T: DeserializeOwned> ResponseValue<T> {
    /// Reads a JSON response.
    ///
    /// At most 64 MiB of a success are read, and 1 MiB of any other answer.
    ///
    /// # Errors
    ///
    /// [`Error::ResponseBody`] if the body could not be read to its end within these bounds,
    /// [`Error::InvalidResponsePayload`] if it is not what the document says; its source tells where. Both keep status,
    /// headers and what was read.
    pub async fn from_response<E>(response: Response) -> Result<Self, Error<E>> {
        let (head, Collected { bytes, failure }) = ResponseValue::<()>::collected(response).await;
        if let Some(source) = failure {
            return Err(Error::ResponseBody { response: head.map(|()| bytes), source });
        }
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(head.map(|()| value)),
            Err(error) => {
                let source = Mismatch::of::<T>(&bytes, &error).into();
                Err(Error::InvalidResponsePayload { response: head.map(|()| bytes), source })
            }
        }
    }
}

impl<T: FromStatus> ResponseValue<T> {
    /// Reads a response whose type depends on its status.
    ///
    /// The same bounds hold as for [`from_response`](Self::from_response).
    ///
    /// # Errors
    ///
    /// [`Error::ResponseBody`] if the body could not be read to its end. A body that is not what the document
    /// says is no error here: the type has a variant for it.
    pub async fn from_status_response<E>(response: Response) -> Result<Self, Error<E>> {
        let (head, Collected { bytes, failure }) = ResponseValue::<()>::collected(response).await;
        if let Some(source) = failure {
            return Err(Error::ResponseBody { response: head.map(|()| bytes), source });
        }
        let status = head.status();
        Ok(head.map(|()| T::from_status(status, bytes)))
    }
}

impl ResponseValue<()> {
    /// Takes a response without content.
    pub fn empty(response: Response) -> Self {
        Self::split(response).0
    }
}

impl ResponseValue<ByteStream> {
    /// Takes a response whose body the caller reads.
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
