//! Runs the four providers on loopback until Ctrl-C, and tells how to reach them.

use std::io::{self, Write};
use std::pin::pin;

use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use emulator::{Emulator, Provider, RefreshTokenMode, Site};
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
    /// What GoTo does with a refresh token that is redeemed
    #[arg(long, value_enum, value_name = "MODE", default_value_t = Mode::Same)]
    refresh_token_mode: Mode,
    /// With rotate-strict: for how long a refresh token may come again and get the same successor
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,
    /// Lets devices sign in at GoTo, which the real one does not
    #[arg(long)]
    device: bool,
    /// Registers one more URL to which a browser may be sent; GoTo takes any loopback URL besides
    #[arg(long, value_name = "URL")]
    redirect_url: Vec<String>,
    /// Accepts chunked token requests, token requests without a User-Agent, and POST, PUT and PATCH without a
    /// content-length; by default these are refused, as strict servers refuse them
    #[arg(long)]
    lenient: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// Repeats it, until its last day
    Same,
    /// Says nothing of it, and it stays good
    Absent,
    /// Replaces it
    Rotate,
    /// Replaces it, and revokes everything when the old one comes again
    RotateStrict,
}

impl Arguments {
    fn refresh_token_mode(&self) -> Result<RefreshTokenMode, clap::Error> {
        match (self.refresh_token_mode, self.grace) {
            (Mode::RotateStrict, Some(grace)) => {
                Ok(RefreshTokenMode::RotateWithGrace(Duration::from_secs(grace)))
            }
            (Mode::RotateStrict, None) => Ok(RefreshTokenMode::RotateStrict),
            (_, Some(_)) => {
                let message = "--grace needs --refresh-token-mode rotate-strict";
                Err(Self::command().error(ErrorKind::ArgumentConflict, message))
            }
            (Mode::Same, None) => Ok(RefreshTokenMode::Same),
            (Mode::Absent, None) => Ok(RefreshTokenMode::Absent),
            (Mode::Rotate, None) => Ok(RefreshTokenMode::Rotate),
        }
    }
}

impl Arguments {
    /// Refuses a redirect URL to which no browser comes back with an answer (RFC 6749 section 3.1.2). The error does not
    /// repeat it: it may hold a password.
    fn check_redirect_urls(&self) -> Result<(), clap::Error> {
        let problem = self.redirect_url.iter().find_map(|url| problem_of_redirect_url(url));
        problem.map_or(Ok(()), |problem| {
            let message = format!("--redirect-url {problem}");
            Err(Self::command().error(ErrorKind::ValueValidation, message))
        })
    }
}

fn problem_of_redirect_url(url: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = url.split_once(':').filter(|(scheme, _)| !scheme.is_empty()) else {
        return Some("must be absolute, such as https://app.example.com/callback");
    };
    let authority =
        rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let port = authority.and_then(|authority| authority.rsplit_once(':')).map(|(_, port)| port);
    let is_port = |port: &str| port.ends_with(']') || port.parse::<u16>().is_ok_and(|port| port > 0);
    match authority {
        _ if url.bytes().any(|byte| !byte.is_ascii_graphic()) => Some("has a character that no URL has"),
        _ if url.contains('#') => Some("must not have a fragment"),
        None | Some("") if ["http", "https"].contains(&scheme) => Some("has no host"),
        Some(authority) if authority.contains('@') => Some("must not name a user"),
        Some(_) if !port.is_none_or(is_port) => Some("has a port that is not a number from 1 to 65535"),
        _ => None,
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mode = arguments.refresh_token_mode().unwrap_or_else(|error| error.exit());
    arguments.check_redirect_urls().unwrap_or_else(|error| error.exit());
    let builder = Emulator::builder().port_base(arguments.port_base);
    let builder = match arguments.seed {
        Some(seed) => builder.seed(seed),
        None => builder.fixed_credentials(),
    };
    let builder = if arguments.lenient { builder.lenient() } else { builder };
    let emulator = builder.start().await?;
    let goto = emulator.site(Provider::GoTo);
    goto.set_refresh_token_mode(mode);
    goto.offer_device_sign_in(arguments.device);
    for (site, url) in
        emulator.sites().flat_map(|site| arguments.redirect_url.iter().map(move |url| (site, url)))
    {
        site.register_redirect_url(url);
    }
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
