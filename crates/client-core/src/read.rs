//! Reads a response as a value or an error.

use serde::de::DeserializeOwned;

use crate::collect::Collected;
use crate::mismatch::Mismatch;
use crate::{Error, FromStatus, Response, ResponseValue};

/// Reads JSON.
impl<T: DeserializeOwned> ResponseValue<T> {
    /// Reads a JSON response.
    ///
    /// It reads at most 64 MiB of a 2xx response, and at most 1 MiB of any other response.
    ///
    /// # Errors
    ///
    /// - Returns [`Error::ResponseBody`] if the body could not be read to its end, or is larger than its limit.
    /// - Returns [`Error::InvalidResponsePayload`] if the body does not match the document. Its source says where.
    ///
    /// Both keep the status, the headers and the part of the body that was read.
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

/// Reads a type that depends on the status.
impl<T: FromStatus> ResponseValue<T> {
    /// Reads a response whose type depends on its status.
    ///
    /// The limits are the same as for [`from_response`](Self::from_response).
    ///
    /// # Errors
    ///
    /// Returns [`Error::ResponseBody`] if the body could not be read to its end, or is larger than its limit. A body
    /// that does not match the document is not an error: the type has a variant for it.
    pub async fn from_status_response<E>(response: Response) -> Result<Self, Error<E>> {
        let (head, Collected { bytes, failure }) = ResponseValue::<()>::collected(response).await;
        if let Some(source) = failure {
            return Err(Error::ResponseBody { response: head.map(|()| bytes), source });
        }
        let status = head.status();
        Ok(head.map(|()| T::from_status(status, bytes)))
    }
}
