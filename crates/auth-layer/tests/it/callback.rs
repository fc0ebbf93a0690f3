//! The callback of the browser: which answers are accepted, which are refused, and which values are never shown.

use auth_layer::sign_in::Authorization;
use auth_layer::{Error, ErrorKind, OAuthError, Profile};
use proptest::prelude::*;

use crate::sign_in::{REDIRECT, client, good, parameter, people, silent};
use crate::support::{FakeTokenEndpoint, poll_once};

const ISSUER: &str = "https://auth.example.com";

fn named() -> Profile {
    people().with_issuer(ISSUER).unwrap()
}

/// Returns the error for an answer that must cause no token request, and whether `accepts` took the answer.
async fn refused(profile: Profile, answer: impl Fn(&str) -> String) -> (Error, bool) {
    let (sign_in, endpoint) = silent(profile);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let answer = answer(&parameter(authorization.url(), "state").unwrap());
    let accepted = authorization.accepts(&answer);
    let error = sign_in.finish(authorization, &answer).await.expect_err("it is refused");
    assert_eq!(endpoint.count(), 0, "no token request");
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::SignInFailed, false), "{error}");
    (error, accepted)
}

/// Checks that an answer is accepted.
async fn taken(profile: Profile, answer: impl Fn(&str) -> String) {
    let endpoint = FakeTokenEndpoint::issuing(60);
    let sign_in = client(profile, &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let answer = answer(&parameter(authorization.url(), "state").unwrap());
    assert!(authorization.accepts(&answer), "{answer}");
    sign_in.finish(authorization, &answer).await.unwrap();
    assert_eq!(endpoint.seen()[0].form("code").as_deref(), Some("c/1"), "{answer}");
}

#[tokio::test]
async fn ac04_a_callback_with_another_state_is_refused() {
    for answer in ["code=c&state=other", "code=c&state=", "code=c", "", "code=c&state=%00"] {
        let (error, accepted) = refused(people(), |_| answer.to_owned()).await;
        assert!(!accepted && error.to_string().contains("state"), "{answer}: {error}");
    }
    for change in [|state: &str| state[1..].to_owned(), |state: &str| format!("{state}A"), str::to_lowercase]
    {
        let (_, accepted) = refused(people(), |state| format!("code=c&state={}", change(state))).await;
        assert!(!accepted);
    }
}

#[tokio::test]
async fn ac04_the_state_of_one_sign_in_is_not_that_of_another() {
    let (sign_in, endpoint) = silent(people());
    let [one, other] = [(); 2].map(|()| sign_in.authorize(REDIRECT, None).unwrap());
    let callback = good(&other);
    assert!(!one.accepts(&callback));
    assert!(sign_in.finish(one, &callback).await.is_err());
    assert_eq!(endpoint.count(), 0);
}

#[tokio::test]
async fn ac07_unknown_parameters_are_ignored() {
    taken(people(), |state| format!("x=1&code=c%2F1&y&state={state}&x=2&session_state=3&scope=a")).await;
}

#[tokio::test]
async fn ac07_a_parameter_that_comes_twice_is_an_error() {
    for twice in ["code=c", "iss=https%3A%2F%2Fauth.example.com", "error=access_denied"] {
        for profile in [people(), named()] {
            let (error, _) =
                refused(profile, |state| format!("{twice}&state={state}&code=c/1&{twice}")).await;
            assert!(error.to_string().contains("twice"), "{twice}: {error}");
        }
    }
    let (error, accepted) = refused(people(), |state| format!("state={state}&code=c&state={state}")).await;
    assert!(!accepted && error.to_string().contains("state twice"), "{error}");
}

#[tokio::test]
async fn ac08_an_answer_of_another_issuer_is_refused_before_anything_else() {
    for other in ["https://evil.example.com", "https://auth.example.com/", "HTTPS://auth.example.com", ""] {
        let answer = |state: &str| format!("error=access_denied&state={state}&iss={other}");
        let (error, accepted) = refused(named(), answer).await;
        assert!(!accepted && error.to_string().contains("names the issuer"), "{error}");
        assert!(
            error.to_string().contains(&format!("{other:?}, but the sign-in was at {ISSUER:?}")),
            "{error}"
        );
        assert_eq!(error.oauth(), None, "its error is not believed");
        // The issuer is checked before the state.
        let (error, _) = refused(named(), |_| format!("code=c&state=wrong&iss={other}")).await;
        assert!(error.to_string().contains("names the issuer"), "{error}");
    }
    taken(named(), |state| format!("code=c/1&state={state}&iss=https%3A%2F%2Fauth.example.com")).await;
    // The parameter is optional. Without a known issuer there is nothing to compare.
    taken(named(), |state| format!("code=c/1&state={state}")).await;
    taken(people(), |state| format!("code=c/1&state={state}&iss=https://anybody.example.com")).await;
}

#[tokio::test]
async fn ac09_an_answer_that_has_to_name_its_issuer_is_refused_without() {
    let strict = || named().with_issuer_in_callback();
    let (error, accepted) = refused(strict(), |state| format!("code=c&state={state}")).await;
    assert!(!accepted && error.to_string().contains("does not name its issuer"), "{error}");
    let (error, _) = refused(strict(), |state| format!("error=access_denied&state={state}")).await;
    assert_eq!(error.oauth(), None);
    taken(strict(), |state| format!("code=c/1&state={state}&iss={ISSUER}")).await;
}

#[tokio::test]
async fn ac10_an_answer_at_the_redirect_uri_of_another_issuer_is_refused() {
    for elsewhere in [
        "https://app.example.com/callback/other",
        "https://app.example.com/Callback",
        "https://app.example.com/",
        "https://app.example.com:8443/callback",
        "https://other.example.com/callback",
        "http://app.example.com/callback",
        "com.example.app:/callback",
    ] {
        let answer = |state: &str| format!("{elsewhere}?code=c&state={state}");
        let (error, accepted) = refused(people(), answer).await;
        assert!(!accepted && error.to_string().contains("another redirect URI"), "{error}");
    }
}

#[tokio::test]
async fn ac10_redirect_uris_may_differ_in_their_query_alone() {
    let (sign_in, endpoint) = silent(people());
    let own = "https://app.example.com/callback?provider=one&x=a%20b";
    let authorization = sign_in.authorize(own, None).unwrap();
    let state = parameter(authorization.url(), "state").unwrap();
    let answer = format!("code=c&state={state}");
    for came in
        ["provider=one&x=a%20b&", "provider=one&x=a+b&", "provider=one&x=a+b&more=1&", "&provider=one&x=a+b&"]
    {
        let url = format!("https://app.example.com/callback?{came}{answer}");
        assert!(authorization.accepts(&url), "{url}");
    }
    for came in [
        "",
        "provider=two&x=a%20b&",
        "provider=one&",
        "x=a%20b&provider=one&",
        "a=b&provider=one&x=a%20b&",
        "provider=two&provider=one&x=a%20b&",
    ] {
        let url = format!("https://app.example.com/callback?{came}{answer}");
        assert!(!authorization.accepts(&url), "{url}");
    }
    let behind = format!("https://app.example.com/callback?{answer}&provider=one&x=a%20b");
    assert!(!authorization.accepts(&behind));
    let hidden = format!("https://app.example.com/callback?{answer}#provider=one&x=a%20b");
    assert!(!authorization.accepts(&hidden));
    // A bare query does not show to which URL it came.
    assert!(authorization.accepts(&answer));
    let error = sign_in.finish(authorization, &behind).await.unwrap_err();
    assert!(error.to_string().contains("another redirect URI"), "{error}");
    assert_eq!(endpoint.count(), 0);
}

#[tokio::test]
async fn a_whole_url_will_do_and_so_will_its_query() {
    let query = |state: &str| format!("code=c%2F1&state={state}");
    taken(people(), query).await;
    taken(people(), |state| format!("?{}", query(state))).await;
    taken(people(), |state| format!("  \n{}\r\n ", query(state))).await;
    taken(people(), |state| format!("{REDIRECT}?{}", query(state))).await;
    taken(people(), |state| format!("\t{REDIRECT}?{}#_=_ \n", query(state))).await;
    taken(people(), |state| format!("HTTPS://App.Example.com:443/callback?{}", query(state))).await;
}

#[tokio::test]
async fn a_denial_has_the_text_of_the_server() {
    let answer = |state: &str| {
        format!(
            "{REDIRECT}?error=access_denied&error_description=Not+today&error_uri=https://e.example&state={state}"
        )
    };
    let (error, accepted) = refused(people(), answer).await;
    assert!(accepted, "it is an answer");
    assert_eq!(error.oauth().map(OAuthError::code), Some("access_denied"));
    assert_eq!(error.oauth().and_then(OAuthError::description), Some("Not today"));
    assert_eq!(error.to_string(), "the sign-in was refused, access_denied: Not today");
}

#[tokio::test]
async fn an_answer_with_neither_code_nor_error_is_refused() {
    for rest in ["", "&code=", "&access_token=t&token_type=Bearer"] {
        let (error, _) = refused(people(), |state| format!("state={state}{rest}")).await;
        assert!(error.to_string().contains("neither a code nor an error"), "{error}");
    }
}

/// Puts the real state into an answer that a test wrote before the state was known.
fn with_state(authorization: &Authorization, text: &str) -> String {
    text.replace("STATE", &parameter(authorization.url(), "state").unwrap())
}

const CODE: &str = "c0de-that-nobody-sees";

fn piece() -> impl Strategy<Value = String> {
    let name =
        prop_oneof!["code", "state", "iss", "error", "error_description", "error_uri", "[a-z%&=?#]{0,4}"];
    let value = prop_oneof![
        Just(CODE.to_owned()),
        Just("STATE".to_owned()),
        Just(format!("x{CODE}y")),
        Just(ISSUER.to_owned()),
        ".{0,12}",
        "(%[0-9a-f]{2}|%|\\+|[a-z]){0,6}",
    ];
    (name, value).prop_map(|(name, value)| format!("{name}={value}"))
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let (sign_in, endpoint) = silent(named());
        let authorization = sign_in.authorize(REDIRECT, None).unwrap();
        prop_assert!(!authorization.accepts(&text));
        let finish = std::pin::pin!(sign_in.finish(authorization, &text));
        let mut finish = finish;
        prop_assert!(poll_once(&mut finish).is_ready());
        prop_assert_eq!(endpoint.count(), 0);
    }

    #[test]
    fn no_error_shows_the_code_or_the_state(
        pieces in proptest::collection::vec(piece(), 0..7),
        whole in any::<bool>(),
    ) {
        // A token endpoint that repeats what it received.
        let endpoint = FakeTokenEndpoint::scripted(|_, seen| {
            let told = seen.form("code").unwrap_or_default();
            let body = serde_json::json!({ "error": "invalid_grant", "error_description": told });
            Ok(crate::support::json_response(400, &body.to_string()))
        });
        let sign_in = client(named(), &endpoint);
        let authorization = sign_in.authorize(REDIRECT, None).unwrap();
        let query = format!("state=STATE&code={CODE}&{}", pieces.join("&"));
        let text = if whole { format!("{REDIRECT}?{query}") } else { query };
        let text = with_state(&authorization, &text);
        let state = parameter(authorization.url(), "state").unwrap();
        let finish = std::pin::pin!(sign_in.finish(authorization, &text));
        let mut finish = finish;
        if let std::task::Poll::Ready(Err(error)) = poll_once(&mut finish) {
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains(CODE) && !shown.contains(&state), "{}", shown);
        }
    }
}
