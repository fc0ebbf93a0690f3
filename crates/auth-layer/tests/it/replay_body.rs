//! Streams that are recorded while they are sent, and their resend after a rejection.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use auth_layer::replay::{ReplayBody, ReplayBodyLayer};
use auth_layer::{BoxError, TryClone};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tower::{Layer, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, poll_once, respond, text};

/// Returns a stream of frames that are ready, and then its end.
fn streaming(
    frames: Vec<Result<Frame<Bytes>, BoxError>>,
) -> impl Body<Data = Bytes, Error = BoxError> + Unpin {
    StreamBody::new(stream::iter(frames))
}

fn chunks(chunks: &[&'static str]) -> impl Body<Data = Bytes, Error = BoxError> + Unpin + use<> {
    streaming(chunks.iter().map(|chunk| Ok(Frame::data(Bytes::from(*chunk)))).collect())
}

fn trailers() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "1".parse().unwrap());
    trailers
}

fn post<B>(body: B) -> Request<B> {
    Request::post("https://api.example.com/things").body(body).unwrap()
}

/// Sends a stream to an API that rejects `token-1`. Returns what the caller got and the bodies that the API received.
async fn sent<B>(body: B, layer: ReplayBodyLayer) -> (u16, Vec<Bytes>)
where
    B: Body<Data = Bytes, Error = BoxError> + Send + 'static,
{
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::rejecting(&["token-1"]);
    let service = layer.layer(rig.layer().layer(api.clone()));
    let response = service.oneshot(post(body)).await.unwrap();
    (response.status().as_u16(), api.seen().into_iter().map(|seen| seen.body).collect())
}

#[tokio::test]
async fn b56_a_short_stream_is_sent_again_byte_for_byte() {
    let (status, bodies) = sent(chunks(&["one ", "", "two"]), ReplayBodyLayer::new()).await;
    assert_eq!(status, 200);
    assert_eq!(bodies, ["one two", "one two"]);
    let (status, bodies) = sent(streaming(Vec::new()), ReplayBodyLayer::new()).await;
    assert_eq!(status, 200);
    assert_eq!(bodies, ["", ""]);
}

#[tokio::test]
async fn b56_a_stream_is_sent_again_up_to_its_limit_and_no_further() {
    for (limit, sends) in [(7, 2), (6, 1), (0, 1)] {
        let (status, bodies) =
            sent(chunks(&["one ", "two"]), ReplayBodyLayer::default().with_limit(limit)).await;
        assert_eq!(status, if sends == 2 { 200 } else { 401 }, "{limit}");
        assert_eq!(bodies, vec!["one two"; sends], "{limit}");
    }
}

#[tokio::test]
async fn b56_a_stream_that_was_not_read_to_its_end_is_not_sent_again() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let pieces = Arc::new(Mutex::new(Vec::new()));
    // An API that answers after the first piece.
    let api = tower::service_fn({
        let pieces = pieces.clone();
        move |mut request: Request<ReplayBody<_>>| {
            let pieces = pieces.clone();
            async move {
                let piece = request.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
                pieces.lock().unwrap().push(piece);
                Ok::<_, BoxError>(respond(401, "heard enough"))
            }
        }
    });
    let service = ReplayBodyLayer::new().layer(rig.layer().layer(api));
    let response = service.oneshot(post(chunks(&["one ", "two"]))).await.unwrap();
    assert_eq!((response.status().as_u16(), text(response).await.as_str()), (401, "heard enough"));
    assert_eq!(*pieces.lock().unwrap(), ["one "]);
}

