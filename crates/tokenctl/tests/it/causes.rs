//! Failures show their whole cause once, with advice that follows it.

use emulator::{Endpoint, Fault, Provider};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Home, answer, emulator, visit};

/// A provider whose client gets tokens of its own at this URL.
fn machine(token_url: &str) -> Home {
    let mut home = Home::empty();
    home.set("ACME_CLIENT_ID", "me");
    home.set("ACME_CLIENT_SECRET", "test-secret");
    home.set("ACME_TOKEN_URL", token_url);
    home.configure("[providers.acme]\ngrant = \"client-credentials\"\n");
    home
}

#[tokio::test]
async fn a_connection_that_fails_is_told_with_url_reason_and_advice() {
    for (url, reason, advice) in [
        (
            "http://127.0.0.1:1/token?key=s3cr3t",
            "Connection refused (os error",
            "check the host and the port",
        ),
        ("https://nowhere.invalid/token?key=s3cr3t", "dns error", "check the host name in the URL"),
    ] {
        let home = machine(url);
        let ran = home.run(&["token", "acme"]).await.ended_with(6);
        let shown = url.split('?').next().unwrap();
        assert_eq!(ran.err.matches(shown).count(), 1, "{}", ran.err);
        assert_eq!(ran.err.matches(reason).count(), 1, "{}", ran.err);
        ran.told(&[advice, "`tokenctl doctor acme` looks for the cause"]);
        let ran = home.run(&["doctor", "acme"]).await.ended_with(6).showed(&[shown, reason, advice]);
        let bad = ran.out.lines().find(|line| line.starts_with("bad")).unwrap();
        assert_eq!(bad.matches(reason).count(), 1, "{bad}");
        assert!(!ran.out.contains("tokenctl doctor"), "{}", ran.out);
        home.kept_quiet_about(&["s3cr3t"]);
    }
}

