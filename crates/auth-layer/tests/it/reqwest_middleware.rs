//! The same behaviour in a stack built on `reqwest-middleware`, against a server on a socket.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::limit::{ThrottleLayer, Throttled};
use auth_layer::operation::Security;
use auth_layer::profile::{BodySign, RateLimit};
use auth_layer::{
    AccessToken, AuthLayer, AuthMiddleware, CallBearer, Error, ErrorKind, Identity, OperationMeta, Profile,
    ReplayRule, StaticToken, TokenManager, TokenPool,
};
use http::{Extensions, HeaderValue, Method};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};

use crate::loopback::{Loopback, Reply, answer, redirect};
use crate::support::{
    FakeTokenEndpoint, Rig, Seen, example, invalid_token_at_403, respond, settle, token_answer, until,
};

/// Records the `Authorization` of the requests that pass below the layer.
#[derive(Clone, Default)]
struct Below(Arc<Mutex<Vec<Option<HeaderValue>>>>);

#[async_trait]
impl Middleware for Below {
    async fn handle(
        &self,
        request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        self.0.lock().unwrap().push(request.headers().get("authorization").cloned());
        next.run(request, extensions).await
    }
}

struct Stack {
    server: Loopback,
    rig: Rig,
    client: ClientWithMiddleware,
    below: Below,
}

impl Stack {
    async fn new(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(script, FakeTokenEndpoint::issuing(3600)).await
    }

    async fn with(
        script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
        endpoint: FakeTokenEndpoint,
    ) -> Self {
        let server = Loopback::start(script).await;
        let graphql = BodySign::new("/errors/*/code", ["UNAUTHENTICATED"])
            .and_then(|sign| sign.with_operations(["graphql"]))
            .unwrap();
        let profile = Profile::new("loopback", "https://auth.example.com/token")
            .and_then(|profile| profile.with_origin(&server.url("")))
            .unwrap()
            .with_replay_rule(ReplayRule::Reusable)
            .with_rejection(invalid_token_at_403())
            .with_rejection(graphql);
        let rig = Rig::with_profile(endpoint, profile);
        Self::over(server, rig, |layer| layer)
    }

    fn over(server: Loopback, rig: Rig, adjust: impl FnOnce(AuthLayer) -> AuthLayer) -> Self {
        let redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().redirect(redirects).no_proxy().build().unwrap();
        let below = Below::default();
        let client = ClientBuilder::new(client)
            .with(AuthMiddleware::new(adjust(rig.layer())))
            .with(below.clone())
            .build();
        Self { server, rig, client, below }
    }

