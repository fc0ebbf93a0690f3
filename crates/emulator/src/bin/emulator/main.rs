//! Serves the four providers on loopback until Ctrl-C, and prints how to reach them.

mod arguments;
mod background;
mod print;

use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;

use emulator::{Emulator, Provider};
use futures_util::future::poll_immediate;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse_or_exit();
    let done = match arguments.env && !arguments.in_background {
        true => background::start(),
        false => serve(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        // If standard error is closed too, there is no other place for the message.
        let _ = writeln!(io::stderr(), "error: {error}");
        ExitCode::FAILURE
    })
}

#[tokio::main]
async fn serve(arguments: &Arguments) -> io::Result<()> {
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
    // A caller may send an interrupt as soon as it has read the first line, so the handler is installed before
    // anything is printed.
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    if let Some(interrupted) = poll_immediate(&mut interrupt).await {
        return interrupted;
    }
    match arguments.in_background {
        true => background::hand_over(&emulator)?,
        false => print::table(&emulator)?,
    }
    interrupt.await
}