#[tokio::test]
async fn the_advice_follows_the_oauth_error_code() {
    let (emulator, _) = emulator().await;
    let site = emulator.site(Provider::GbgGo);
    for (status, code, exit, advice) in [
        (401, "invalid_client", 4, "check the client's id (ACME_CLIENT_ID) and secret (ACME_CLIENT_SECRET)"),
        (
            401,
            "INVALID_CLIENT",
            4,
            "or set how the client authenticates: client_auth (basic, body or public) in",
        ),
        (400, "unauthorized_client", 4, "acme does not allow client me to use this grant"),
        (400, "invalid_scope", 4, "check the scope \"read write\" (ACME_SCOPE)"),
        (400, "invalid_grant", 1, "the server does not accept what was traded for a token"),
        (400, "invalid_request", 1, "check token_url, client_auth, encoding in [providers.acme] of"),
        (400, "unsupported_grant_type", 4, "check token_url and grant in [providers.acme] of"),
        (503, "invalid_client", 6, "the server is in trouble; try again later"),
    ] {
        let mut home = machine(&site.token_url());
        home.set("ACME_SCOPE", "read write");
        site.inject(Endpoint::Token, answer(status, &format!(r#"{{"error":"{code}"}}"#)));
        let ran = home.run(&["token", "acme"]).await.ended_with(exit).told(&[code, advice]);
        let is_of_the_client = code.eq_ignore_ascii_case("invalid_client");
        // `doctor` sends no secret, and would find nothing.
        assert!(!is_of_the_client || status != 401 || !ran.err.contains("doctor"), "{}", ran.err);
        assert_eq!(ran.err.contains("client's id"), is_of_the_client && status == 401, "{}", ran.err);
    }
}

#[tokio::test]
async fn a_scope_that_is_refused_at_a_sign_in_is_named() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let mut login = home.start(&["login", "goto", "--no-browser", "--scope", "collab:"]);
    let page = login.page().await;
    let last = site.approve(&page).unwrap();
    let state = last.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let refused = last.split('?').next().unwrap().to_owned() + "?error=invalid_scope&state=" + state;
    visit(&refused).await;
    login.end().await.ended_with(7).told(&["invalid_scope", "check the scope \"collab:\" (--scope)"]);
}

#[tokio::test]
async fn issuers_that_do_not_match_are_both_named() {
    let origin = issuer("https://evil.example.com").await;
    let home = Home::empty();
    home.configure(&format!(
        "[providers.acme]\nissuer = \"{origin}\"\nclient_id = \"me\"\nclient_auth = \"public\"\n"
    ));
    let ran = home.run(&["token", "acme"]).await.ended_with(4);
    ran.told(&["\"https://evil.example.com\", but", &format!("\"{origin}\" was asked for")])
        .told(&["check the issuer (issuer in [providers.acme] of"]);
}

#[tokio::test]
async fn an_issuer_that_answers_with_another_name_is_told_by_both() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let mut login = home.start(&["login", "goto", "--no-browser"]);
    let page = login.page().await;
    let last = format!("{}&iss=https://evil.example.com", site.approve(&page).unwrap());
    login.paste(&last).await;
    // Anybody can send a browser here, so this does not end the sign-in.
    let line = login.line(|line| line.contains("not the answer to this sign-in")).await;
    let names =
        "names the issuer \"https://evil.example.com\", but the sign-in was at \"https://identity.goto.com\"";
    assert!(line.contains(names), "{line}");
    home.kept_quiet_about(&[site.credentials().secret()]);
}

#[tokio::test]
async fn a_long_text_of_a_server_is_cut_off_visibly() {
    let (emulator, _) = emulator().await;
    let site = emulator.site(Provider::GbgGo);
    let long = format!(r#"{{"error":"invalid_scope","error_description":"{}"}}"#, "x".repeat(300));
    site.inject(Endpoint::Token, answer(400, &long));
    machine(&site.token_url()).run(&["token", "acme"]).await.told(&[&format!("{}…", "x".repeat(199))]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_systems_reason_is_kept() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.set("AUTH_LAYER_STORE_KEY_FILE", "/nowhere/key");
    home.run(&["status"]).await.ended_with(4).told(&["/nowhere/key", "No such file or directory"]);
    home.unset("AUTH_LAYER_STORE_KEY_FILE");
    home.set("AUTH_LAYER_STORE", "/proc/tokens-of-a-test");
    let ran = home.run(&["login", "goto"]).await.ended_with(5);
    ran.told(&["/proc/tokens-of-a-test: cannot be created", "No such file or directory"]);
    assert_eq!(site.counters().sign_in_requests, 0);
}

/// Only commands that read the same file are of use where `--config` was given.
#[tokio::test]
async fn commands_to_run_carry_the_configuration_file() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let file = home.write("my tokens.toml", "[providers.goto]\naccount = \"front desk\"\n");
    let file = file.to_str().unwrap();
    let login = format!("tokenctl --config '{file}' login goto --account 'front desk'");
    home.run(&["token", "goto", "--config", file]).await.ended_with(3).told(&[&login]);
    home.run(&["status", "--config", file]).await.ended_with(3).told(&[&login]);
    home.run(&["doctor", "--config", file]).await.ended_with(0).showed(&[&login]);
    site.inject(Endpoint::Token, Fault::status(503));
    let mut home = machine(&site.token_url());
    home.set("ACME_TOKEN_URL", site.token_url());
    let other = home.write("other.toml", "[providers.acme]\ngrant = \"client-credentials\"\n");
    let ran = home.run(&["token", "acme", "--config", other.to_str().unwrap()]).await.ended_with(6);
    ran.told(&[&format!("`tokenctl --config {} doctor acme`", other.display())]);
}

/// An issuer whose document has this name.
async fn issuer(name: &str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let body = format!(r#"{{"issuer":"{name}","token_endpoint":"{name}/t"}}"#);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let _ = stream.read(&mut request).await.unwrap();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    origin
}
