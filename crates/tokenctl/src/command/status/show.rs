//! The command: it shows the sign-ins as a table or as JSON, and ends with the verdict on them.

use auth_layer::Clock;
use auth_layer::clock::SystemClock;

use super::json::json;
use super::rows::rows;
use super::table::table;
use super::verdict::verdict;
use crate::config::Settings;
use crate::failure::Failure;
use crate::flags::Status;
use crate::screen::Screen;
use crate::store;

pub(in crate::command) async fn run(
    status: &Status,
    settings: &Settings,
    screen: &Screen,
) -> Result<(), Failure> {
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
