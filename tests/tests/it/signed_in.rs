//! A person signs in once, and services use the tokens in the store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use auth_layer::store::{Label, StoreKey};
use auth_layer::{Credential, ErrorKind, FileStore, Grant, Identity, Profile, SignIn};
use client_core::{Builder, DEFAULT_ACCOUNT, Provider as _};
use emulator::Site;
use goto_client::Credentials;
use journeys::{Fixture, Gotab, GotoAdmin, Stage, once, until, variable};

/// No server listens here. The test hands over the callback itself.
const REDIRECT_URL: &str = "http://127.0.0.1:9/callback";

const ONE_DAY: Duration = Duration::from_secs(86_400);

/// A person who signs in at a fixture's provider, and the service's store in a folder.
struct Person {
    site: Site,
    profile: Profile,
    store: FileStore,
}

impl Person {
    fn new<F: Fixture>(stage: &Stage, folder: &Path) -> Self {
        let site = stage.site::<F>();
        let profile = F::Client::profile()
            .with_token_url(&site.token_url())
            .and_then(|profile| profile.with_authorize_url(&site.authorize_url().expect("a sign-in page")))
            .unwrap();
        Self { site, profile, store: FileStore::with_clock(folder, stage.clock()) }
    }

    fn credential(&self) -> Credential {
        let known = self.site.credentials();
        Credential::new(known.id(), known.secret())
    }

    /// Returns the key under which a typed client looks for the tokens of an account.
    fn key(&self, account: &str) -> StoreKey {
        StoreKey::for_identity(&self.profile, self.credential().id(), &Grant::Stored, &Identity::new(account))
    }

    /// Signs in and presses "Allow", as a command line tool would have it done.
    async fn signs_in(&self, stage: &Stage, account: &str) {
        let sign_in =
            SignIn::builder(self.profile.clone(), self.credential()).clock(stage.clock()).build().unwrap();
        self.site.register_redirect_url(REDIRECT_URL);
        let authorization = sign_in.authorize(REDIRECT_URL, None).unwrap();
        let callback = self.site.approve(authorization.url()).expect("a request that the provider takes");
        let signed_in = sign_in.finish(authorization, &callback).await.unwrap();
        let label = Label::new(self.profile.name(), self.credential().id(), account);
        signed_in.keep(&self.store, &self.key(account), Some(label)).await.unwrap();
    }
}

/// Returns a client's builder whose environment is that of a site, without the variables of `without` and with those of
/// `with`.
fn from_env<F: Fixture>(stage: &Stage, without: &str, with: &[(&str, &str)]) -> Builder<F::Client> {
    let site = stage.site::<F>();
    let lookup = |name: &str| match with.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => Some((*value).to_owned()),
        None if name == without => None,
        None => variable(&site, name),
    };
    Builder::new().clock(stage.clock()).stack(once).variables(lookup).unwrap()
}

#[tokio::test]
async fn a_client_from_the_environment_finds_what_a_sign_in_left_in_the_store() {
    let stage = Stage::start().await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("store");
    let with = [("AUTH_LAYER_STORE", folder.to_str().unwrap())];
    let client = from_env::<GotoAdmin>(&stage, "GOTO_REFRESH_TOKEN", &with).build().unwrap();
    let failure = GotoAdmin::call(&client).await.unwrap_err();
    assert_eq!(failure.kind(), Some(ErrorKind::SignInAgain));
    assert!(failure.text.contains("run `tokenctl login goto`"), "{}", failure.text);
    let site = stage.site::<GotoAdmin>();
    assert_eq!(site.counters().token_requests, 0);

    let person = Person::new::<GotoAdmin>(&stage, &folder);
    person.signs_in(&stage, DEFAULT_ACCOUNT).await;
    stage.advance(Duration::from_secs(6));
    GotoAdmin::call(&client).await.unwrap();
    assert_eq!(site.counters().refreshes, 0, "the access token of the sign-in is still good");
    stage.advance(GotoAdmin::LIFETIME);
    GotoAdmin::call(&client).await.unwrap();
    assert_eq!(site.counters().refreshes, 1);
}

#[tokio::test]
async fn accounts_are_kept_apart_and_found_by_their_names() {
    let stage = Stage::start().await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("store");
    let person = Person::new::<GotoAdmin>(&stage, &folder);
    person.signs_in(&stage, "reception").await;
    let store = folder.to_str().unwrap();
    let known = [("AUTH_LAYER_STORE", store), ("GOTO_ACCOUNT", "reception")];
    let client = from_env::<GotoAdmin>(&stage, "GOTO_REFRESH_TOKEN", &known).build().unwrap();
    GotoAdmin::call(&client).await.unwrap();
    let unknown = [("AUTH_LAYER_STORE", store), ("GOTO_ACCOUNT", "kitchen")];
    let client = from_env::<GotoAdmin>(&stage, "GOTO_REFRESH_TOKEN", &unknown).build().unwrap();
    let failure = GotoAdmin::call(&client).await.unwrap_err();
    assert!(failure.text.contains("run `tokenctl login goto --account kitchen`"), "{}", failure.text);
}

