//! `status`: who is signed in, and until when.

mod rows;
mod sign_in;
mod table;

use auth_layer::Clock;
use auth_layer::clock::SystemClock;
use serde::Serialize;

use self::rows::rows;
use self::sign_in::Row;
use self::table::table;
use super::standing::Standing;
use crate::config::{Commands, Settings};
use crate::failure::{Failure, Kind};
use crate::flags::Status;
use crate::screen::Screen;
use crate::store;

pub(super) async fn run(status: &Status, settings: &Settings, screen: &Screen) -> Result<(), Failure> {
    let only = status.provider.as_deref();
    let store = store::open(settings)?;
    let now = SystemClock::new().now().wall();
    let rows = rows(only, settings, &store, now).await?;
    if status.json {
        screen.data(json(&rows)?)?;
    } else if rows.is_empty() {
        screen.say(format_args!(
            "Nothing is configured in {}, and the store has no sign-in. `tokenctl --help` shows an example.",
            settings.path().display()
        ));
    } else {
        screen.data(table(&rows, now, screen))?;
    }
    verdict(&rows, &settings.commands)
}

/// Returns the failure that has to be mended first. A sign-in that the configuration does not name is shown, but
/// changes nothing here unless it cannot be read.
fn verdict(rows: &[Row], commands: &Commands) -> Result<(), Failure> {
    let first = |wanted: &dyn Fn(&Row) -> bool| rows.iter().find(|row| wanted(row));
    if let Some(row) = first(&|row| row.standing == Standing::Unreadable) {
        let problem = format!("{}: the record of account {} cannot be read", row.provider, row.account);
        return Err(Failure::new(Kind::Store, problem).for_doctor(""));
    }
    if let Some(row) = first(&|row| row.configured && row.standing.needs_a_person()) {
        let why = row.reason.as_deref().map_or_else(String::new, |why| format!(": {why}"));
        let problem = format!("{}: account {} has to sign in{why}", row.provider, row.account);
        return Err(Failure::new(Kind::SignIn, problem).remedy(commands.about(
            "login",
            &row.provider,
            &row.account,
        )));
    }
    if let Some(row) = first(&|row| row.configured && row.standing == Standing::AnotherTokenUrl) {
        let why = row.reason.as_deref().unwrap_or_default();
        let problem =
            format!("{}: the sign-in of account {} cannot be used: {why}", row.provider, row.account);
        return Err(Failure::config(problem).for_doctor(&row.provider));
    }
    // A mistake in the configuration keeps every command from working. Trouble that may pass does not matter where a
    // record says who is signed in.
    let is_unknown = |row: &Row| row.trouble.is_some() && row.standing == Standing::Unknown;
    let broken = first(&|row| matches!(row.trouble, Some((Kind::Config, _)))).or_else(|| first(&is_unknown));
    let Some((row, (kind, why))) = broken.and_then(|row| Some((row, row.trouble.as_ref()?))) else {
        return Ok(());
    };
    let what =
        if is_unknown(row) { "it is not known who is signed in" } else { "the sign-in cannot be used" };
    Err(Failure::new(*kind, format!("{}: {what}: {why}", row.provider)).for_doctor(&row.provider))
}

fn json(rows: &[Row]) -> Result<Vec<u8>, Failure> {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u8,
        sign_ins: &'a [Row],
    }
    let document = Document { version: 1, sign_ins: rows };
    let mut text = serde_json::to_vec_pretty(&document)
        .map_err(|error| Failure::new(Kind::Failed, "the status cannot be written as JSON").because(error))?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use auth_layer::store::State;

    use super::json;
    use super::sign_in::tests::judged;

    #[test]
    fn the_json_has_its_members_and_no_token() {
        let row = judged(|entry| {
            entry.state = State::Ended;
            entry.last_error = Some("invalid_grant".into());
            entry.account = Some("jane@example.com".into());
            entry.scope = Some("collab: identity:".parse().unwrap());
        });
        let text = String::from_utf8(json(&[row]).unwrap()).unwrap();
        let expected = r#"{
  "version": 1,
  "sign_ins": [
    {
      "provider": "goto",
      "account": "default",
      "client_id": null,
      "signed_in_as": "jane@example.com",
      "scope": [
        "collab:",
        "identity:"
      ],
      "state": "sign_in_again",
      "reason": "the provider ended it (invalid_grant)",
      "access_token_expires_at": 100000600,
      "refresh_token_obtained_at": 99913600,
      "refresh_token_due_at": 102505600
    }
  ]
}
"#;
        assert_eq!(text, expected);
    }
}
