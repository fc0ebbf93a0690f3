//! Runs the four providers on loopback until Ctrl-C, and tells how to reach them.

use std::io::{self, Write};
use std::pin::pin;

use clap::Parser;
use emulator::{Emulator, Site};
use futures_util::future::poll_immediate;

/// The four providers on loopback: GoTab, GoTo, GBG GO and Octotable.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// First of eight ports in a row; 0 takes free ones
    #[arg(long, default_value_t = 0)]
    port_base: u16,
    /// Prints only shell lines that set the environment of a client
    #[arg(long)]
    env: bool,
    /// Draws credentials from this seed instead of the fixed ones
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let builder = Emulator::builder().port_base(arguments.port_base);
    let builder = match arguments.seed {
        Some(seed) => builder.seed(seed),
        None => builder.fixed_credentials(),
    };
    let emulator = builder.start().await?;
    // Whoever reads the first line may interrupt at once, so listening comes before printing.
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    if let Some(interrupted) = poll_immediate(&mut interrupt).await {
        return interrupted;
    }
    let mut out = io::stdout().lock();
    for site in emulator.sites() {
        match arguments.env {
            true => write_exports(&mut out, site)?,
            false => write_table(&mut out, site)?,
        }
    }
    out.flush()?;
    drop(out);
    interrupt.await
}

fn write_table(out: &mut impl Write, site: &Site) -> io::Result<()> {
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

/// Lines that a shell can source.
fn write_exports(out: &mut impl Write, site: &Site) -> io::Result<()> {
    for (name, value) in site.environment() {
        writeln!(out, "export {name}='{}'", value.replace('\'', r"'\''"))?;
    }
    Ok(())
}