#[tokio::test]
async fn b56_a_copy_with_trailers_is_as_long_as_the_stream_said() {
    let frames = || vec![Ok(Frame::data(Bytes::from("data"))), Ok(Frame::trailers(trailers()))];
    let body = ReplayBody::new(streaming(frames()), 1024);
    let copy = body.try_clone().unwrap();
    body.collect().await.unwrap();
    // A body of known length has no room for trailers in HTTP/1.1.
    assert_eq!((copy.size_hint().lower(), copy.size_hint().upper()), (4, None));

    let body = ReplayBody::new(OfKnownLength(Some(Bytes::from("data")), Some(trailers())), 1024);
    let copy = body.try_clone().unwrap();
    body.collect().await.unwrap();
    assert_eq!(copy.size_hint().exact(), Some(4));
}

#[tokio::test]
async fn b56_trailers_are_sent_again_too() {
    let frames = || vec![Ok(Frame::data(Bytes::from("data"))), Ok(Frame::trailers(trailers()))];
    let body = ReplayBody::new(streaming(frames()), 1024);
    let copy = body.try_clone().unwrap();
    for body in [body, copy] {
        let collected = body.collect().await.unwrap();
        assert_eq!(collected.trailers(), Some(&trailers()));
        assert_eq!(collected.to_bytes(), "data");
    }
}

#[tokio::test]
async fn b56_a_copy_that_is_not_whole_fails_and_is_never_empty() {
    let mut body = ReplayBody::new(chunks(&["one ", "two"]), 1024);
    let mut copy = body.try_clone().unwrap();
    body.frame().await.unwrap().unwrap();
    assert!(body.is_whole() && !copy.is_whole());
    assert!(!copy.is_end_stream());
    assert_eq!(copy.size_hint().exact(), None);
    assert!(copy.frame().await.unwrap().is_err());
    // The copy is usable as soon as the rest was sent.
    body.collect().await.unwrap();
    assert!(copy.is_whole());
    assert_eq!(copy.collect().await.unwrap().to_bytes(), "one two");
}

#[tokio::test]
async fn b56_nothing_is_recorded_without_a_copy() {
    let mut body = ReplayBody::new(chunks(&["one ", "two"]), 1024);
    drop(body.try_clone());
    body.frame().await.unwrap().unwrap();
    assert!(body.try_clone().is_none());
}

#[tokio::test]
async fn b60_an_empty_body_is_whole_before_it_is_sent() {
    let body = ReplayBody::new(Empty::<Bytes>::new(), 0);
    let copy = body.try_clone().unwrap();
    assert!(copy.is_whole() && copy.is_end_stream());
    assert_eq!(copy.size_hint().exact(), Some(0));
}

#[tokio::test]
async fn the_first_send_shows_what_the_stream_shows_and_a_copy_is_exact() {
    let body = ReplayBody::new(Full::new(Bytes::from("hello")), 1024);
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));
    let mut copy = body.try_clone().unwrap();
    assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    assert_eq!((copy.size_hint().exact(), copy.is_end_stream()), (Some(5), false));
    copy.frame().await.unwrap().unwrap();
    assert_eq!((copy.size_hint().exact(), copy.is_end_stream()), (Some(0), true));
    assert!(copy.frame().await.is_none());

    let body = ReplayBody::new(chunks(&["unknown"]), 1024);
    assert_eq!(body.size_hint().exact(), None);
}

/// A body of known length, which must be polled once more before it reports its end.
struct OfKnownLength(Option<Bytes>, Option<HeaderMap>);

impl Body for OfKnownLength {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.0.take().map(Frame::data);
        Poll::Ready(data.or_else(|| self.1.take().map(Frame::trailers)).map(Ok))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}

#[tokio::test]
async fn b56_a_stream_of_known_length_is_whole_when_all_of_it_was_sent() {
    let mut body = ReplayBody::new(OfKnownLength(Some(Bytes::from("data")), None), 1024);
    let copy = body.try_clone().unwrap();
    body.frame().await.unwrap().unwrap();
    // A sender that has announced the length does not ask for more.
    assert!(copy.is_whole() && body.is_end_stream());
    assert!(body.frame().await.is_none());

    let mut body = ReplayBody::new(OfKnownLength(Some(Bytes::from("data")), Some(trailers())), 1024);
    let copy = body.try_clone().unwrap();
    body.frame().await.unwrap().unwrap();
    assert!(!body.is_end_stream());
    assert_eq!(body.frame().await.unwrap().unwrap().into_trailers().unwrap(), trailers());
    assert!(body.frame().await.is_none());
    assert_eq!(copy.collect().await.unwrap().trailers(), Some(&trailers()));
}

