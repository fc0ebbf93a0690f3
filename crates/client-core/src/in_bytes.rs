//! `InBytes`: a body of another type whose data is converted to [`Bytes`].

use std::pin::Pin;
use std::task::{Context, Poll};

use auth_layer::BoxError;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// A body that keeps the length and the end of the inner body.
    ///
    /// The length matters most: a request of unknown length is sent in chunks, which some servers refuse.
    /// `BodyExt::map_frame` does not keep it, because it cannot know that the length stays the same.
    pub(crate) struct InBytes<B> {
        #[pin]
        body: B,
    }
}

impl<B> InBytes<B> {
    pub(crate) const fn new(body: B) -> Self {
        Self { body }
    }
}

impl<B> Body for InBytes<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = self.project().body.poll_frame(cx);
        // For `Bytes`, `copy_to_bytes` shares the memory and copies nothing.
        frame
            .map_ok(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
            .map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http_body_util::{BodyExt, Empty, Full, StreamBody};

    use super::*;

    #[test]
    fn the_length_and_the_end_of_a_body_are_passed_on() {
        let known = InBytes::new(Full::new(&b"12345"[..]));
        assert_eq!((known.size_hint().exact(), known.is_end_stream()), (Some(5), false));
        let empty = InBytes::new(Empty::<Bytes>::new());
        assert_eq!((empty.size_hint().exact(), empty.is_end_stream()), (Some(0), true));
        let frames = futures_util::stream::iter([Ok::<_, BoxError>(Frame::data(Bytes::from("12345")))]);
        let unknown = InBytes::new(StreamBody::new(frames));
        assert_eq!((unknown.size_hint().exact(), unknown.is_end_stream()), (None, false));
    }

    #[tokio::test]
    async fn data_trailers_and_errors_are_passed_on_unchanged() {
        let trailers: HeaderMap = std::iter::once((http::header::ETAG, "a".parse().unwrap())).collect();
        let frames = [
            Ok(Frame::data(&b"123"[..])),
            Ok(Frame::trailers(trailers.clone())),
            Err(BoxError::from("broken")),
        ];
        let mut body = InBytes::new(StreamBody::new(futures_util::stream::iter(frames)));
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "123");
        assert_eq!(body.frame().await.unwrap().unwrap().into_trailers().unwrap(), trailers);
        assert_eq!(body.frame().await.unwrap().unwrap_err().to_string(), "broken");
        assert!(body.frame().await.is_none());
    }
}
