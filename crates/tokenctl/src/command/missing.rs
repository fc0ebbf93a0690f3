//! The failure of a command without a sign-in. It shows what was looked for, and the nearest record.

use auth_layer::FileStore;
use auth_layer::store::{Record, State, StoreError};

use super::desk::Desk;
use crate::failure::{Failure, Kind};
use crate::screen::printable;
use crate::shell::quote;

/// Makes the failure of `what` (`token` or `header`) where the store has no sign-in. It shows what was looked for and
/// where, and the most similar record with the command that uses it.
pub(super) async fn nothing_stored(desk: &Desk<'_>, store: &FileStore, what: &str) -> Failure {
    let name = desk.provider.name();
    let message = format!(
        "{name}: no sign-in is stored for client {}, account {}, any scope, in {}",
        printable(desk.credential.id()),
        printable(&desk.account),
        store.folder().display()
    );
    let failure = Failure::new(Kind::SignIn, message);
    let login = desk.login();
    match nearest(desk, store).await {
        Ok(Some(nearest)) => failure.remedy(format!(
            "the nearest sign-in there: {}\n{}\nto sign in: {login}",
            nearest.words(),
            nearest.command(desk, what)
        )),
        Ok(None) => failure.remedy(format!("there is no other sign-in of {name}\nto sign in: {login}")),
        Err(error) => failure.because(error).remedy(format!("sign in: {login}")),
    }
}

/// A record of the same provider.
struct Nearest {
    record: Record,
    client: String,
    account: String,
    is_same_client: bool,
    is_same_account: bool,
}

/// Finds the most similar record: one of the same client first, then one of the same account, and good ones before
/// those that have ended.
async fn nearest(desk: &Desk<'_>, store: &FileStore) -> Result<Option<Nearest>, StoreError> {
    let found = store.list().await?.into_iter().filter_map(|(_, record)| {
        // A record that cannot be read does not say whose it is.
        let record = record.ok().filter(|record| !record.entry.is_taken_over())?;
        let label = record.entry.label.clone().filter(|label| label.provider == desk.provider.name())?;
        Some(Nearest {
            is_same_client: label.client == desk.credential.id(),
            is_same_account: label.subject == desk.account,
            client: label.client,
            account: label.subject,
            record,
        })
    });
    Ok(found.max_by_key(|near| {
        (near.is_same_client, near.is_same_account, near.record.entry.state != State::Ended)
    }))
}

impl Nearest {
    fn words(&self) -> String {
        let entry = &self.record.entry;
        let who = entry.account.as_deref().map_or_else(String::new, |who| format!(" ({})", printable(who)));
        let scope = entry.scope.as_ref().map(ToString::to_string).filter(|scope| !scope.is_empty());
        let scope = scope.map_or_else(String::new, |scope| format!(", scope {}", printable(&scope)));
        let ended = if entry.state == State::Ended { ", which has ended" } else { "" };
        format!("client {}, account {}{who}{scope}{ended}", printable(&self.client), printable(&self.account))
    }

    fn command(&self, desk: &Desk<'_>, what: &str) -> String {
        // Another program may have stored any text here, and this text is made to be pasted into a shell.
        if [&self.client, &self.account].iter().any(|text| text.contains(char::is_control)) {
            return "its client or account has a control character, so no command is shown".to_owned();
        }
        let command = desk.commands.about(what, desk.provider.name(), &self.account);
        match (self.is_same_client, self.is_same_account) {
            (true, false) => format!("to use it: {command}"),
            (false, _) => {
                let variable = desk.provider.variable_name("CLIENT_ID");
                format!("to use it: {variable}={} {command}", quote(&self.client))
            }
            // The label is the same and the key is not: a program that asks for a scope or a resource of its own keeps
            // it.
            (true, true) => {
                "a program that asks for a scope or a resource of its own keeps it; this command cannot use it"
                    .to_owned()
            }
        }
    }
}
