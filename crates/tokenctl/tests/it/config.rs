//! The configuration: the file, the environment, and mistakes in them.

use auth_layer::store::{Entry, Label, StoreKey};
use auth_layer::{FileStore, RefreshToken, TokenStore};
use emulator::Provider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Home, emulator, visit};

#[tokio::test]
async fn the_file_can_hold_every_setting() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    let secret = home.take("GOTO_CLIENT_SECRET");
    home.write(".config/tokenctl/goto.secret", &format!("{secret}\n"));
    home.write(".config/tokenctl/store.key", &"5a".repeat(32));
    let text = format!(
        "[store]\nfolder = \"tokens\"\nkey_file = \"store.key\"\n\n[providers.goto]\nclient_id = \"{}\"\n\
         client_secret_file = \"goto.secret\"\ntoken_url = \"{}\"\nauthorize_url = \"{}\"\nrevocation_url = \"{}\"\n\
         account = \"reception\"\nscope = \"collab:\"\n",
        home.take("GOTO_CLIENT_ID"),
        home.take("GOTO_TOKEN_URL"),
        home.take("GOTO_AUTHORIZE_URL"),
        home.take("GOTO_REVOCATION_URL"),
    );
    home.configure(&text);
    home.sign_in(&site).await.ended_with(0).told(&["account reception", "collab:"]);
    let token = home.run(&["token", "goto"]).await.ended_with(0).out;
    let folder = home.folder.path().join(".config/tokenctl/tokens");
    let record = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let record = record.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    for record in record {
        let text = std::fs::read_to_string(record).unwrap();
        assert!(text.contains("sealed") && !text.contains(&site.refresh_token().unwrap()), "{text}");
    }
    home.kept_quiet_about(&[&secret, token.trim_end(), &"5a".repeat(32)]);
    home.run(&["status"]).await.ended_with(0).showed(&["reception", "signed in"]);
    home.run(&["doctor"]).await.ended_with(0);
    home.run(&["logout", "goto"]).await.ended_with(0);
}

#[tokio::test]
async fn the_environment_takes_precedence() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.configure("[providers.goto]\nclient_id = \"another\"\ntoken_url = \"http://127.0.0.1:1/token\"\n");
    home.sign_in(&site).await.ended_with(0);
    home.run(&["token", "goto"]).await.ended_with(0);
}

#[tokio::test]
async fn a_key_may_be_in_a_variable_of_any_name() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.configure("[store]\nkey = \"env:MY_STORE_KEY\"\n");
    home.run(&["token", "goto"]).await.ended_with(4).told(&["MY_STORE_KEY: is not set"]);
    home.set("MY_STORE_KEY", "7b".repeat(32));
    home.sign_in(&site).await.ended_with(0);
    home.run(&["token", "goto"]).await.ended_with(0);
    // Without the key the record is there and cannot be opened.
    home.configure("");
    home.run(&["token", "goto"]).await.ended_with(5).told(&["sealed"]);
}

#[tokio::test]
async fn another_provider_is_a_section_of_the_file() {
    let (emulator, _) = emulator().await;
    let site = emulator.site(Provider::GoTo);
    let mut home = Home::empty();
    home.set("ACME_CLIENT_SECRET", site.credentials().secret());
    let text = format!(
        "[providers.acme]\nclient_id = \"{}\"\ntoken_url = \"{}\"\nauthorize_url = \"{}\"\n",
        site.credentials().id(),
        site.token_url(),
        site.authorize_url().unwrap(),
    );
    home.configure(&text);
    // Its secret holds what form encoding changes, and this server takes it raw only.
    let mut login = home.start(&["login", "acme", "--no-browser"]);
    let page = login.page().await;
    assert!(page.contains("callback%2Facme"), "each provider has a path of its own: {page}");
    visit(&site.approve(&page).unwrap()).await;
    login.end().await.ended_with(4).told(&["invalid_client"]);
    assert!(home.records().is_empty());
}

#[tokio::test]
async fn a_client_of_another_provider_needs_no_sign_in() {
    let (emulator, _) = emulator().await;
    let site = emulator.site(Provider::GbgGo);
    let mut home = Home::empty();
    home.set("ACME_CLIENT_SECRET", site.credentials().secret());
    let (id, url) = (site.credentials().id().to_owned(), site.token_url());
    home.configure(&format!(
        "[providers.acme]\nclient_id = \"{id}\"\ntoken_url = \"{url}\"\nclient_auth = \"body\"\nscope = \"gbg.token\"\n"
    ));
    home.run(&["token", "acme"]).await.ended_with(0);
}

