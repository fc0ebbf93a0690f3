//! `logout`: the end of a sign-in, at the provider and here.

use auth_layer::{SignIn, SignedOut, TokenStore};

use super::desk::Desk;
use super::interrupt::to_the_end;
use crate::config::Settings;
use crate::failure::Failure;
use crate::flags::Whose;
use crate::screen::{Colour, Screen};

pub(super) async fn run(whose: &Whose, settings: &Settings, screen: &Screen) -> Result<(), Failure> {
    let desk = Desk::open(whose, settings, |_| None).await?;
    let store = desk.store(settings)?;
    let key = desk.key(store.clone())?;
    // What cannot be read cannot be revoked either, and is not to be lost over a key that was forgotten.
    store.load(&key).await?;
    let sign_in = SignIn::builder(desk.profile.clone(), desk.credential.clone()).build()?;
    let (name, account) = (desk.provider.name(), &desk.account);
    let out = screen.err(Colour::Green, &format!("Signed out of {name}, account {account}."));
    match to_the_end(screen, sign_in.sign_out(&*store, &key)).await? {
        SignedOut::Revoked => {
            screen.say(format_args!("{out} The tokens are revoked there and deleted here."));
        }
        SignedOut::NobodyThere => {
            screen.say(format_args!("Nobody was signed in to {name}, account {account}."));
        }
        SignedOut::NotOffered => screen.say(format_args!(
            "{out} The tokens are deleted here. {name} offers no way to revoke them: what was copied elsewhere is good \
             until it ends by itself."
        )),
        SignedOut::NotRevoked(error) => {
            let problem = format!("the tokens are deleted here, but {name} did not revoke them: they may live on");
            return Err(Failure::caused(problem, error)
                .remedy(format!("take this application's permission back in your account at {name}")));
        }
        _ => screen.say(out),
    }
    Ok(())
}