#[tokio::test]
async fn the_first_send_reads_nothing_ahead() {
    let asked = Arc::new(Mutex::new(0));
    let frames = stream::poll_fn({
        let asked = asked.clone();
        move |_| {
            *asked.lock().unwrap() += 1;
            Poll::Ready(Some(Ok::<_, BoxError>(Frame::data(Bytes::from("x")))))
        }
    });
    let mut body = ReplayBody::new(StreamBody::new(frames), 1024);
    let _copy = body.try_clone();
    for sent in 1..=3 {
        assert!(poll_once(&mut body.frame()).is_ready());
        assert_eq!(*asked.lock().unwrap(), sent);
    }
}

#[test]
fn b57_a_long_stream_takes_little_memory_and_its_401_goes_back() {
    const CHUNK: usize = 8 * 1024;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    runtime.block_on(rig.manager.token()).unwrap();
    let lengths = Arc::new(Mutex::new(Vec::new()));
    // An API that keeps nothing of the request.
    let api = tower::service_fn({
        let lengths = lengths.clone();
        move |mut request: Request<ReplayBody<_>>| {
            let lengths = lengths.clone();
            async move {
                let mut length = 0;
                while let Some(frame) = request.body_mut().frame().await {
                    length += frame.unwrap().into_data().unwrap().len();
                }
                lengths.lock().unwrap().push(length);
                Ok::<_, BoxError>(respond(401, "rejected"))
            }
        }
    });
    let service = ReplayBodyLayer::new().layer(rig.layer().layer(api));
    // Each piece is made when it is polled.
    let frames =
        (0..10 * 1024 * 1024 / CHUNK).map(|_| Ok::<_, BoxError>(Frame::data(Bytes::from(vec![b'x'; CHUNK]))));
    let body = StreamBody::new(stream::iter(frames));
    let mut status = 0;
    let memory = allocation_counter::measure(|| {
        status = runtime.block_on(service.oneshot(post(body))).unwrap().status().as_u16();
    });
    assert_eq!(status, 401);
    assert_eq!(*lengths.lock().unwrap(), [10 * 1024 * 1024]);
    assert!(memory.bytes_max < 1024 * 1024, "{} bytes at the most", memory.bytes_max);
}

#[tokio::test]
async fn b58_a_broken_stream_is_not_sent_again_and_fails_once() {
    let broken = || {
        let error = Err("the file could not be read".into());
        streaming(vec![Ok(Frame::data(Bytes::from("half"))), error])
    };
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let sends = Arc::new(Mutex::new(0));
    let api = tower::service_fn({
        let sends = sends.clone();
        move |request: Request<ReplayBody<_>>| {
            *sends.lock().unwrap() += 1;
            async move {
                // The server rejects the token, whether the body failed or not.
                let broke_off = request.into_body().collect().await.is_err();
                Ok::<_, BoxError>(respond(401, if broke_off { "broke off" } else { "whole" }))
            }
        }
    });
    let service = ReplayBodyLayer::new().layer(rig.layer().layer(api));
    let response = service.oneshot(post(broken())).await.unwrap();
    assert_eq!((response.status().as_u16(), text(response).await.as_str()), (401, "broke off"));
    assert_eq!(*sends.lock().unwrap(), 1);
}

/// An empty file: its length is zero, but it must be polled before it reports its end.
struct EmptyFile;

impl Body for EmptyFile {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

#[test]
fn b60_an_empty_file_can_be_sent_again_though_it_is_never_read() {
    let copy = ReplayBody::new(EmptyFile, 8).try_clone().unwrap();
    assert!(copy.is_whole());
}
