//! The verdict: the failure that decides the exit code of `status`.

use super::sign_in::Row;
use crate::command::standing::Standing;
use crate::config::Commands;
use crate::failure::{Failure, Kind};

/// Returns the failure that has to be mended first. A sign-in that the configuration does not name is shown, but
/// changes nothing here unless it cannot be read.
pub(super) fn verdict(rows: &[Row], commands: &Commands) -> Result<(), Failure> {
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