#[tokio::test]
async fn a_mistake_is_shown_with_its_place() {
    let home = Home::empty();
    let cases = [
        ("[providers.goto]\nclient_name = \"x\"\n", "config.toml:2:1: unknown member `client_name`"),
        ("[providers.goto]\nclient_secret = \"s3cr3t\"\n", "client_secret_file"),
        ("[store]\nkey = \"s3cr3t\"\n", "config.toml:2:7: a key does not belong in this file"),
        ("[store\nfolder = \"s3cr3t\"\n", "config.toml:1:7"),
        ("[providers.Goto]\nclient_id = \"s3cr3t\"\n", "is not a valid provider name"),
        (
            "[providers.goto]\nclient_auth = \"s3cr3t\"\n",
            "config.toml:2:15: `client_auth` must be `basic`, `basic-raw`, `body`, `public`, or a table",
        ),
        ("[providers.goto]\nreplay = [\"s3cr3t\"]\n", "config.toml:2:10: `replay` must be"),
        ("[providers]\ngoto = \"s3cr3t\"\n", "config.toml:2:8: has the wrong type"),
        (
            "[providers.goto]\nclient_secret_env = \"s3cr3t=\"\n",
            "is not a valid name of an environment variable",
        ),
        (
            "[providers.acme]\nclient_id = \"x\"\nclient_auth = \"public\"\n",
            "neither issuer nor token_url is set",
        ),
        (
            "[providers.acme]\nclient_id = \"x\"\nclient_auth = \"public\"\ntoken_url = \"http://acme.example/token\"\n",
            "config.toml:4:13: token_url: token URL http://acme.example/token: must be https",
        ),
    ];
    for (text, expected) in cases {
        home.configure(text);
        let provider = if text.contains("acme") {
            "acme"
        } else if text.contains("Goto") {
            "Goto"
        } else {
            "goto"
        };
        let ran = home.run(&["token", provider]).await.ended_with(4).told(&[expected]);
        assert!(!ran.err.contains("s3cr3t"), "{}", ran.err);
    }
}

#[tokio::test]
async fn the_file_of_the_config_flag_must_exist() {
    let home = Home::empty();
    let ran = home.run(&["status", "--config", "/nowhere/tokenctl.toml"]).await.ended_with(4);
    ran.told(&["/nowhere/tokenctl.toml cannot be read: No such file"]);
}

#[tokio::test]
async fn a_variable_that_is_empty_is_a_mistake() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    for blank in ["", " ", "\u{3000}\n", "\u{feff}"] {
        home.set("GOTO_CLIENT_SECRET", blank);
        let told = "environment variable GOTO_CLIENT_SECRET: is empty";
        home.run(&["token", "goto"]).await.ended_with(4).told(&[told]);
    }
}

#[tokio::test]
async fn a_blank_sealing_key_is_an_error() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    for name in ["AUTH_LAYER_STORE_KEY", "AUTH_LAYER_STORE_KEY_FILE"] {
        for blank in ["", " ", "\t\n"] {
            home.set(name, blank);
            for command in ["token", "status", "logout", "doctor", "login"] {
                let wanted = if command == "status" { &["status"][..] } else { &[command, "goto"] };
                let ran = home.run(wanted).await.ended_with(4);
                let told = format!("{}{}", ran.out, ran.err);
                assert!(told.contains(&format!("environment variable {name}: is empty")), "{told}");
            }
        }
        home.unset(name);
    }
    let file = home.write("blank.key", "\n");
    home.set("AUTH_LAYER_STORE_KEY_FILE", file.to_str().unwrap());
    home.run(&["token", "goto"]).await.ended_with(4).told(&["AUTH_LAYER_STORE_KEY_FILE"]);
    assert!(home.records().is_empty());
}

