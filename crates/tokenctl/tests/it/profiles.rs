//! Providers that are described by a file: from the file to a token.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::Home;

/// A token endpoint that gives fixed answers, one after another, the last one again and again.
struct Server {
    url: String,
    /// The requests: head and body.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn answering(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let (all, answers) = (seen.clone(), answers.iter().map(|(code, body)| (*code, (*body).to_owned())));
        let answers: Vec<_> = answers.collect();
        tokio::spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                all.lock().unwrap().push(request);
                let (code, body) = &answers[number.min(answers.len() - 1)];
                let head = format!(
                    "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Reads one request: its head, and as much of the body as its length says.
async fn read(stream: &mut tokio::net::TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.unwrap();
        request.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(length > 0, "the request broke off");
            continue;
        };
        let wanted = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
        });
        if body.len() >= wanted.unwrap_or_default() {
            return text;
        }
    }
}

/// A provider with an input, names of its own, commas between scopes, and a callback that names the company.
fn acme(url: &str) -> String {
    format!(
        r#"
        name = "acme"
        token_url = "{url}/{{tenant}}/token"
        authorize_url = "{url}/{{tenant}}/authorize"
        client_auth = "body"
        headers = {{ X-Version = "3" }}
        scope_separator = "comma"
        authorize_parameters = {{ access_type = "offline" }}
        pkce = false
        api_header = {{ name = "X-Acme-Token", prefix = "t=" }}
        keep = ["/data/site"]
        keep_callback = ["company"]
        default_token_type = "Bearer"
        answer.access_token = "/data/token"
        answer.refresh_token_expires_in = "renewal_ttl"

        [inputs.tenant]
        pattern = "[a-z]+"
        variable = "ACME_TENANT"
        example = "seven"
        meaning = "the tenant's name at acme"
        "#
    )
}

fn with_secret(home: &mut Home) {
    home.set("ACME_CLIENT_ID", "me");
    home.set("ACME_CLIENT_SECRET", "test-secret");
}

const ANSWER: &str = r#"{"data": {"token": "token-of-acme", "site": "north"}, "expires_in": 3600,
    "refresh_token": "refresh-of-acme", "renewal_ttl": 864000, "scope": "a,b"}"#;
const RENEWED: &str =
    r#"{"data": {"token": "second-token-of-acme"}, "expires_in": 3600, "refresh_token": "second-refresh"}"#;

#[tokio::test]
async fn a_provider_from_a_file_signs_in_and_gives_tokens() {
    let server = Server::answering(&[(200, ANSWER), (200, RENEWED)]).await;
    let mut home = Home::empty();
    with_secret(&mut home);
    home.configure("[providers.acme]\nprofile = \"./acme.toml\"\ninputs = { tenant = \"seven\" }\n");
    home.write(".config/tokenctl/acme.toml", &acme(&server.url));

    let mut login = home.start(&["login", "acme", "--no-browser", "--scope", "a b"]);
    let page = login.page().await;
    assert!(page.starts_with(&format!("{}/seven/authorize?", server.url)), "{page}");
    assert!(page.contains("scope=a%2Cb") && page.contains("access_type=offline"), "{page}");
    assert!(!page.contains("code_challenge"), "{page}");
    let parameter = |name: &str| {
        let rest = page.split(&format!("{name}=")).nth(1).unwrap();
        rest.split('&').next().unwrap().to_owned()
    };
    let back = parameter("redirect_uri").replace("%3A", ":").replace("%2F", "/");
    login.paste(&format!("{back}?code=the-code&state={}&company=123", parameter("state"))).await;
    login.end().await.ended_with(0).told(&["company        123", "/data/site     north", "a b"]);
    let request = server.seen().remove(0);
    assert!(request.starts_with("POST /seven/token HTTP/1.1"), "{request}");
    assert!(request.to_lowercase().contains("x-version: 3") && request.contains("client_secret=test-secret"));
    assert!(!request.contains("code_verifier"), "{request}");

    let ran = home.run(&["token", "acme"]).await.ended_with(0);
    assert_eq!(ran.out, "token-of-acme\n");
    let ran = home.run(&["header", "acme"]).await.ended_with(0);
    assert_eq!(ran.out, "x-acme-token: t=token-of-acme\n");
    // The renewed answer leaves the kept member out.
    let ran = home.run(&["token", "acme", "--renew"]).await.ended_with(0);
    assert_eq!(ran.out, "second-token-of-acme\n");
    let ran = home.run(&["status", "--json"]).await.ended_with(0);
    let status: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let row = &status["sign_ins"][0];
    assert_eq!(row["kept"], serde_json::json!({ "company": "123", "/data/site": "north" }));
    assert_eq!(row["provider"], "acme");
    home.kept_quiet_about(&["the-code", "refresh-of-acme", "second-refresh", "test-secret"]);
}

