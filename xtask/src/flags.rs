//! The commands and options of the command line.

use clap::{Args, Parser, Subcommand};

/// The command line of `cargo xtask`.
///
/// ```
/// use clap::Parser;
/// use xtask::flags::{Command, Flags};
///
/// let flags = Flags::try_parse_from(["xtask", "generate", "--check", "gotab"])?;
/// let Command::Generate(generate) = flags.command else { unreachable!() };
/// assert!(generate.check);
/// # Ok::<(), clap::Error>(())
/// ```
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Builds, checks and measures this workspace",
    long_about = None,
    arg_required_else_help = true
)]
pub struct Flags {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// A command with its options.
///
/// ```
/// use clap::Parser;
/// use xtask::flags::Flags;
///
/// assert!(Flags::try_parse_from(["xtask", "unknown"]).is_err());
/// ```
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Generates the client crates from the OpenAPI documents in specs/
    Generate(Generate),
    /// Runs the demo against an emulator of all four providers; `cargo xtask demo --help` lists its options
    // `--help` is passed on, because the demo has its own options.
    #[command(disable_help_flag = true)]
    Demo(Arguments),
    /// Runs every test of the workspace; further arguments are passed to `cargo test`
    // `--help` is passed on, and shows the options of `cargo test`.
    #[command(disable_help_flag = true)]
    Test(Arguments),
    /// Writes the names of the tests beside the promises in docs/contract.md
    Contract {
        /// Only compare with the file on disk: show the difference and write nothing
        #[arg(long)]
        check: bool,
    },
    /// Runs the fuzz targets: feeds random input to the parsers (needs cargo-fuzz)
    Fuzz(Fuzz),
    /// Runs every benchmark and writes docs/performance.md; run nothing else on the machine meanwhile
    Bench {
        /// Take a tenth of the time, print the figures and write nothing
        #[arg(long)]
        quick: bool,
    },
    /// Checks the token manager under many thread interleavings, with loom and shuttle
    Model {
        /// Check fewer interleavings, in some seconds, as CI does
        #[arg(long)]
        short: bool,
    },
    /// Kills a process repeatedly while it renews a rotating refresh token, and counts the sign-ins it costs
    Crash {
        /// Number of kills for each of two servers: one revokes a reused refresh token, one has a grace period
        #[arg(long, default_value_t = 200)]
        rounds: u32,
    },
    /// Runs a client on the real clock against servers with faults, and prints how many calls failed
    Trials {
        /// Seconds that each trial takes; there are eleven trials, and two run at a time
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Checks sentences, names, files, imports and lists against the rules of CONTRIBUTING.md
    Tidy {
        /// First write docs/public-items.txt and docs/profile-keys.md from the code
        #[arg(long)]
        write: bool,
    },
    /// Runs the test suites with all logging on, and fails if any of their secrets appears in the output
    Canary,
    /// Runs every automatic check: format, generated code, licences, lints, documentation, tests and more
    Ci,
}

/// Arguments that are passed on unchanged.
///
/// ```
/// use clap::Parser;
/// use xtask::flags::{Command, Flags};
///
/// let flags = Flags::try_parse_from(["xtask", "demo", "--live", "gotab"])?;
/// let Command::Demo(arguments) = flags.command else { unreachable!() };
/// assert_eq!(arguments.all, ["--live", "gotab"]);
/// # Ok::<(), clap::Error>(())
/// ```
#[derive(Args, Debug, Default)]
pub struct Arguments {
    /// Arguments that are passed on unchanged
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub all: Vec<String>,
}

/// The options of `generate`.
///
/// ```
/// let flags = xtask::flags::Generate { check: true, ..Default::default() };
/// assert!(flags.provider.is_none());
/// ```
#[derive(Args, Debug, Default)]
#[command(after_help = "\
Exit codes: 0 if all files are up to date or were written, 1 if --check found a difference, 2 if the command failed.
No file is written unless every chosen client can be generated.")]
pub struct Generate {
    /// Only compare with the files on disk: show the difference and write nothing
    #[arg(long)]
    pub check: bool,

    /// Print the JSON pointer of each place in a document that the generator changed
    #[arg(long)]
    pub places: bool,

    /// A profile or a crate of specs/manifest.toml; all of them if left out
    pub provider: Option<String>,
}

/// The options of `fuzz`.
///
/// ```
/// use clap::Parser;
/// use xtask::flags::{Command, Flags};
///
/// let flags = Flags::try_parse_from(["xtask", "fuzz", "--seconds", "30", "challenge"])?;
/// let Command::Fuzz(fuzz) = flags.command else { unreachable!() };
/// assert_eq!((fuzz.seconds, fuzz.target.as_deref()), (30, Some("challenge")));
/// # Ok::<(), clap::Error>(())
/// ```
#[derive(Args, Debug)]
pub struct Fuzz {
    /// Seconds that each target runs
    #[arg(long, default_value_t = 300)]
    pub seconds: u64,

    /// A target: the name of a file in fuzz/fuzz_targets; all of them if left out
    pub target: Option<String>,
}
