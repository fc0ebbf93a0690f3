//! Puts an application's layers around `AuthLayer`: tracing, a timeout, redirects, decompression and a limit.
//!
//! The API runs in this program, without a socket.
//!
//! ```text
//! cargo run -p auth-layer --example tower_layers
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use auth_layer::{AccessToken, AuthLayer, BoxError, Profile, StaticToken, TokenManager};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::decompression::DecompressionLayer;
use tower_http::follow_redirect::FollowRedirectLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    tokio::time::timeout(Duration::from_secs(10), run()).await?
}

async fn run() -> Result<(), BoxError> {
    let profile =
        Profile::new("example", "https://auth.example.com/token")?.with_origin("https://api.example.com")?;
    let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));

    // From the outside in. Redirects are followed outside of `AuthLayer`, so that it checks the origin of each hop. The
    // timeout is outside of it too, so that it includes a wait for the token.
    let client = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(5)))
        .layer(FollowRedirectLayer::new())
        .layer(DecompressionLayer::new())
        .layer(AuthLayer::new(&profile, manager))
        .layer(ConcurrencyLimitLayer::new(16))
        .layer(BufferLayer::new(64))
        .service(tower::service_fn(api));
    // One type for the whole stack, which a struct can store and tasks can share.
    let client = BoxCloneSyncService::new(client);

    let response = client.clone().oneshot(get("https://api.example.com/me")?).await?;
    assert_eq!(text(response).await?, "hello, Bearer abc");
    println!("a request to the API carried the token");

    let response = client.oneshot(get("https://api.example.com/file")?).await?;
    assert_eq!(text(response).await?, "a file for everyone");
    println!("a redirect to another origin was followed without the token");
    Ok(())
}

fn get(uri: &str) -> Result<Request<Full<Bytes>>, http::Error> {
    Request::get(uri).body(Full::default())
}

async fn text<B>(response: Response<B>) -> Result<String, BoxError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let bytes = response.into_body().collect().await.map_err(Into::into)?.to_bytes();
    Ok(String::from_utf8(bytes.into())?)
}

/// The API, and a file server at another origin to which the API redirects.
async fn api(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, BoxError> {
    let token = request.headers().get("authorization").map(|value| value.to_str()).transpose()?;
    match (request.uri().host(), request.uri().path(), token) {
        (Some("api.example.com"), "/me", Some(token)) => Ok(Response::new(format!("hello, {token}").into())),
        (Some("api.example.com"), "/file", Some(_)) => {
            let redirect = Response::builder().status(302).header("location", "https://files.example.net/1");
            Ok(redirect.body(Full::default())?)
        }
        (Some("files.example.net"), _, None) => Ok(Response::new("a file for everyone".into())),
        _ => Ok(Response::builder().status(400).body("this must not happen".into())?),
    }
}
