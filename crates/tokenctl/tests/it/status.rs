//! `status`: the table and the JSON.

use auth_layer::store::{Entry, Label, State, StoreKey};
use auth_layer::{FileStore, RefreshToken, TokenStore};

use crate::support::{Home, emulator, visit};

#[tokio::test]
async fn the_table_shows_who_is_signed_in_and_until_when() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.run(&["status"]).await.ended_with(3).showed(&["not signed in"]).told(&["tokenctl login goto"]);
    home.sign_in(&site).await.ended_with(0);
    let ran = home.run(&["status"]).await.ended_with(0);
    assert_eq!(ran.err, "");
    assert!(ran.out.is_ascii() && !ran.out.contains('\x1b'), "no colour where there is no terminal");
    let ran = ran.showed(&[
        "PROVIDER  ACCOUNT",
        "organizer@example.com",
        "in 59 min",
        "due in 29 d 23 h",
        "signed in\n",
    ]);
    assert_eq!(ran.out.lines().count(), 2);
    let access = home.run(&["token", "goto"]).await.out;
    home.kept_quiet_about(&[&site.refresh_token().unwrap(), access.trim_end()]);
}

#[tokio::test]
async fn another_account_in_the_store_is_shown_too() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    let mut login = home.start(&["login", "goto", "--no-browser", "--account", "reception"]);
    let page = login.page().await;
    visit(&site.approve(&page).unwrap()).await;
    login.end().await.ended_with(0);
    let ran = home.run(&["status", "goto"]).await.ended_with(0).showed(&["default", "reception"]);
    assert_eq!(ran.out.lines().count(), 3);
}

#[tokio::test]
async fn the_json_is_for_scripts() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    let ran = home.run(&["status", "--json"]).await.ended_with(0);
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["version"], 1);
    let sign_in = &told["sign_ins"][0];
    let credentials = site.credentials();
    let expected = [
        ("provider", "goto"),
        ("account", "default"),
        ("client_id", credentials.id()),
        ("signed_in_as", "organizer@example.com"),
        ("state", "signed_in"),
    ];
    for (member, value) in expected {
        assert_eq!(sign_in[member], value, "{told}");
    }
    let time = |member: &str| sign_in[member].as_u64().unwrap();
    assert_eq!(time("refresh_token_due_at") - time("refresh_token_obtained_at"), 30 * 86_400);
    assert_eq!(time("access_token_expires_at") - time("refresh_token_obtained_at"), 3_600);
    assert!(sign_in["reason"].is_null() && ran.err.is_empty());
}

#[tokio::test]
async fn clients_of_their_own_need_no_sign_in() {
    let emulator = emulator::Emulator::builder().start().await.unwrap();
    let home = Home::of(emulator.site(emulator::Provider::GbgGo));
    home.run(&["status"]).await.ended_with(0).showed(&["gbg-go", "needs no sign-in"]);
    home.run(&["status", "--json"]).await.ended_with(0).showed(&["\"no_sign_in_needed\""]);
}

#[tokio::test]
async fn an_empty_configuration_is_no_failure() {
    let ran = Home::empty().run(&["status"]).await.ended_with(0);
    assert_eq!(ran.out, "");
    ran.told(&["Nothing is configured in", "tokenctl --help"]);
    let ran = Home::empty().run(&["status", "--json"]).await.ended_with(0);
    ran.showed(&["\"sign_ins\": []"]);
}

/// A record that the program did not write.
async fn keep(home: &Home, label: [&str; 3], state: State) {
    let [provider, client, account] = label;
    let mut entry = Entry::new(RefreshToken::new("r3fresh"));
    entry.label = Some(Label::new(provider, client, account));
    entry.state = state;
    let store = FileStore::new(home.store());
    store.compare_exchange(&StoreKey::of(label), None, entry).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_unreadable_record_fails_with_code_5() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    std::fs::write(home.records().pop().unwrap(), "{").unwrap();
    let ran =
        home.run(&["status"]).await.ended_with(5).showed(&["goto", "unreadable: the record cannot be read"]);
    assert!(!ran.out.contains("sign in again:"), "{}", ran.out);
    home.run(&["status", "--json"]).await.ended_with(5).showed(&["\"state\": \"unreadable\""]);
}

#[tokio::test]
async fn other_sign_ins_do_not_change_the_exit_code() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    keep(&home, ["gone", "me", "default"], State::Ended).await;
    keep(&home, ["goto", "me", "kitchen"], State::Ended).await;
    let ran = home.run(&["status"]).await.ended_with(0);
    ran.showed(&["gone", "kitchen", "sign in again: the provider ended it"]);
    home.run(&["status", "goto"]).await.ended_with(0);
}

#[tokio::test]
async fn an_unreachable_issuer_hides_no_other_sign_in() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.configure(
        "[providers.acme]\nissuer = \"http://127.0.0.1:1\"\nclient_id = \"me\"\nclient_auth = \"public\"\n",
    );
    home.sign_in(&site).await.ended_with(0);
    let ran = home.run(&["status"]).await.ended_with(6).showed(&["goto", "signed in\n", "unknown: "]);
    ran.told(&["acme: it is not known who is signed in", "tokenctl doctor acme"]);
    // The label of a record tells as much.
    keep(&home, ["acme", "me", "default"], State::Idle).await;
    let ran = home.run(&["status", "acme"]).await.ended_with(0).showed(&["signed in: "]);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    // An issuer in the environment is one as well.
    home.configure("[providers.acme]\nclient_id = \"me\"\nclient_auth = \"public\"\n");
    home.set("ACME_ISSUER", "http://127.0.0.1:1");
    home.run(&["status", "acme"]).await.ended_with(0).showed(&["signed in: "]);
    home.run(&["token", "acme"]).await.ended_with(6);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_shown_for_every_provider() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.set("AUTH_LAYER_STORE_KEY", "6b".repeat(32));
    home.set("GOTO_ACCOUNT", "sealed");
    home.sign_in(&site).await.ended_with(0);
    home.unset("AUTH_LAYER_STORE_KEY");
    home.unset("GOTO_ACCOUNT");
    for arguments in [&["status"][..], &["status", "goto"]] {
        home.run(arguments).await.ended_with(5).showed(&["cannot be read"]).told(&["cannot be read"]);
    }
}

#[tokio::test]
async fn a_provider_whose_configuration_is_wrong_has_a_row() {
    let home = Home::empty();
    home.configure("[providers.goto]\nvariant = \"unknown\"\nclient_id = \"x\"\n");
    let ran = home.run(&["status"]).await.ended_with(4).showed(&["goto", "unknown"]);
    let alone = home.run(&["status", "goto"]).await.ended_with(4);
    let why = alone.err.lines().next().unwrap().trim_start_matches("tokenctl: ");
    assert!(ran.err.contains(why), "{} is not in {}", why, ran.err);
}