    fn bearers(&self) -> Vec<String> {
        self.server.seen().iter().map(|seen| seen.bearer().unwrap_or_default()).collect()
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = self.client.get(self.server.url(path)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

/// Returns a script that rejects these tokens with 401.
fn rejecting(tokens: &'static [&'static str]) -> impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static {
    move |_, seen| {
        let rejected = seen.bearer().is_some_and(|token| tokens.contains(&token.as_str()));
        let body = format!("{} {}", seen.method, String::from_utf8(seen.body.to_vec()).unwrap());
        Reply::Whole(if rejected { answer(401, "rejected") } else { answer(200, &body) })
    }
}

#[tokio::test]
async fn us01_the_token_is_sent_and_kept() {
    let stack = Stack::new(rejecting(&[])).await;
    for _ in 0..3 {
        assert_eq!(stack.get("/me").await, (200, "GET ".to_owned()));
    }
    assert_eq!(stack.server.seen()[0].headers["authorization"], "Bearer token-1");
    assert_eq!(stack.bearers(), ["token-1"; 3]);
    assert_eq!(stack.rig.endpoint.count(), 1);
}

#[tokio::test]
async fn b65_the_header_is_sensitive_on_every_path() {
    let stack = Stack::new(rejecting(&["token-1"])).await;
    stack.get("/me").await;
    let given = stack.client.get(stack.server.url("/me")).with_extension(CallBearer::new("given").unwrap());
    given.send().await.unwrap();
    let below = stack.below.0.lock().unwrap();
    let values: Vec<_> = below.iter().map(|value| value.clone().unwrap()).collect();
    assert_eq!(values, ["Bearer token-1", "Bearer token-2", "Bearer given"]);
    assert!(values.iter().all(HeaderValue::is_sensitive));
}

#[tokio::test]
async fn a_401_renews_and_resends_once() {
    let stack = Stack::new(rejecting(&["token-1"])).await;
    let response = stack
        .client
        .post(stack.server.url("/orders?x=1"))
        .header("x-mine", "1")
        .body("an order")
        .send()
        .await;
    assert_eq!(response.unwrap().text().await.unwrap(), "POST an order");
    assert_eq!(stack.bearers(), ["token-1", "token-2"]);
    let [first, second] = &stack.server.seen()[..] else { panic!("two requests") };
    assert_eq!((&first.method, &first.uri, &first.body), (&second.method, &second.uri, &second.body));
    assert_eq!(first.headers["x-mine"], second.headers["x-mine"]);
    assert_eq!(stack.rig.endpoint.count(), 2);
    assert_eq!(stack.rig.manager.stats().resends, 1);
}

#[tokio::test]
async fn an_api_that_always_says_401_is_asked_twice() {
    let stack = Stack::new(|_, _| Reply::Whole(answer(401, "rejected"))).await;
    assert_eq!(stack.get("/me").await, (401, "rejected".to_owned()));
    assert_eq!((stack.server.count(), stack.rig.endpoint.count()), (2, 2));
    // The next call comes within the pause after a renewal, so it is sent once.
    assert_eq!(stack.get("/me").await, (401, "rejected".to_owned()));
    assert_eq!((stack.server.count(), stack.rig.endpoint.count()), (3, 2));
}

#[tokio::test]
async fn a_body_that_cannot_be_sent_again_is_sent_once() {
    let stack = Stack::new(rejecting(&["token-1"])).await;
    let body = http_body_util::Full::new(bytes::Bytes::from_static(b"a stream"));
    let post = stack.client.post(stack.server.url("/me")).body(reqwest::Body::wrap(body));
    let response = post.send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.text().await.unwrap(), "rejected");
    assert_eq!(stack.server.seen()[0].body, "a stream");
    assert_eq!(stack.server.count(), 1);
    // The renewal was still started, and the next call has its token.
    while stack.rig.manager.token().await.unwrap().access_token().expose() == "token-1" {
        tokio::task::yield_now().await;
    }
    assert_eq!(stack.get("/me").await.0, 200);
    assert_eq!(stack.bearers(), ["token-1", "token-2"]);
}

#[tokio::test]
async fn b68_an_authorization_of_the_caller_is_left_alone() {
    let stack = Stack::new(|_, _| Reply::Whole(answer(401, "rejected"))).await;
    let response = stack.client.get(stack.server.url("/me")).bearer_auth("mine").send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(stack.bearers(), ["mine"]);
    assert_eq!(stack.rig.endpoint.count(), 0);
}

#[tokio::test]
async fn a_403_is_looked_into_and_comes_back_whole() {
    let long = format!(r#"{{"int_err_code":"NoPermission","msg":"{}"}}"#, "x".repeat(100_000));
    for body in [r#"{"int_err_code":"NoPermission"}"#, "no JSON", "", &long] {
        let expected = body.to_owned();
        let stack = Stack::new({
            let body = body.to_owned();
            move |_, _| {
                let mut response = answer(403, &body);
                response.headers_mut().insert("x-request-id", "abc".parse().unwrap());
                Reply::Whole(response)
            }
        })
        .await;
        let url = stack.server.url("/me?a=b");
        let response = stack.client.get(&url).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-request-id"]),
            (403, &"abc".parse().unwrap())
        );
        assert_eq!(response.url().as_str(), url);
        assert_eq!(response.bytes().await.unwrap(), expected);
        assert_eq!((stack.server.count(), stack.rig.endpoint.count()), (1, 1));
    }
}

#[tokio::test]
async fn a_200_about_the_token_renews_only_at_a_named_operation() {
    static GRAPHQL: OperationMeta = OperationMeta::new("graphql", Method::POST, "/graph");
    let stack = Stack::new(|n, _| {
        Reply::Whole(match n {
            1 | 3 => answer(200, r#"{"errors":[{"code":"UNAUTHENTICATED"}]}"#),
            _ => answer(200, "[]"),
        })
    })
    .await;
    let graphql = stack.client.get(stack.server.url("/graph")).with_extension(&GRAPHQL);
    assert_eq!(graphql.send().await.unwrap().text().await.unwrap(), "[]");
    assert_eq!(stack.bearers(), ["token-1", "token-2"]);
    assert_eq!(stack.get("/graph").await.1, r#"{"errors":[{"code":"UNAUTHENTICATED"}]}"#);
    assert_eq!((stack.server.count(), stack.rig.endpoint.count()), (3, 2));
}

#[tokio::test]
async fn a_401_of_another_scheme_renews_and_resends() {
    let stack = Stack::new(|n, _| {
        let mut response = answer(if n == 1 { 401 } else { 200 }, "[]");
        response.headers_mut().insert("www-authenticate", "Basic realm=\"x\"".parse().unwrap());
        Reply::Whole(response)
    })
    .await;
    assert_eq!(stack.get("/me").await, (200, "[]".to_owned()));
    assert_eq!(stack.bearers(), ["token-1", "token-2"]);
}

#[tokio::test]
async fn a_403_that_names_the_token_renews_and_resends() {
    let stack = Stack::new(|n, _| {
        Reply::Whole(match n {
            1 => answer(403, r#"{"int_err_code":"InvalidToken"}"#),
            _ => answer(200, "[]"),
        })
    })
    .await;
    assert_eq!(stack.get("/me").await, (200, "[]".to_owned()));
    assert_eq!(stack.bearers(), ["token-1", "token-2"]);

    // If there is no other token, the caller gets the 403 unchanged.
    let stack = Stack::new(|_, _| Reply::Whole(answer(403, r#"{"int_err_code":"InvalidToken"}"#))).await;
    stack.rig.manager.token().await.unwrap();
    stack.rig.endpoint.now(|_, _| Ok(respond(503, "")));
    assert_eq!(stack.get("/me").await, (403, r#"{"int_err_code":"InvalidToken"}"#.to_owned()));
    assert_eq!(stack.server.count(), 1);
}

#[tokio::test]
async fn us04_the_token_goes_to_the_listed_origins_only() {
    let stack = Stack::new(rejecting(&[])).await;
    let elsewhere = Loopback::saying(401, "who are you").await;
    let response = stack.client.get(elsewhere.url("/me")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "who are you");
    assert_eq!(elsewhere.seen()[0].bearer(), None);
    assert_eq!((elsewhere.count(), stack.rig.endpoint.count()), (1, 0));
}

#[tokio::test]
async fn b61_a_redirect_takes_the_token_nowhere() {
    let elsewhere = Loopback::saying(200, "arrived").await;
    let target = elsewhere.url("/me");
    let stack = Stack::new(move |_, _| Reply::Whole(redirect(307, &target))).await;
    assert_eq!(stack.get("/me").await.0, 307);
    assert_eq!((stack.server.count(), elsewhere.count()), (1, 0));
}

#[tokio::test]
async fn us07_without_a_token_nothing_is_sent() {
    let failing = FakeTokenEndpoint::scripted(|_, _| Ok(respond(400, r#"{"error":"invalid_client"}"#)));
    let stack = Stack::with(rejecting(&[]), failing).await;
    let error = stack.client.get(stack.server.url("/me")).send().await.unwrap_err();
    let found = Error::find(&error).expect("it is found in the chain of causes");
    assert_eq!(found.oauth().unwrap().code(), "invalid_client");
    assert_eq!(stack.server.count(), 0);
}

#[tokio::test]
async fn an_operation_says_which_credential_it_wants() {
    static HEALTH: OperationMeta =
        OperationMeta::new("health", Method::GET, "/health").with_security(Security::Public);
    static WIDGET: OperationMeta =
        OperationMeta::new("widget", Method::GET, "/widget").with_security(Security::Other(&["EndUser"]));
    let stack = Stack::new(rejecting(&[])).await;
    let get = |operation: &'static OperationMeta| {
        stack.client.get(stack.server.url(operation.path())).with_extension(operation)
    };
    get(&HEALTH).send().await.unwrap();
    let error = get(&WIDGET).send().await.unwrap_err();
    assert_eq!(Error::find(&error).map(Error::kind), Some(ErrorKind::Credential));
    get(&WIDGET).with_extension(CallBearer::new("given").unwrap()).send().await.unwrap();
    assert_eq!(stack.bearers(), ["", "given"]);
    assert_eq!(stack.rig.endpoint.count(), 0);
}

#[tokio::test]
async fn a_pool_sends_each_identity_its_own_token() {
    let server = Loopback::start(rejecting(&[])).await;
    let profile = example().with_origin(&server.url("")).unwrap();
    let pool = TokenPool::new(|identity: &Identity| {
        Ok(TokenManager::new(StaticToken::new(AccessToken::new(identity.tenant()).unwrap())))
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let layer = AuthMiddleware::new(AuthLayer::pooled(&profile, pool));
    let client = ClientBuilder::new(client).with(layer).build();
    for tenant in ["a", "b", "a"] {
        client.get(server.url("/me")).with_extension(Identity::new(tenant)).send().await.unwrap();
    }
    let refused = client.get(server.url("/me")).send().await.unwrap_err();
    assert_eq!(Error::find(&refused).map(Error::kind), Some(ErrorKind::Credential));
    let bearers: Vec<_> = server.seen().iter().filter_map(Seen::bearer).collect();
    assert_eq!(bearers, ["a", "b", "a"]);
}

#[tokio::test]
async fn cc09_with_patience_a_busy_token_endpoint_is_waited_for() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(respond(503, "busy")),
        _ => Ok(token_answer("good", 3600)),
    });
    let Stack { server, rig, .. } = Stack::with(rejecting(&[]), endpoint).await;
    let stack = Stack::over(server, rig, |layer| layer.with_patience(Duration::from_secs(10)));
    let url = stack.server.url("/me");
    let call = tokio::spawn(stack.client.get(url).send());
    until(|| stack.rig.endpoint.count() == 1).await;
    settle().await;
    assert!(!call.is_finished());
    stack.rig.advance(1);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!((stack.bearers(), stack.rig.endpoint.count()), (vec!["good".to_owned()], 2));
}

/// Returns a stack whose API allows one request a minute, with tokens that live half a minute.
async fn in_turn(
    max_wait: Option<Duration>,
    script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
) -> Stack {
    let Stack { server, rig, .. } = Stack::with(script, FakeTokenEndpoint::issuing(30)).await;
    let limit = RateLimit::new("api", NonZeroU32::MIN, Duration::from_secs(60));
    let profile = rig.profile.clone().with_rate_limit(limit);
    let throttle = ThrottleLayer::builder(&profile).clock(Arc::new(rig.clock.clone()));
    let throttle = match max_wait {
        Some(max_wait) => throttle.max_wait(max_wait),
        None => throttle,
    };
    Stack::over(server, rig, |layer| layer.with_rate_limits(throttle.build()))
}

#[tokio::test]
async fn each_send_takes_a_turn_and_carries_a_token_that_is_good_then() {
    let stack = in_turn(None, rejecting(&["token-1"])).await;
    let given = stack.client.get(stack.server.url("/me")).with_extension(CallBearer::new("given").unwrap());
    let calls = async {
        stack.get("/me").await;
        given.send().await.unwrap();
    };
    let turns = async {
        // One turn for the resend, and one for the call with its own bearer.
        for sent in 1..=2 {
            until(|| stack.server.count() == sent && stack.rig.clock.sleepers() == 1).await;
            stack.rig.advance_millis(59_999);
            settle().await;
            assert_eq!(stack.server.count(), sent);
            stack.rig.advance_millis(1);
        }
    };
    futures_util::future::join(calls, turns).await;
    // The second token expired before the turn of the resend.
    assert_eq!(stack.bearers(), ["token-1", "token-3", "given"]);
}

#[tokio::test]
async fn a_turn_that_comes_too_late_fails_or_gives_the_rejection_back() {
    let stack = in_turn(Some(Duration::from_secs(1)), rejecting(&["token-1"])).await;
    assert_eq!(stack.get("/me").await, (401, "rejected".to_owned()));
    assert_eq!((stack.server.count(), stack.rig.manager.stats().resends), (1, 0));
    let error = stack.client.get(stack.server.url("/me")).send().await.unwrap_err();
    assert_eq!(Throttled::find(&error).unwrap().retry_after(), Some(Duration::from_secs(60)));
}