#[tokio::test]
async fn an_input_without_a_value_is_an_error_that_names_both_places() {
    let mut home = Home::empty();
    with_secret(&mut home);
    home.configure("[providers.acme]\nprofile = \"./acme.toml\"\n");
    home.write(".config/tokenctl/acme.toml", &acme("http://127.0.0.1:1"));
    home.run(&["login", "acme"]).await.ended_with(4).told(&[
        "ACME_TENANT: is not set; set it to the tenant's name at acme",
        "or tenant in [providers.acme.inputs]",
    ]);
    home.set("ACME_TENANT", "Not Valid");
    let ran = home.run(&["login", "acme"]).await.ended_with(4).told(&["ACME_TENANT: may have only letters"]);
    assert!(!ran.err.contains("Not Valid"), "{}", ran.err);
    home.set("ACME_TENANT", "seven");
    home.configure("[providers.acme]\nprofile = \"./acme.toml\"\ninputs = { tennant = \"x\" }\n");
    home.run(&["login", "acme"]).await.ended_with(4).told(&["tennant is not an input", "its inputs: tenant"]);
}

#[tokio::test]
async fn a_profile_that_cannot_be_used_is_named_with_its_place() {
    let home = Home::empty();
    home.configure("[providers.acme]\nprofile = \"./acme.toml\"\nclient_id = \"me\"\n");
    home.run(&["token", "acme"]).await.ended_with(4).told(&["acme.toml cannot be read"]);
    for (text, expected) in [
        (
            "name = \"acme\"\ntokn_url = \"https://a.example\"\n",
            "unknown key `tokn_url`; did you mean `token_url`?",
        ),
        ("name = \"acme\n", "acme.toml: 1:13: "),
        (
            "name = \"acme\"\ntoken_url = \"http://a.example\"\n",
            "token_url: token URL http://a.example: must be https",
        ),
    ] {
        home.write(".config/tokenctl/acme.toml", text);
        home.run(&["token", "acme"]).await.ended_with(4).told(&["acme.toml", expected]);
    }
    home.configure("[providers.acme]\nprofile = \"hubspott\"\nclient_id = \"me\"\n");
    home.run(&["token", "acme"])
        .await
        .ended_with(4)
        .told(&["there is no known profile of this name", "hubspot"]);
    home.configure("[providers.goto]\nvariant = \"unknown\"\nclient_id = \"me\"\n");
    home.run(&["token", "goto"]).await.ended_with(4).told(&["variant unknown: is not a variant of goto"]);
}

#[tokio::test]
async fn a_client_that_is_public_by_its_profile_or_variant_needs_no_secret() {
    let answer = r#"{"access_token": "a", "token_type": "bearer", "expires_in": 3600, "refresh_token": "r"}"#;
    let server = Server::answering(&[(200, answer)]).await;
    let mut home = Home::empty();
    home.set("ACME_CLIENT_ID", "me");
    let url = &server.url;
    let file = format!("name = \"acme\"\ntoken_url = \"{url}/token\"\nauthorize_url = \"{url}/authorize\"\n");
    let public = "client_auth = \"public\"\n";
    for (section, text) in
        [("", format!("{file}{public}")), ("variant = \"app\"\n", format!("{file}[variant.app]\n{public}"))]
    {
        home.configure(&format!("[providers.acme]\nprofile = \"./acme.toml\"\n{section}"));
        home.write(".config/tokenctl/acme.toml", &text);
        let mut login = home.start(&["login", "acme", "--no-browser"]);
        let page = login.page().await;
        let parameter =
            |name: &str| page.split(&format!("{name}=")).nth(1).unwrap().split('&').next().unwrap();
        let back = parameter("redirect_uri").replace("%3A", ":").replace("%2F", "/");
        login.paste(&format!("{back}?code=the-code&state={}", parameter("state"))).await;
        login.end().await.ended_with(0);
        let request = server.seen().pop().unwrap();
        assert!(request.contains("client_id=me") && !request.contains("secret"), "{request}");
    }
    // Without the variant, the client has a secret, which is not known.
    home.configure("[providers.acme]\nprofile = \"./acme.toml\"\n");
    home.run(&["login", "acme"]).await.ended_with(4).told(&["the client's secret is not known"]);
}

