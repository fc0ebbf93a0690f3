//! The two forms in which the addresses and credentials are printed.

use std::io::{self, Write};

use emulator::{Emulator, Site};

/// Prints a table for people.
pub(crate) fn table(emulator: &Emulator) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for site in emulator.sites() {
        write_site(&mut out, site)?;
    }
    out.flush()
}

fn write_site(out: &mut impl Write, site: &Site) -> io::Result<()> {
    writeln!(out, "{}", site.provider())?;
    writeln!(out, "  {:<24}{}", "auth host", site.auth_url())?;
    writeln!(out, "  {:<24}{}", "API host", site.api_url())?;
    if let Some(url) = site.other_token_url() {
        writeln!(out, "  {:<24}{url}", "other token endpoint")?;
    }
    for (name, value) in site.environment() {
        writeln!(out, "  {name:<24}{value}")?;
    }
    writeln!(out)
}

/// Returns the lines by which a POSIX shell sets the environment of a client.
pub(crate) fn exports(emulator: &Emulator) -> String {
    let variables = emulator.sites().flat_map(Site::environment);
    variables.map(|(name, value)| export(name, &value)).collect()
}

/// Returns one such line. The value is in single quotes, so a shell expands nothing in it.
pub(crate) fn export(name: &str, value: &str) -> String {
    format!("export {name}='{}'\n", value.replace('\'', r"'\''"))
}
