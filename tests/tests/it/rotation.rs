//! A client's secret that is replaced while its service runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_layer::{ErrorKind, Secret};
use client_core::Builder;
use emulator::Site;
use journeys::{Failure, Fixture, GbgGo, Gotab, GotoAdmin, Octotable, Shape, Stage, once};

/// A provider's client that reads its secret from elsewhere.
trait Rotated: Fixture {
    fn from_file(builder: Builder<Self::Client>, site: &Site, path: &Path) -> Builder<Self::Client>;

    fn from_fn(
        builder: Builder<Self::Client>,
        site: &Site,
        ask: impl Fn() -> Result<Secret, auth_layer::BoxError> + Send + Sync + 'static,
    ) -> Builder<Self::Client>;
}

macro_rules! rotated {
    ($fixture:ty, $crate_name:ident) => {
        impl Rotated for $fixture {
            fn from_file(builder: Builder<Self::Client>, site: &Site, path: &Path) -> Builder<Self::Client> {
                builder.credentials($crate_name::Credentials::from_file(site.credentials().id(), path))
            }

            fn from_fn(
                builder: Builder<Self::Client>,
                site: &Site,
                ask: impl Fn() -> Result<Secret, auth_layer::BoxError> + Send + Sync + 'static,
            ) -> Builder<Self::Client> {
                builder.credentials($crate_name::Credentials::from_fn(site.credentials().id(), ask))
            }
        }
    };
}

rotated!(Gotab, gotab_client);
rotated!(GbgGo, gbg_go_client);
rotated!(Octotable, octotable_client);

impl Rotated for GotoAdmin {
    fn from_file(builder: Builder<Self::Client>, site: &Site, path: &Path) -> Builder<Self::Client> {
        let refresh_token = site.refresh_token().unwrap();
        let id = site.credentials();
        builder.credentials(goto_client::Credentials::from_file(id.id(), path, refresh_token))
    }

    fn from_fn(
        builder: Builder<Self::Client>,
        site: &Site,
        ask: impl Fn() -> Result<Secret, auth_layer::BoxError> + Send + Sync + 'static,
    ) -> Builder<Self::Client> {
        let refresh_token = site.refresh_token().unwrap();
        let id = site.credentials();
        builder.credentials(goto_client::Credentials::from_fn(id.id(), ask, refresh_token))
    }
}

macro_rules! suite {
    ($module:ident, $fixture:ty) => {
        mod $module {
            #[tokio::test]
            async fn a_rotated_secret_file_serves_without_a_restart() {
                super::a_rotated_secret_file_serves_without_a_restart::<$fixture>().await;
            }

            #[tokio::test]
            async fn a_secret_that_is_asked_for_serves_without_a_restart() {
                super::a_secret_that_is_asked_for_serves_without_a_restart::<$fixture>().await;
            }
        }
    };
}

suite!(gotab, journeys::Gotab);
suite!(goto, journeys::GotoAdmin);
suite!(gbg_go, journeys::GbgGo);
suite!(octotable, journeys::Octotable);

/// The longest time for which a failure is remembered, unless the secret changes.
const REMEMBERED: Duration = Duration::from_secs(5);

fn secret_file(folder: &tempfile::TempDir, secret: &str) -> PathBuf {
    let path = folder.path().join("secret");
    std::fs::write(&path, format!("{secret}\n")).unwrap();
    path
}

async fn a_rotated_secret_file_serves_without_a_restart<F: Rotated>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let folder = tempfile::tempdir().unwrap();
    let path = secret_file(&folder, site.credentials().secret());
    let client = F::from_file(stage.builder::<F>().stack(once), &site, &path).build().unwrap();
    F::call(&client).await.unwrap();

    // The provider has a new secret, and the file still has the old one.
    let new = site.regenerate_secret();
    stage.advance(F::LIFETIME);
    let failure = F::call(&client).await.unwrap_err();
    assert_eq!((failure.shape, failure.kind()), (Shape::Auth, Some(ErrorKind::Refused)));
    assert!(failure.text.contains("check the client id and secret that were given to"), "{}", failure.text);
    secret_file(&folder, new.secret());
    stage.advance(REMEMBERED);
    F::call(&client).await.unwrap();

    // A file that is missing for a moment is a transient failure.
    std::fs::remove_file(&path).unwrap();
    stage.advance(F::LIFETIME);
    let failure = F::call(&client).await.unwrap_err();
    assert_eq!((failure.kind(), failure.is_transient), (Some(ErrorKind::Secret), true));
    assert!(failure.text.contains(path.to_str().unwrap()) && !failure.text.contains(new.secret()));
    secret_file(&folder, new.secret());
    stage.advance(REMEMBERED);
    F::call(&client).await.unwrap();
}

async fn a_secret_that_is_asked_for_serves_without_a_restart<F: Rotated>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let known = Arc::new(Mutex::new(site.credentials().secret().to_owned()));
    let asked = known.clone();
    let ask = move || Ok(Secret::new(asked.lock().unwrap().clone()));
    let client = F::from_fn(stage.builder::<F>().stack(once), &site, ask).build().unwrap();
    let call = async || -> Result<(), Failure> { F::call(&client).await };
    call().await.unwrap();
    *known.lock().unwrap() = site.regenerate_secret().secret().to_owned();
    stage.advance(F::LIFETIME);
    call().await.unwrap();
    assert_eq!(site.counters().token_refused(), 0);
}