#[tokio::test]
async fn a_section_changes_keys_of_a_known_profile() {
    let answer = r#"{"access_token": "token-of-zoom", "token_type": "bearer", "expires_in": 3599}"#;
    let server = Server::answering(&[(200, answer)]).await;
    let mut home = Home::empty();
    home.set("ZOOM_CLIENT_ID", "me");
    home.set("ZOOM_CLIENT_SECRET", "test-secret");
    home.set("ZOOM_ACCOUNT_ID", "account-7");
    home.configure(&format!("[providers.zoom]\ntoken_url = \"{}/token\"\n", server.url));
    let ran = home.run(&["token", "zoom"]).await.ended_with(0);
    assert_eq!(ran.out, "token-of-zoom\n");
    let request = server.seen().remove(0);
    assert!(request.contains("grant_type=account_credentials&account_id=account-7"), "{request}");
    // A section with another name is another client of the same provider.
    home.set("SECOND_CLIENT_ID", "me");
    home.set("SECOND_CLIENT_SECRET", "test-secret");
    home.configure(&format!(
        "[providers.second]\nprofile = \"zoom\"\ntoken_url = \"{}/token\"\nencoding = \"json\"\n",
        server.url
    ));
    home.run(&["token", "second"]).await.ended_with(0);
    assert!(server.seen().remove(1).contains(r#""grant_type":"account_credentials""#));
}

#[tokio::test]
async fn a_sign_in_without_a_refresh_token_is_kept_if_the_profile_says_so() {
    let answer = r#"{"access_token": "lasting-token", "token_type": "bearer", "scope": "repo,gist"}"#;
    let server = Server::answering(&[(200, answer)]).await;
    let mut home = Home::empty();
    home.set("GITHUB_CLIENT_ID", "me");
    home.set("GITHUB_CLIENT_SECRET", "test-secret");
    let section = |variant: &str| {
        format!(
            "[providers.github]\n{variant}token_url = \"{0}/token\"\nauthorize_url = \"{0}/authorize\"\n",
            server.url
        )
    };
    let sign_in = async |home: &Home| {
        let mut login = home.start(&["login", "github", "--no-browser"]);
        let page = login.page().await;
        let parameter = |name: &str| {
            let rest = page.split(&format!("{name}=")).nth(1).unwrap();
            rest.split('&').next().unwrap().to_owned()
        };
        let back = parameter("redirect_uri").replace("%3A", ":").replace("%2F", "/");
        login.paste(&format!("{back}?code=c&state={}", parameter("state"))).await;
        login.end().await
    };
    home.configure(&section(""));
    sign_in(&home).await.ended_with(7).told(&["the provider issued no refresh token"]);
    home.configure(&section("variant = \"oauth-app\"\n"));
    sign_in(&home).await.ended_with(0).told(&["none was issued: a person signs in again"]);
    let ran = home.run(&["token", "github"]).await.ended_with(0);
    assert_eq!(ran.out, "lasting-token\n");
    home.run(&["status"]).await.ended_with(0).showed(&["signed in"]);
    // There is nothing to renew it with.
    home.run(&["token", "github", "--renew"]).await.ended_with(3).told(&["issued no refresh token"]);
}

#[tokio::test]
async fn the_known_providers_are_listed_with_their_inputs() {
    let ran = Home::empty().run(&["providers"]).await.ended_with(0);
    let ran = ran.showed(&[
        "github       a person signs in",
        "variant oauth-app",
        "zoom         the client has tokens",
    ]);
    ran.showed(&[
        "needs account, or ZOOM_ACCOUNT_ID",
        "needs tenant, or ENTRA_TENANT",
        "(default: organizations)",
    ]);
}
