//! `TryClone` for the boxed bodies of tonic and axum, which are recorded while they are sent.

use http_body::Body as _;

use super::body_copy::BodyCopy;
use super::try_clone::TryClone;

/// An empty body can always be sent again. Every other body is recorded while it is sent, up to 64 KiB. So a short
/// unary call can be sent again, and a stream only if it was short and sent to its end.
#[cfg(feature = "tonic")]
impl TryClone for tonic::body::Body {
    fn try_clone(&self) -> Option<Self> {
        self.is_end_stream().then(Self::empty)
    }

    fn keep(&mut self) -> Option<BodyCopy<Self>> {
        self.try_clone().map(BodyCopy::new).or_else(|| BodyCopy::recording(self, Self::new))
    }
}

/// An empty body can always be sent again. Every other body is recorded while it is sent, up to 64 KiB.
#[cfg(feature = "axum")]
impl TryClone for axum_core::body::Body {
    fn try_clone(&self) -> Option<Self> {
        self.is_end_stream().then(Self::empty)
    }

    fn keep(&mut self) -> Option<BodyCopy<Self>> {
        self.try_clone().map(BodyCopy::new).or_else(|| BodyCopy::recording(self, Self::new))
    }
}
