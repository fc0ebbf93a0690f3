//! A gRPC client over a tonic channel, with a token on every call.
//!
//! The token endpoint and the server run in this program. The server and the client calls are written by hand. In an
//! application, tonic-prost-build generates both, and the generated client takes the same service.
//!
//! ```text
//! cargo run -p auth-layer --example tonic_channel --features tonic
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use auth_layer::endpoint::TransportBody;
use auth_layer::{AuthLayer, BoxError, Credential, Exchange, Grant, Profile, TokenManager, Transport};
use bytes::{Buf, BufMut, Bytes};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use http::uri::PathAndQuery;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};
use tower::{Layer, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    tokio::time::timeout(Duration::from_secs(10), run()).await?
}

async fn run() -> Result<(), BoxError> {
    let greeter = Greeter::default();
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?;
    let url = format!("http://{}", incoming.local_addr()?);
    tokio::spawn(Server::builder().serve_with_incoming(greeter.clone(), incoming));

    // An application needs only this: the layer around the channel. The channel adds its origin to each call after the
    // layer has seen it, so the layer needs the origin as a setting.
    let profile = Profile::new("example", "https://auth.example.com/token")?.with_origin(&url)?;
    let channel = Endpoint::from_shared(url.clone())?.connect_lazy();
    let layer = AuthLayer::new(&profile, manager(&profile)?).with_target_origin(&url)?;
    let mut client = tonic::client::Grpc::new(layer.layer(channel));

    client.ready().await?;
    let hello = client.unary(Request::new("Ada".to_owned()), PathAndQuery::from_static(HELLO), Text).await?;
    assert_eq!(hello.into_inner(), "hello Ada");
    println!("a unary call carried {}", greeter.accepted());

    // The server revokes the token early. The layer gets the rejection, fetches another token and sends the call again.
    greeter.accept("token-2");
    client.ready().await?;
    let hello =
        client.unary(Request::new("Grace".to_owned()), PathAndQuery::from_static(HELLO), Text).await?;
    assert_eq!(hello.into_inner(), "hello Grace");
    assert_eq!(greeter.calls(), 3);
    println!("a unary call was rejected, and sent again with {}", greeter.accepted());

    client.ready().await?;
    let counted =
        client.server_streaming(Request::new("3".to_owned()), PathAndQuery::from_static(COUNT), Text).await?;
    let counted: Vec<_> = counted.into_inner().collect().await;
    let counted = counted.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(counted, ["1", "2", "3"]);
    println!("a call streamed {counted:?} from the server");

    // Both sides send alternately: the layer does not buffer a stream.
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let messages = stream::poll_fn(move |cx| receiver.poll_recv(cx));
    sender.send("one".to_owned())?;
    client.ready().await?;
    let mut echoes =
        client.streaming(Request::new(messages), PathAndQuery::from_static(ECHO), Text).await?.into_inner();
    assert_eq!(echoes.message().await?.as_deref(), Some("one"));
    sender.send("two".to_owned())?;
    assert_eq!(echoes.message().await?.as_deref(), Some("two"));
    drop(sender);
    assert_eq!(echoes.message().await?, None);
    println!("a call streamed both ways");

    // If the resend is rejected too, the caller gets the status.
    greeter.accept("another one");
    client.ready().await?;
    let status = client.unary(Request::new("Eve".to_owned()), PathAndQuery::from_static(HELLO), Text).await;
    assert_eq!(status.err().map(|status| status.code()), Some(tonic::Code::Unauthenticated));
    println!("a call that stays rejected ends with its own status");
    Ok(())
}

/// Returns a manager whose token endpoint issues `token-1`, `token-2` and so on.
fn manager(profile: &Profile) -> Result<TokenManager, BoxError> {
    let issued = Arc::new(AtomicU32::new(0));
    let endpoint = tower::service_fn(move |_: http::Request<TransportBody>| {
        let number = issued.fetch_add(1, Ordering::Relaxed) + 1;
        let body = format!(r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":3600}}"#);
        async move { Ok::<_, Infallible>(http::Response::new(http_body_util::Full::<Bytes>::from(body))) }
    });
    let credential = Credential::new("client", "client-secret");
    let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials)
        .transport(Transport::new(endpoint))
        .build()?;
    Ok(TokenManager::new(exchange))
}

const HELLO: &str = "/example.Greeter/Hello";
const COUNT: &str = "/example.Greeter/Count";
const ECHO: &str = "/example.Greeter/Echo";

/// The server. It accepts only calls with its current token.
#[derive(Clone, Debug, Default)]
struct Greeter {
    accepted: Arc<Mutex<Option<String>>>,
    calls: Arc<AtomicU32>,
}

impl Greeter {
    fn accept(&self, token: &str) {
        *self.accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.to_owned());
    }

    fn accepted(&self) -> String {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.clone().unwrap_or_else(|| "token-1".to_owned())
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let expected = format!("Bearer {}", self.accepted());
        let given = request.headers().get("authorization");
        if given.is_none_or(|given| given.as_bytes() != expected.as_bytes()) {
            let rejected = Status::unauthenticated("the token is not valid").into_http();
            return Box::pin(async { Ok(rejected) });
        }
        let mut grpc = tonic::server::Grpc::new(Text);
        Box::pin(async move {
            Ok(match request.uri().path() {
                HELLO => grpc.unary(Hello, request).await,
                COUNT => grpc.server_streaming(Count, request).await,
                ECHO => grpc.streaming(Echo, request).await,
                _ => Status::unimplemented("there is no such method").into_http(),
            })
        })
    }
}

/// The method `Hello`, which greets a name.
struct Hello;

impl tonic::server::UnaryService<String> for Hello {
    type Response = String;
    type Future = BoxFuture<'static, Result<Response<String>, Status>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        Box::pin(async move { Ok(Response::new(format!("hello {}", request.into_inner()))) })
    }
}

/// The method `Count`, which counts from 1 to a number.
struct Count;

impl tonic::server::ServerStreamingService<String> for Count {
    type Response = String;
    type ResponseStream = BoxStream<'static, Result<String, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        Box::pin(async move {
            let to: u32 = request.into_inner().parse().map_err(|_| Status::invalid_argument("a number"))?;
            Ok(Response::new(stream::iter(1..=to).map(|number| Ok(number.to_string())).boxed()))
        })
    }
}

/// The method `Echo`, which sends back each message at once.
struct Echo;

impl tonic::server::StreamingService<String> for Echo {
    type Response = String;
    type ResponseStream = Streaming<String>;
    type Future = BoxFuture<'static, Result<Response<Streaming<String>>, Status>>;

    fn call(&mut self, request: Request<Streaming<String>>) -> Self::Future {
        Box::pin(async move { Ok(Response::new(request.into_inner())) })
    }
}

/// A codec for plain text, so that the example needs no protobuf.
#[derive(Clone, Copy, Debug)]
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        let text = String::from_utf8(bytes.into()).map_err(|_| Status::internal("not UTF-8"))?;
        Ok(Some(text))
    }
}
