//! Requests whose target is relative, and requests to origins that are not listed.

use auth_layer::operation::Security;
use auth_layer::{AuthMiddleware, BoxError, CallBearer, Error, ErrorKind, OperationMeta, StackLayer};
use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, logged};

fn request(target: &str) -> Request<Full<Bytes>> {
    Request::post(target).body(Full::default()).unwrap()
}

fn rig() -> Rig {
    Rig::new(FakeTokenEndpoint::issuing(3600))
}

static PUBLIC: OperationMeta =
    OperationMeta::new("status", Method::GET, "/status").with_security(Security::Public);

#[tokio::test]
async fn a_relative_target_is_an_error_that_says_what_to_call() {
    let rig = rig();
    let api = FakeApi::accepting();
    let send = |request| rig.over(api.clone()).oneshot(request);
    let error: BoxError = send(request("/package.Service/Method?code=secret")).await.unwrap_err();
    let error = Error::find(error.as_ref()).unwrap();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert!(!error.is_transient());
    let text = error.to_string();
    let expected = "the request target `/package.Service/Method` is relative, so its origin is unknown; \
                    make it an absolute URL or, if an inner service adds the origin as a tonic channel does, call \
                    `AuthLayer::with_target_origin(..)`";
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("secret"));
    // A bearer for one call must not be sent to an unknown origin either, and `*` has no origin.
    let mut with_bearer = request("/me");
    with_bearer.extensions_mut().insert(CallBearer::new("mine").unwrap());
    assert!(send(with_bearer).await.is_err());
    assert!(send(request("*")).await.is_err());
    assert_eq!((api.count(), rig.endpoint.count()), (0, 0));
}

#[tokio::test]
async fn a_relative_target_that_needs_no_token_goes_on_untouched() {
    let rig = rig();
    let api = FakeApi::accepting();
    let mut own = request("/me");
    own.headers_mut().insert("authorization", "Basic abc".parse().unwrap());
    let mut public = request("/status");
    public.extensions_mut().insert(&PUBLIC);
    for request in [own, public] {
        rig.over(api.clone()).oneshot(request).await.unwrap();
    }
    assert_eq!(api.bearers(), ["Basic abc", ""]);
    assert_eq!(rig.endpoint.count(), 0);
}

#[tokio::test]
async fn a_relative_target_counts_as_sent_to_the_given_origin() {
    let rig = rig();
    let api = FakeApi::rejecting(&["token-1"]);
    let layer = rig.layer().with_target_origin("https://API.example.com").unwrap();
    layer.layer(api.clone()).oneshot(request("/me?a=1")).await.unwrap();
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
    // The target stays unchanged, also when the request is sent again.
    let target = Uri::from_static("/me?a=1");
    assert!(api.seen().iter().all(|seen| seen.uri == target));
    // Other origins are still foreign.
    layer.layer(api.clone()).oneshot(request("https://elsewhere.example.com/me")).await.unwrap();
    assert_eq!(api.bearers()[2], "");

    let stack = StackLayer::new(&rig.profile, rig.manager.clone());
    let stack = stack.with_target_origin("https://api.example.com").unwrap();
    stack.layer(api.clone()).oneshot(request("/me")).await.unwrap();
    assert_eq!(api.bearers()[3], "token-2");
}

#[test]
fn a_target_origin_must_be_one_of_the_profiles_origins() {
    let rig = rig();
    let error = rig.layer().with_target_origin("https://other.example.com").unwrap_err();
    assert_eq!(
        error.to_string(),
        "target origin https://other.example.com:443: is not one of the profile's origins; add it with \
         `Profile::with_origin`"
    );
    assert!(rig.layer().with_target_origin("/relative").is_err());
    assert!(rig.layer().with_target_origin("http://api.example.com").is_err());
    let listed = Rig::with_profile(
        FakeTokenEndpoint::issuing(3600),
        example().with_origin("https://other.example.com").unwrap(),
    );
    assert!(listed.layer().with_target_origin("https://other.example.com").is_ok());
}

/// Sends requests to these targets, and returns the warnings.
fn warnings(targets: &[&str], change: impl Fn(&mut Request<Full<Bytes>>)) -> Vec<String> {
    let log = logged(|| async {
        let (layer, api) = (rig().layer(), FakeApi::accepting());
        for target in targets {
            let mut request = request(target);
            change(&mut request);
            layer.layer(api.clone()).oneshot(request).await.unwrap();
        }
        assert_eq!(api.count(), targets.len());
    });
    log.lines().filter(|line| line.contains("WARN")).map(str::to_owned).collect()
}

#[test]
fn an_origin_that_is_not_listed_is_warned_about_once() {
    // The layer makes another service for each request. Its services share the warning.
    let warned = warnings(
        &[
            "https://user:pass@other.example.com/path?code=secret",
            "https://OTHER.example.com/path",
            "https://other.example.com:443",
            "https://api.example.com/me",
            "https://api.example.com:99999/me",
            "https://other.example.com:8443/path",
            "http://other.example.com/path",
        ],
        |_| {},
    );
    let origins = ["https://other.example.com", "https://other.example.com:8443", "http://other.example.com"];
    assert_eq!(warned.len(), origins.len(), "{warned:?}");
    for (line, origin) in warned.iter().zip(origins) {
        assert!(line.ends_with(&format!("origin={origin}")), "{line}");
        assert!(line.contains("sent without a token") && line.contains("`Profile::with_origin`"), "{line}");
        assert!(["user", "pass@", "/path", "secret"].iter().all(|part| !line.contains(part)), "{line}");
    }
}

#[test]
fn a_request_that_needs_no_token_is_not_warned_about() {
    let elsewhere = ["https://other.example.com/status"];
    let public = |request: &mut Request<Full<Bytes>>| {
        request.extensions_mut().insert(&PUBLIC);
    };
    let own = |request: &mut Request<Full<Bytes>>| {
        request.headers_mut().insert("authorization", "Basic abc".parse().unwrap());
    };
    assert_eq!(warnings(&elsewhere, public), [""; 0]);
    assert_eq!(warnings(&elsewhere, own), [""; 0]);
    assert_eq!(warnings(&elsewhere, |_| {}).len(), 1);
}

#[test]
fn warnings_about_unlisted_origins_end_after_the_64th() {
    let targets: Vec<_> = (0..200).map(|n| format!("https://{n}.example.com/")).collect();
    let targets: Vec<_> = targets.iter().map(|target| &**target).collect();
    let warned = warnings(&targets, |_| {});
    assert_eq!(warned.len(), 65);
    assert!(warned[64].contains("no warning is written about further origins"), "{}", warned[64]);
}

#[test]
fn a_reqwest_middleware_warns_about_an_unlisted_origin() {
    let log = logged(|| async {
        let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
            .with(AuthMiddleware::new(rig().layer()))
            .build();
        // No server listens at this port, because only the sent request matters here.
        assert!(client.get("http://127.0.0.1:9/me").send().await.is_err());
    });
    let warned: Vec<_> = log.lines().filter(|line| line.contains("WARN auth_layer")).collect();
    assert_eq!(warned.len(), 1, "{log}");
    assert!(warned[0].ends_with("origin=http://127.0.0.1:9"), "{}", warned[0]);
}