#[tokio::test]
async fn a_refresh_token_from_the_environment_is_kept_where_a_store_is_named() {
    let stage = Stage::start().await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("store");
    let site = stage.site::<GotoAdmin>();
    site.set_refresh_token_mode(emulator::RefreshTokenMode::Rotate);
    let with = [("AUTH_LAYER_STORE", folder.to_str().unwrap())];
    for restarts in 1..=3 {
        // Each start gets the token of the first day, which was used up long ago.
        let first = from_env::<GotoAdmin>(&stage, "", &with);
        GotoAdmin::call(&first.build().unwrap()).await.unwrap();
        stage.advance(GotoAdmin::LIFETIME);
        assert_eq!((site.counters().rotations, site.counters().token_refused()), (restarts, 0));
        if restarts == 1 {
            assert_eq!(FileStore::new(&folder).list().await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_client_acts_as_a_gotab_user_who_signed_in() {
    let stage = Stage::start().await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("store");
    let key = "3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8=";
    let with = [
        ("AUTH_LAYER_STORE", folder.to_str().unwrap()),
        ("AUTH_LAYER_STORE_KEY", key),
        ("GOTAB_ACCOUNT", DEFAULT_ACCOUNT),
    ];
    let mut person = Person::new::<Gotab>(&stage, &folder);
    let sealing = auth_layer::SealingKey::from_text(key).unwrap();
    person.store = FileStore::builder(&folder).clock(stage.clock()).sealing_key(sealing).build();
    person.signs_in(&stage, DEFAULT_ACCOUNT).await;
    let client = from_env::<Gotab>(&stage, "", &with).build().unwrap();
    Gotab::call(&client).await.unwrap();
    stage.advance(Gotab::LIFETIME);
    Gotab::call(&client).await.unwrap();
    let counters = stage.site::<Gotab>().counters();
    assert_eq!((counters.refreshes, counters.token_refused()), (1, 0));
}

/// Three months of a service: hourly tokens, one refresh token until about day 30 and then the next, weeks without a
/// call, and restarts.
#[tokio::test]
async fn rf09_ninety_days_of_calls_silence_and_restarts_need_one_sign_in() {
    let stage = Stage::start().await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("store");
    let person = Person::new::<GotoAdmin>(&stage, &folder);
    person.signs_in(&stage, DEFAULT_ACCOUNT).await;
    let site = stage.site::<GotoAdmin>();
    let told = Arc::new(AtomicUsize::new(0));
    let start = || {
        let (told, credential) = (told.clone(), site.credentials());
        let client = stage
            .builder::<GotoAdmin>()
            .stack(once)
            .credentials(Credentials::signed_in(credential.id(), credential.secret(), DEFAULT_ACCOUNT))
            .store(Arc::new(FileStore::with_clock(&folder, stage.clock())))
            .on_sign_in_needed(move |_| {
                told.fetch_add(1, Ordering::Relaxed);
            })
            .build()
            .unwrap();
        GotoAdmin::manager(&client).keep_alive(ONE_DAY).unwrap();
        client
    };
    let mut client = start();
    let (mut calls, mut restarts) = (0, 0);
    for day in 0..90 {
        // There are restarts, one of them in a week without calls, and one after two days of downtime.
        if [7, 24, 40, 55, 75].contains(&day) {
            drop(client);
            if day == 40 {
                stage.advance(ONE_DAY * 2);
            }
            client = start();
            restarts += 1;
        }
        let silent = (14..35).contains(&day) || (60..74).contains(&day);
        if silent {
            let before = site.counters().refreshes;
            stage.advance(ONE_DAY);
            until("the day's renewal", || site.counters().refreshes > before).await;
            // A caller that asks while the renewal is in progress waits for its end.
            GotoAdmin::manager(&client).token().await.unwrap();
        } else {
            for _ in 0..24 {
                stage.advance(Duration::from_secs(3_600));
                GotoAdmin::call(&client).await.unwrap();
                calls += 1;
            }
        }
    }
    let counters = site.counters();
    assert_eq!((calls, restarts, told.load(Ordering::Relaxed)), (55 * 24, 5, 0));
    assert_eq!((counters.token_refused(), counters.codes_redeemed), (0, 1), "one sign-in");
    assert!((2..=4).contains(&counters.rotations), "{} rotations", counters.rotations);
}
