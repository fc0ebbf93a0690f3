//! A client with a pool of identities, and the variables of a client's identity.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use auth_layer::{
    AccessToken, ConfigError, ErrorKind, Identity, OperationMeta, Profile, StaticToken, TokenManager,
    TokenPool,
};
use client_core::{
    Api, Body, Builder, Client, Method, OperationInfo, Provider, Request, Response, Variables,
};

pub(crate) struct Example(pub(crate) Client);

impl Provider for Example {
    type Credentials = client_core::Login;
    type Api = ();
    const APIS: &'static [Api<()>] = &[Api::new((), "https://api.example.com", "EXAMPLE_BASE_URL")];
    const TOKEN_URL_VARIABLE: &'static str = "EXAMPLE_TOKEN_URL";

    fn profile() -> Profile {
        crate::support::profile()
    }

    fn credentials(variables: &Variables<'_>) -> Result<client_core::Login, ConfigError> {
        variables.require("EXAMPLE_ID").map(|_| unreachable!("no test sets it"))
    }

    fn from_parts(_: Vec<String>, client: Client) -> Self {
        Self(client)
    }
}

static META: OperationMeta = OperationMeta::new("getMe", Method::GET, "/me");

#[test]
fn a_variable_without_a_visible_character_is_named_in_the_error() {
    for (value, problem) in [
        ("", "is empty"),
        (" \n", "has no visible character; set it to the real value"),
        ("\u{3000}\u{feff}", "has no visible character; set it to the real value"),
    ] {
        let lookup = |_: &str| Some(value.to_owned());
        let error = Variables::new(&lookup).require("EXAMPLE_SECRET").unwrap_err();
        assert_eq!(error.to_string(), format!("environment variable EXAMPLE_SECRET: {problem}"));
    }
}

#[tokio::test]
async fn a_client_of_a_pool_sends_the_token_of_its_identity() {
    let bearers: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = bearers.clone();
    let leaf = tower::service_fn(move |request: Request| {
        let bearer = request.headers()["authorization"].to_str().expect("visible ASCII").to_owned();
        seen.lock().expect("no test panics").push(bearer);
        async { Ok::<_, Infallible>(Response::new(Body::empty())) }
    });
    let pool = TokenPool::new(|identity: &Identity| {
        let token = AccessToken::new(identity.tenant()).expect("a good token");
        Ok(TokenManager::new(StaticToken::new(token)))
    });
    let Example(client) = Builder::<Example>::new().pool(pool).leaf(leaf).build().expect("it is complete");
    assert!(client.token_manager().is_none());

    let call = async |client: Client| {
        let request =
            http::Request::get("https://api.example.com/me").body(Body::empty()).expect("a request");
        client.exec(request, &OperationInfo { operation_id: "get_me", meta: &META }).await
    };
    let (seven, eight) =
        (client.with_identity(Identity::new("tenant-7")), client.with_identity(Identity::new("tenant-8")));
    for client in [&seven, &eight, &seven] {
        call(client.clone()).await.expect("a response");
    }
    assert_eq!(
        *bearers.lock().expect("no test panics"),
        ["Bearer tenant-7", "Bearer tenant-8", "Bearer tenant-7"]
    );

    let refused = call(client).await.expect_err("whose token?");
    assert_eq!(
        auth_layer::Error::find(refused.as_ref()).map(auth_layer::Error::kind),
        Some(ErrorKind::Credential)
    );
}