#[tokio::test]
async fn a_url_with_a_password_or_an_impossible_port_is_a_mistake() {
    let (_emulator, site) = emulator().await;
    for name in ["GOTO_TOKEN_URL", "GOTO_AUTHORIZE_URL", "GOTO_DEVICE_URL", "GOTO_REVOCATION_URL"] {
        for (url, problem) in [
            ("https://user:s3cr3t@auth.example.com/x", "names a user"),
            ("https://auth.example.com:99999/x?key=s3cr3t", "has a port"),
            ("https://auth.example.com/x#s3cr3t", "has a fragment"),
            ("https://", "has no host"),
        ] {
            let mut home = Home::of(&site);
            home.set(name, url);
            home.run(&["token", "goto"]).await.ended_with(4).told(&[problem]);
            home.kept_quiet_about(&["s3cr3t"]);
        }
    }
    for setting in ["issuer", "token_url"] {
        let home = Home::empty();
        home.configure(&format!(
            "[providers.acme]\nclient_id = \"id\"\nclient_auth = \"public\"\n{setting} = \"https://user:s3cr3t@h.example/x\"\n"
        ));
        home.run(&["token", "acme"]).await.told(&["names a user"]);
        home.kept_quiet_about(&["s3cr3t"]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_tilde_stands_for_the_home_folder() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    let secret = home.take("GOTO_CLIENT_SECRET");
    home.write("secrets/goto", &secret);
    home.write("secrets/key", &"5a".repeat(32));
    home.configure(
        "[store]\nfolder = \"~/tokens\"\nkey_file = \"~/secrets/key\"\n\n[providers.goto]\nclient_secret_file = \
         \"~/secrets/goto\"\n",
    );
    home.sign_in(&site).await.ended_with(0);
    assert!(home.folder.path().join("tokens").is_dir());
    home.set("AUTH_LAYER_STORE", "~/others");
    home.set("AUTH_LAYER_STORE_KEY_FILE", "~/secrets/key");
    home.sign_in(&site).await.ended_with(0);
    assert!(home.folder.path().join("others").is_dir());
    home.set("AUTH_LAYER_STORE", "~you/tokens");
    let problem = "environment variable AUTH_LAYER_STORE: ~you/tokens begins with ~ and a user's name";
    home.run(&["status"]).await.ended_with(4).told(&[problem, "write the whole path"]);
    home.unset("AUTH_LAYER_STORE");
    home.configure("[store]\nfolder = \"~you/tokens\"\n");
    home.run(&["status"]).await.ended_with(4).told(&["config.toml: folder: ~you/tokens begins with ~"]);
}

#[tokio::test]
async fn a_line_end_after_a_secret_of_the_environment_is_left_out() {
    let emulator = emulator::Emulator::builder().start().await.unwrap();
    let mut home = Home::of(emulator.site(Provider::GbgGo));
    let secret = home.take("GBG_GO_CLIENT_SECRET");
    home.set("GBG_GO_CLIENT_SECRET", format!("{secret}\r\n"));
    home.run(&["token", "gbg-go"]).await.ended_with(0);
    home.set("GBG_GO_CLIENT_SECRET", format!("{secret} "));
    home.run(&["token", "gbg-go"]).await.ended_with(4);
}

#[tokio::test]
async fn a_provider_without_any_url_is_a_mistake() {
    let mut home = Home::empty();
    home.configure("[providers.acme]\nclient_id = \"me\"\nclient_auth = \"public\"\n");
    let problem = "[providers.acme]: neither issuer nor token_url is set";
    home.run(&["status"]).await.ended_with(4).showed(&["unknown: "]).told(&[problem]);
    home.run(&["doctor"]).await.ended_with(4).showed(&["neither issuer nor token_url is set", "ACME_ISSUER"]);
    // A record with its label does not hide the mistake.
    let mut entry = Entry::new(RefreshToken::new("r3fresh"));
    entry.label = Some(Label::new("acme", "me", "default"));
    let store = FileStore::new(home.store());
    store.compare_exchange(&StoreKey::of(["acme"]), None, entry).await.unwrap().unwrap();
    home.run(&["status"]).await.ended_with(4).showed(&["signed in: "]).told(&[problem]);
    home.run(&["token", "acme"]).await.ended_with(4).told(&[problem, "set one of them there"]);
    home.set("ACME_TOKEN_URL", "http://127.0.0.1:1/token");
    home.run(&["status"]).await.ended_with(0).showed(&["needs no sign-in"]);
}

#[tokio::test]
async fn parameters_of_the_authorize_url_are_sent_along() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.set("GOTO_AUTHORIZE_URL", format!("{}?prompt=consent", site.authorize_url().unwrap()));
    let mut login = home.start(&["login", "goto", "--no-browser"]);
    let page = login.page().await;
    assert!(page.contains("?prompt=consent&") && page.contains("&state="), "{page}");
}

#[tokio::test]
async fn requests_name_this_program() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let issuer = origin.clone();
    let serving = tokio::spawn(async move {
        let mut asked = Vec::new();
        // The metadata, the token, and whether the token endpoint can be reached: metadata again, and a request.
        while asked.len() < 4 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let length = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8(request[..length].to_vec()).unwrap();
            let body = format!(
                r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}/t","access_token":"a","token_type":"Bearer"}}"#
            );
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            asked.push(request);
        }
        asked
    });
    let mut home = Home::empty();
    home.set("ACME_CLIENT_SECRET", "test-secret");
    home.configure(&format!(
        "[providers.acme]\nclient_id = \"id\"\ngrant = \"client-credentials\"\nissuer = \"{origin}\"\n"
    ));
    home.run(&["token", "acme"]).await.ended_with(0);
    home.run(&["doctor", "acme"]).await;
    let name = format!("user-agent: tokenctl/{}\r\n", env!("CARGO_PKG_VERSION"));
    for request in serving.await.unwrap() {
        assert_eq!(request.matches("user-agent:").count(), 1, "{request}");
        assert!(request.contains(&name), "{request}");
    }
}

#[tokio::test]
async fn an_account_with_a_control_character_is_an_error() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    for account in ["a\u{1b}]0;title\u{7}", "two\nlines"] {
        let ran = home.run(&["token", "goto", "--account", account]).await.ended_with(4);
        assert!(ran.err.contains("control character") && !ran.err.contains(account), "{:?}", ran.err);
        home.set("GOTO_ACCOUNT", account);
        home.run(&["login", "goto"]).await.ended_with(4).told(&["control character", "GOTO_ACCOUNT"]);
        home.unset("GOTO_ACCOUNT");
    }
}
