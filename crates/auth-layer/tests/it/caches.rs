//! Caches between the client and the server: token requests bypass them, and they never mix up identities.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use auth_layer::{BoxError, ClientAuth, Encoding};
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};

use crate::departing::either_encoding;
use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, get, respond, text, token_answer};

#[tokio::test]
async fn rt12_no_cache_may_answer_for_the_token_endpoint() {
    let either = either_encoding();
    let ways =
        [example(), example().with_client_auth(ClientAuth::body()).with_encoding(Encoding::Json), either];
    for profile in ways {
        // A request that may be sent in either encoding is sent in both.
        let endpoint = FakeTokenEndpoint::scripted(|n, _| match n {
            1 => Ok(respond(415, "")),
            _ => Ok(token_answer("token-2", 60)),
        });
        let rig = Rig::with_profile(endpoint, profile);
        let _ = rig.manager.token().await;
        rig.advance(61);
        rig.manager.token().await.unwrap();
        assert!(rig.endpoint.count() >= 2);
        for seen in rig.endpoint.seen() {
            assert_eq!(seen.method, "POST");
            assert_eq!(seen.headers["cache-control"], "no-store");
        }
    }
}

#[tokio::test]
async fn rt12_a_cache_in_the_stack_never_sees_a_token_request() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(60));
    let api = cacheable();
    let service = rig.layer().layer(cached(api.clone()));
    for _ in 0..3 {
        service.clone().oneshot(get("/me")).await.unwrap();
        rig.advance(61);
    }
    assert_eq!((rig.endpoint.count(), api.count()), (3, 3));
    assert!(api.seen().iter().all(|seen| seen.uri.path() == "/me"));
}

#[tokio::test]
async fn rt13_a_shared_cache_below_the_layer_mixes_up_no_answers() {
    let api = cacheable();
    let cache = cached(api.clone());
    let one = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(token_answer("token-of-one", 3600))));
    let two = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(token_answer("token-of-two", 3600))));
    for _ in 0..2 {
        for (rig, own) in [(&one, "token-of-one"), (&two, "token-of-two")] {
            let response = rig.layer().layer(cache.clone()).oneshot(get("/me")).await.unwrap();
            assert_eq!(text(response).await, format!("answer for {own}"));
        }
    }
    assert_eq!(api.count(), 4);
    // The cache works: a request without a token reaches the API once.
    for _ in 0..2 {
        let response = cache.clone().oneshot(get("/public")).await.unwrap();
        assert_eq!(text(response).await, "answer for nobody");
    }
    assert_eq!(api.count(), 5);
}

/// Returns an API that says for whom its answer is, and that the answer may be cached.
fn cacheable() -> FakeApi {
    FakeApi::scripted(|_, seen| {
        let mut response =
            respond(200, &format!("answer for {}", seen.bearer().as_deref().unwrap_or("nobody")));
        response.headers_mut().insert("cache-control", "max-age=600".parse().unwrap());
        response
    })
}

type Cached = BoxCloneSyncService<Request<Full<Bytes>>, Response<Full<Bytes>>, BoxError>;

/// A shared cache by RFC 9111 section 3.5, which stores no answer to a request with `Authorization`.
fn cached(api: FakeApi) -> Cached {
    let kept = Arc::new(Mutex::new(HashMap::<Uri, Response<Full<Bytes>>>::new()));
    BoxCloneSyncService::new(service_fn(move |request: Request<Full<Bytes>>| {
        let (api, kept) = (api.clone(), kept.clone());
        async move {
            let uri = request.uri().clone();
            let private = request.headers().contains_key("authorization");
            let hit = kept.lock().unwrap().get(&uri).cloned();
            if let Some(response) = hit {
                return Ok(response);
            }
            let response = api.oneshot(request).await?;
            if !private && response.headers().contains_key("cache-control") {
                kept.lock().unwrap().insert(uri, response.clone());
            }
            Ok(response)
        }
    }))
}
