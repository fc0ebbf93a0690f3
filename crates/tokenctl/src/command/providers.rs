//! `providers`: the known providers, and what each needs.

use auth_profiles::Person;

use crate::failure::Failure;
use crate::screen::Screen;

pub(super) fn run(screen: &Screen) -> Result<(), Failure> {
    let mut text = String::new();
    for name in auth_profiles::names() {
        let Some(file) = auth_profiles::named(name) else { continue };
        let person = match file.environment().person() {
            Person::Required => "a person signs in",
            Person::Optional => "a person signs in, or the client has tokens of its own",
            Person::Never => "the client has tokens of its own",
        };
        text.push_str(&format!("{name:<12} {person}\n"));
        for input in file.inputs() {
            let default =
                input.default().map_or_else(String::new, |default| format!(" (default: {default})"));
            let (name, variable, meaning) = (input.name(), input.variable(), input.meaning());
            text.push_str(&format!("{:<12}   needs {name}, or {variable}: {meaning}{default}\n", ""));
        }
        for variant in file.variants() {
            text.push_str(&format!("{:<12}   variant {variant}\n", ""));
        }
    }
    screen.data(text.into_bytes())
}
