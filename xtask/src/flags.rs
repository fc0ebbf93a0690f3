//! The grammar of the command line.

use clap::{Args, Parser, Subcommand};

/// The workspace's own commands.
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
    about = "The workspace's own commands",
    long_about = None,
    arg_required_else_help = true
)]
pub struct Flags {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// One of the commands.
///
/// ```
/// use clap::Parser;
/// use xtask::flags::Flags;
///
/// assert!(Flags::try_parse_from(["xtask", "conjure"]).is_err());
/// ```
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Writes the generated part of every client crate from the documents under specs/
    Generate(Generate),
    /// Shows the main job on an emulator of all four providers (`cargo xtask demo --help` for its options)
    #[command(disable_help_flag = true)]
    Demo(Arguments),
    /// Runs every test of the workspace; what follows goes to `cargo test`
    #[command(disable_help_flag = true)]
    Test(Arguments),
    /// Fills in which test keeps which promise of docs/contract.md
    Contract {
        /// Compare with what is committed, show the difference and write nothing
        #[arg(long)]
        check: bool,
    },
    /// Feeds the parsers whatever a server may say, for a while (needs cargo-fuzz)
    Fuzz(Fuzz),
    /// Runs every benchmark and writes docs/performance.md; the machine ought to do nothing else meanwhile
    Bench {
        /// Take a tenth of the time, show the figures and write nothing
        #[arg(long)]
        quick: bool,
    },
    /// Tries the orders in which threads may meet in a token manager
    Model {
        /// Some seconds of it, as CI does
        #[arg(long)]
        short: bool,
    },
    /// Kills a process that renews a rotating refresh token, again and again, and shows what came of it
    Crash {
        /// How often, for a server that revokes what is sent twice and for one with a grace period
        #[arg(long, default_value_t = 200)]
        rounds: u32,
    },
    /// Runs a client for minutes against servers with faults, on the real clock, and prints how many calls failed
    Trials {
        /// How many seconds each trial takes; there are eleven, and two run at a time
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Checks sentences, names, lengths of files and imports against the rules of CONTRIBUTING.md
    Tidy,
    /// Runs the suites with everything logged, and looks for their secrets in all they put out
    Canary,
    /// Runs everything a machine can judge: format, generated code, licences, lints, documentation, tests, demo
    Ci,
}

/// Arguments that are handed on as they are.
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
    /// What is handed on
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
Exit codes: 0 all is up to date or was written, 1 with --check: something is stale, 2 failed.
Nothing is written unless every chosen client could be generated.")]
pub struct Generate {
    /// Compare with what is committed, show the difference and write nothing
    #[arg(long)]
    pub check: bool,

    /// Show the place of everything that the generator changed in a document
    #[arg(long)]
    pub places: bool,

    /// Only this provider: a profile or a crate of specs/manifest.toml; all if left out
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
    /// How long each target runs
    #[arg(long, default_value_t = 300)]
    pub seconds: u64,

    /// Only this target: a file of fuzz/fuzz_targets; all if left out
    pub target: Option<String>,
}
